"""The rules of one chain out of what was dumped."""

from hypothesis import given
from hypothesis import strategies as st

from edgediag.host.attributes import attribute, big32, string
from edgediag.host.netfilter.chains import Backend, ChainName
from edgediag.host.netfilter.ip_header import Ends
from edgediag.host.netfilter.nft_chain import NftChain
from edgediag.host.netfilter.rule import decode_filter_rule

NAME = ChainName(backend=Backend.NFT, family="inet", table="t", chain="c")
UDP = Ends(version=4, source=None, destination=None, protocol=17)
TCP = Ends(version=4, source=None, destination=None, protocol=6)


def of_protocol(number: int) -> bytes:
    load = string(1, "meta") + attribute(2, big32(2, 16) + big32(1, 1))
    compared = big32(1, 1) + big32(2, 0) + attribute(3, attribute(1, bytes([number])))
    test = string(1, "cmp") + attribute(2, compared)
    return attribute(4, attribute(1, load) + attribute(1, test))


def rule(
    handle: int, expressions: bytes = b"", *, chain: str = "c", table: str = "t", family: int = 1
) -> bytes:
    names = string(1, table) + string(2, chain) + attribute(3, handle.to_bytes(8, "big"))
    return bytes([family, 0, 0, 0]) + names + expressions


DUMPED = (
    rule(1, of_protocol(17)),
    rule(2, chain="other"),
    rule(3, table="other"),
    rule(4, family=2),
    rule(5),
    bytes([1, 0, 0, 0]) + string(1, "t") + string(2, "c"),
    rule(6, of_protocol(6)),
)


def handles(chain: NftChain, ends: Ends | None) -> list[tuple[int, int]]:
    met = chain.met_by(ends)
    return [(number, each.handle) for number, each in zip(met.numbers, met.rules, strict=True)]


def test_rules_keep_their_numbers_where_others_are_passed_by() -> None:
    chain = NftChain(NAME, DUMPED)
    assert handles(chain, None) == [(1, 1), (2, 5), (3, 6)]
    assert handles(chain, UDP) == [(1, 1), (2, 5)]
    assert handles(chain, TCP) == [(2, 5), (3, 6)]


def test_what_is_asked_for_is_decoded_as_a_rule_by_itself() -> None:
    (first, *_) = NftChain(NAME, DUMPED).met_by(None).rules
    assert first == decode_filter_rule(DUMPED[0])


@given(st.lists(st.binary()), st.binary())
def test_any_dump_gives_a_chain_never_an_exception(dumped: list[bytes], rest: bytes) -> None:
    chain = NftChain(NAME, (*dumped, rule(1) + rest))
    assert len(chain.met_by(UDP).rules) <= len(chain.met_by(None).rules)
