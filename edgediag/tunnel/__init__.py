"""The tunnel beyond its first answer: its daemons' words, its overlays, its idle mappings."""
