"""The network in a box: an edge site, its way to the cloud and the cloud, in network namespaces."""
