"""The host's own tables, decoded from what the kernel dumped; nothing here opens a descriptor."""
