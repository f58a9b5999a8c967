"""What is known of the cluster before a packet is sent: from options, a config file, this node.

Every parser takes text and gives facts; text is not trusted, and no text makes a parser fail.
"""
