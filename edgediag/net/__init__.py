"""Everything that opens a descriptor, behind small seams."""
