"""Where a node keeps the authorities it trusts."""

from hypothesis import given
from hypothesis import strategies as st

from edgediag.discovery.trust import NOT_STATED, pem_in, read_anchors
from edgediag.model.answer import NotChecked
from node_files import Files

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


def test_the_first_file_that_has_any_counts() -> None:
    files = Files(
        {
            "/etc/kubernetes/pki/ca.crt": KEY,
            "/var/lib/yurthub/pki/ca.crt": PEM,
            "/etc/pki/tls/certs/ca-bundle.crt": f"# ACCV \u00e1\n{PEM}\n# more\n{PEM}",
        }
    )
    anchors = read_anchors(files, NOT_STATED)
    assert (anchors.stated, anchors.cluster, anchors.public) == (NOT_STATED, PEM, PEM + PEM)


def test_a_node_that_has_none_says_where_they_were_looked_for() -> None:
    anchors = read_anchors(Files({}), PEM)
    assert anchors.stated == PEM
    assert anchors.cluster == NotChecked(
        reason="no certificate in /etc/kubernetes/pki/ca.crt or /var/lib/yurthub/pki/ca.crt"
    )
    assert isinstance(anchors.public, NotChecked)


@given(st.text())
def test_any_text_is_certificates_or_none(text: str) -> None:
    found = pem_in(Files({"/ca": text}), "/ca")
    assert isinstance(found, NotChecked) or found.isascii()
