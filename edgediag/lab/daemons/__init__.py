"""Real servers beside the embedded ones: strongSwan, libreswan, chrony, dnsmasq and nginx."""
