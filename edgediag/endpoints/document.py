"""Where the rows of the matrix are from, in the form an Endpoint's `source` carries."""

_DOCUMENT = (
    'Alibaba Cloud, ACK Edge, "Node and network device configuration for public network access"'
    " (as of 2026-03), https://www.alibabacloud.com/help/en/document_detail/2807630.html"
)

INBOUND = f"{_DOCUMENT}, inbound rules of the edge node"
OUTBOUND_INSTALLATION = f"{_DOCUMENT}, outbound rules, installation and upgrade"
OUTBOUND = f"{_DOCUMENT}, outbound rules"
