"""The wire of a dry run: everything is written down, nothing is sent."""

from edgediag.compat import assert_never
from edgediag.model.answer import NotChecked
from edgediag.model.exchange import Action, CloseStream, Event, OpenStream, SendDatagram, SendPacket
from edgediag.model.flow import Flow
from edgediag.model.tunnel import NOT_LISTENED, TunnelTraffic


class DryWire:
    """Plays a wire for `Loop`; `lines` holds what would have been sent, in the order sent."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def execute(self, action: Action) -> tuple[Event, ...]:
        """Write the action down."""
        match action:
            case SendPacket(packet=packet):
                self.lines.append(f"{action.way.value:13} {_said(packet.flow)}")
            case SendDatagram(flow=flow):
                octets = len(action.payload)
                self.lines.append(f"kernel-socket {_said(flow)}, {octets} octets")
            case OpenStream(flow=flow):
                self.lines.append(f"kernel-socket {_said(flow)}, connect, then {_then(action)}")
            case CloseStream():
                pass
            case _:
                assert_never(action)
        return ()

    def wait(self, timeout_s: float) -> tuple[Event, ...]:
        """Nothing ever happens."""
        return ()

    def dropped(self) -> int:
        """Nothing is lost."""
        return 0

    def close(self) -> None:
        """Nothing is open."""


class DryListening:
    """In a dry run nobody listens either."""

    def conclude(self) -> TunnelTraffic | NotChecked:
        """Nothing was heard."""
        return NOT_LISTENED


def _said(flow: Flow) -> str:
    return (
        f"{flow.protocol.value} {flow.source} port {flow.source_port} -> "
        f"{flow.destination} port {flow.destination_port}"
    )


def _then(action: OpenStream) -> str:
    return f"{len(action.payload)} octets" if action.payload else "close"
