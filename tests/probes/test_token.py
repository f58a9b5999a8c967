"""What is cut and derived from a token."""

from edgediag.probes.token import derived_octets, token_octets


def test_a_token_has_its_highest_octet_first() -> None:
    assert token_octets(0x0123456789ABCDEF) == bytes.fromhex("0123456789abcdef")


def test_derived_octets_follow_from_the_token_alone() -> None:
    # SHAKE256 (FIPS 202 §6.2) over the label and the token.
    assert derived_octets(1, label="a", count=8) == bytes.fromhex("8fb8d6d4c6dfb02d")


def test_another_label_or_token_makes_other_octets() -> None:
    made = {derived_octets(token, label=label, count=16) for token in (1, 2) for label in "ab"}
    assert len(made) == 4
