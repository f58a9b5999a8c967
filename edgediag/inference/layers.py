"""The checks of a run, layer by layer: which fails first, and what is not judged because of it.

source  the order in which Raven's parts lean on each other: raven pkg/engine/engine.go (the proxy
        before the tunnel), pkg/networkengine (IPsec before raven0); for the rest, who asks whom
"""

from collections.abc import Mapping, Sequence
from typing import Final

from edgediag.endpoints.forward_proxy import BLOB_HOST, TOKEN_SERVICE
from edgediag.model.endpoint import HostSource
from edgediag.model.layer import LayerReport, LayerState
from edgediag.model.report import CheckReport
from edgediag.model.verdict import Mechanism, RootCause, Status

_CLOCK: Final = "clock"
_LINK: Final = "link and route"
_NAMES: Final = "names"
_CLOUD: Final = "TCP and TLS to the cloud"
_API: Final = "API server and this node's hub"
_IMAGES: Final = "images"
_CONTROL: Final = "Raven's control"
_PROXY: Final = "Raven's proxy"
_PORT: Final = "UDP 4500"
_IKE: Final = "IKE SA"
_CHILD: Final = "child SA"
_ESP: Final = "ESP"
_SIZE: Final = "size of ESP"
_RAVEN0: Final = "raven0"
_FLANNEL: Final = "flannel"
_POLICY: Final = "host policy"
_PODS: Final = "pod to pod"

LAYERS: Final = (
    *(_CLOCK, _LINK, _NAMES, _CLOUD, _API, _IMAGES, _CONTROL, _PROXY, _PORT),
    *(_IKE, _CHILD, _ESP, _SIZE, _RAVEN0, _FLANNEL, _POLICY, _PODS),
)

_BY_ENDPOINT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("ntp-aliyun", "ntp-cn-pool"), _CLOCK),
    **dict.fromkeys(("resolver", "resolver-tcp", "resolver-upstream"), _NAMES),
    **dict.fromkeys(("oss", "cs-anony", "cs-anony-region", "package-source"), _CLOUD),
    HostSource.API_SERVER.value: _API,
    **dict.fromkeys(("dockerauth", "dockerauth-ee", "registry"), _IMAGES),
    **dict.fromkeys((TOKEN_SERVICE, BLOB_HOST), _IMAGES),
    HostSource.RAVEN_PROXY.value: _PROXY,
    HostSource.TUNNEL_SERVER.value: _PROXY,
    HostSource.RAVEN_TUNNEL.value: _PORT,
    "raven-vxlan": _RAVEN0,
    "flannel-vxlan": _FLANNEL,
}

# What these rules say of a row is said of a layer above, or below, the one that its packets test.
_BY_RULE: Final[Mapping[str, str]] = {
    "raven-certificate": _CONTROL,
    **dict.fromkeys(("ike-authentication", "ike-daemon-gone", "wireguard-unanswered"), _IKE),
    **dict.fromkeys(("ipsec-differs", "wireguard-differs", "wireguard-unready"), _CHILD),
    **dict.fromkeys(("esp-one-way", "xfrm-counter-rose"), _ESP),
    **dict.fromkeys(("fragment-drop", "size-black-hole"), _SIZE),
    **dict.fromkeys(("raven-unready", "raven-set-differs", "raven-strict"), _RAVEN0),
    **dict.fromkeys(("raven-masquerade", "raven-mark-overtaken"), _POLICY),
    **dict.fromkeys(("pods-not-forwarded", "pods-closed-off"), _POLICY),
    "pods-unanswered": _PODS,
}
_OF_THE_TUNNEL: Final = (HostSource.RAVEN_TUNNEL.value, HostSource.RAVEN_PROXY.value)
_OF_OVERLAYS: Final = ("raven-vxlan", "flannel-vxlan")

_OF_LINKS: Final = (
    Mechanism.LINK_DOWN,
    Mechanism.NO_ROUTE,
    Mechanism.BLACKHOLE_ROUTE,
    Mechanism.PROHIBIT_ROUTE,
    Mechanism.UNREACHABLE_ROUTE,
    Mechanism.NEIGHBOUR_FAILED,
    Mechanism.WRONG_SOURCE,
)
_FAULTS: Final = (Status.BLOCKED, Status.DEGRADED, Status.UNDETERMINED)
NOTHING: Final = "nothing of this run speaks of it"


