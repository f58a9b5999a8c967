"""The structs of iptables' matches and targets, in the words of iptables-save.

One module a theme, each with its tables by name and revision; `words` is the table of tables.
"""
