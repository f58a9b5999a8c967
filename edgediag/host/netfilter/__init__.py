"""Packet filters: nf_tables expressions, iptables-nft rules and the trace of a packet."""
