"""What a dump of the kernel says, as the request that makes the same in another namespace."""
