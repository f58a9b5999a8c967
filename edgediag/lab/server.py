"""`python -m edgediag.lab.server PREFIX`: all services of a lab, each in its node, in one process.

A socket stays in the namespace that it was opened in, wherever the process is by then. The process
waits for the word "go" on standard input, so that whoever started it has written its number down
before it opens anything; if the starter dies first, it ends too. It says "ready" when all its
sockets listen.
"""

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import Mapping
from itertools import product
from typing import TypeAlias

from edgediag.lab import namespace
from edgediag.lab.certificates import Certificate
from edgediag.lab.services import control
from edgediag.lab.services.catalog import LOOPBACK, SERVICES, TRUSTED_MODES, Kind, Mode, Service
from edgediag.lab.services.datagram import ANSWERS, open_datagram
from edgediag.lab.services.stream import open_stream
from edgediag.lab.state import certificate, control_socket

Contexts: TypeAlias = Mapping[Mode, ssl.SSLContext]


class Node:
    """The services of one node and the mode each is in."""

    def __init__(
        self, name: str, services: tuple[Service, ...], tls: Mapping[Kind, Contexts]
    ) -> None:
        self._namespace = name
        self._services = {service.name: service for service in services}
        self._tls = tls
        self._modes = {service.name: Mode.DOWN for service in services}
        self._sockets: dict[str, list[socket.socket]] = {name: [] for name in self._services}

    def change(self, changes: Mapping[str, str]) -> dict[str, str]:
        """All modes by service, after the changes."""
        with namespace.entered(self._namespace):
            for name, mode in changes.items():
                self._close(name)
                self._open(self._services[name], Mode(mode))
        return {name: mode.value for name, mode in self._modes.items()}

    def _open(self, service: Service, mode: Mode) -> None:
        self._modes[service.name] = mode
        if mode is Mode.DOWN:
            return
        sockets = self._sockets[service.name]
        addresses = (LOOPBACK,) if mode is Mode.LOOPBACK else service.addresses
        for address, port in product(addresses, service.ports):
            if service.kind in ANSWERS:
                sockets.append(open_datagram(service.kind, mode, address, port))
            if service.kind is Kind.DNS or service.kind not in ANSWERS:
                tls = self._tls.get(service.kind, {})
                sockets.append(open_stream(service.kind, mode, address, port, tls=tls))

    def _close(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        for sock in self._sockets[name]:
            loop.remove_reader(sock)
            sock.close()
        self._sockets[name].clear()


def main(prefix: str) -> None:
    """Serve until killed."""
    if sys.stdin.readline() != "go\n":
        return
    asyncio.run(_serve(prefix))


async def _serve(prefix: str) -> None:
    made = certificate()
    tls = {Kind.TLS: _tls_contexts(made), Kind.HTTP2: _http2_contexts(made)}
    orders = [await _serve_node(prefix, name, tls) for name in SERVICES]
    os.write(1, b"ready\n")
    os.dup2(2, 1)
    await asyncio.gather(*(order.serve_forever() for order in orders))


async def _serve_node(
    prefix: str, name: str, tls: Mapping[Kind, Contexts]
) -> asyncio.AbstractServer:
    """Its services serve; what the server returned takes are orders that change them."""
    node = Node(f"{prefix}-{name}", SERVICES[name], tls)
    node.change({service.name: service.at_first.value for service in SERVICES[name]})
    return await control.listen(control_socket(prefix, name), node.change)


def _tls_contexts(certificate: Certificate) -> dict[Mode, ssl.SSLContext]:
    """By the mode of the service, each with the certificate that the mode shows."""
    chains = {**certificate.faulty, Mode.NORMAL: certificate.chain}
    for mode in TRUSTED_MODES:
        chains[mode] = certificate.chain
    contexts = {}
    for mode, chain in chains.items():
        contexts[mode] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[mode].load_cert_chain(chain, certificate.key)
    return contexts


def _http2_contexts(certificate: Certificate) -> dict[Mode, ssl.SSLContext]:
    """The same, choosing HTTP/2 where a client offers it, but in the one mode that has none."""
    contexts = _tls_contexts(certificate)
    for mode, context in contexts.items():
        if mode is not Mode.NO_HTTP2:
            context.set_alpn_protocols(["h2"])
    return contexts


if __name__ == "__main__":
    main(*sys.argv[1:])
