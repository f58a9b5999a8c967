"""The lab's services: what answers in the cloud, on the peer and on the edge node."""
