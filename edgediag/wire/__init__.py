"""Headers, capture files and packet filters; the only importer of scapy's layers."""