def layers_of(
    checks: Sequence[CheckReport], causes: Sequence[RootCause]
) -> tuple[LayerReport, ...]:
    """Every layer from below; () for a run without rows of the matrix.

    Above the first layer that fails only what fails by a cause of its own is called failed.
    """
    if not any(check.endpoint in _BY_ENDPOINT for check in checks):
        return ()
    found: list[LayerReport] = []
    for name in LAYERS:
        found.append(_judged(name, checks, (found, causes)))
    return tuple(found)


def is_stopped(layers: Sequence[LayerReport]) -> bool:
    """True if a layer fails."""
    return any(layer.state is LayerState.FAILED for layer in layers)


def _judged(
    name: str,
    checks: Sequence[CheckReport],
    before: tuple[Sequence[LayerReport], Sequence[RootCause]],
) -> LayerReport:
    below, causes = before
    failing = [item for item in checks if item.status in _FAULTS and _layer_of(item) == name]
    passing = [item for item in checks if _passes(item, name)]
    first = next((layer for layer in below if layer.state is LayerState.FAILED), None)
    hard = [item for item in failing if item.status is Status.BLOCKED and not _is_soft(item)]
    own = [item for item in hard if first is None or not _shares(item, below, causes)]
    ids = tuple(item.id for item in (failing or passing))
    if own:
        return _layer(name, LayerState.FAILED, tuple(item.id for item in own))
    if first is not None and failing:
        return _layer(name, LayerState.NOT_JUDGED, ids, f"{first.name} failed")
    if failing:
        return _layer(name, LayerState.IMPAIRED, ids)
    if passing:
        return _layer(name, LayerState.OK, ids)
    reason = NOTHING if first is None else f"{first.name} failed below it, and {NOTHING}"
    return _layer(name, LayerState.NOT_JUDGED, (), reason)


def _layer(
    name: str, state: LayerState, checks: tuple[str, ...], reason: str = ""
) -> LayerReport:
    return LayerReport(name=name, state=state, checks=checks, reason=reason)


def _layer_of(check: CheckReport) -> str | None:
    """The layer that a failing check's verdict is about."""
    layer = _BY_ENDPOINT.get(check.endpoint)
    if check.verdict is None or layer is None:
        return layer
    if check.verdict.mechanism in _OF_LINKS:
        return _LINK
    rule = next((id_.rpartition("/")[2] for id_ in check.verdict.because), "")
    is_layered = check.endpoint in (*_OF_THE_TUNNEL, *_OF_OVERLAYS)
    return _BY_RULE.get(rule, layer) if is_layered else layer


def _passes(check: CheckReport, name: str) -> bool:
    """True if a check shows that a layer works; every packet that is answered shows the link."""
    if name == _LINK:
        return check.status is Status.OK and check.flow is not None
    if _BY_ENDPOINT.get(check.endpoint) != name:
        return False
    # A rule of a layer above speaks only where the row's own packets are answered.
    is_above = check.status in _FAULTS and LAYERS.index(_layer_of(check) or name) > LAYERS.index(
        name
    )
    return check.status is Status.OK or is_above


def _is_soft(check: CheckReport) -> bool:
    """True for a time server that is not reached: the clock may be right all the same."""
    is_of_clock = _BY_ENDPOINT.get(check.endpoint) == _CLOCK
    mechanism = None if check.verdict is None else check.verdict.mechanism
    return is_of_clock and mechanism is not Mechanism.CLOCK_SKEW


def _shares(
    check: CheckReport, below: Sequence[LayerReport], causes: Sequence[RootCause]
) -> bool:
    """True if what blocks a check blocks one of a layer below that failed."""
    lower = {
        id_ for layer in below if layer.state is LayerState.FAILED for id_ in layer.checks
    }
    return any(check.id in cause.explains and lower & set(cause.explains) for cause in causes)
