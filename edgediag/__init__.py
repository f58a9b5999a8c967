"""edgediag: where the traffic of an edge node is blocked, and by what."""

__version__ = "0.1.0"
