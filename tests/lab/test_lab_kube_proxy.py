"""The rules of many Services: as many as asked, each whole, in kube-proxy's words."""

import pytest

from edgediag.lab.kube_proxy import MAX_SERVICES, RULES_OF_A_SERVICE, restore_text

COMMON_RULES = 3


def rules(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("-A ")]


def chains(text: str) -> list[str]:
    return [line[1:].split()[0] for line in text.splitlines() if line.startswith(":")]


SAID = '-m comment --comment "default/web-0:http'
PORTAL = f'-d 10.96.0.10/32 -p tcp {SAID} cluster IP" -m tcp --dport 80'


def test_the_rules_of_one_service() -> None:
    service, one, other = chains(restore_text(1))[-3:]
    ours = [rule for rule in rules(restore_text(1)) if "web-0" in rule]
    assert ours == [
        f"-A KUBE-SERVICES {PORTAL} -j {service}",
        f"-A {service} ! -s 10.244.0.0/16 {PORTAL} -j KUBE-MARK-MASQ",
        f'-A {service} {SAID} -> 10.244.128.0:8080" -m statistic --mode random'
        f" --probability 0.50000000000 -j {one}",
        f'-A {one} -s 10.244.128.0/32 {SAID}" -j KUBE-MARK-MASQ',
        f'-A {one} -p tcp {SAID}" -m tcp -j DNAT --to-destination 10.244.128.0:8080',
        f'-A {service} {SAID} -> 10.244.128.1:8080" -j {other}',
        f'-A {other} -s 10.244.128.1/32 {SAID}" -j KUBE-MARK-MASQ',
        f'-A {other} -p tcp {SAID}" -m tcp -j DNAT --to-destination 10.244.128.1:8080',
    ]


@pytest.mark.parametrize("services", [1, 100, MAX_SERVICES])
def test_as_many_rules_as_asked(services: int) -> None:
    text = restore_text(services)
    assert len(rules(text)) == services * RULES_OF_A_SERVICE + COMMON_RULES
    assert len(set(chains(text))) == len(chains(text))


def test_what_is_jumped_to_is_there() -> None:
    text = restore_text(50)
    targets = {rule.split(" -j ")[1].split()[0] for rule in rules(text)}
    assert targets - {"MARK", "DNAT"} <= set(chains(text))
