"""A raw netlink socket: requests, dumps and transactions, each answered by a value."""

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from edgediag.host.messages import (
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_DUMP_INTR,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    Acknowledgement,
    Message,
    acknowledgement,
    errno_name,
    join_message,
    split_messages,
)
from edgediag.net.closing import Closing

NETLINK_ROUTE: Final = 0
NETLINK_NETFILTER: Final = 12

_SO_SNDBUFFORCE: Final = 32
_SO_RCVBUFFORCE: Final = 33
_SOL_NETLINK: Final = 270
_NETLINK_ADD_MEMBERSHIP: Final = 1
_NETLINK_CAP_ACK: Final = 10
_NETLINK_EXT_ACK: Final = 11
_NETLINK_GET_STRICT_CHK: Final = 12

# The kernel sizes the datagrams of a dump by the reader's buffer; below 32 KiB long chains
# take three times as long (measured with 50,000 rules).
_BUFFER_OCTETS: Final = 256 * 1024
_ANSWER_TIMEOUT_S: Final = 2
_DUMP_TRIES: Final = 5
# Some 100 octets each: far below the send buffer, and as many refusals fit the reader's.
_CHANGES_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The kernel did not do what was asked; `text` is its own explanation, or ""."""

    errno_name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """A dumped table; `is_torn` when it kept changing under every try to read it."""

    messages: tuple[Message, ...]
    is_torn: bool


class NetlinkSocket(Closing):
    """One netlink socket; opening it may raise OSError, nothing else here does."""

    def __init__(self, protocol: int, *, group: int | None = None) -> None:
        flags = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        self._socket = socket.socket(socket.AF_NETLINK, flags, protocol)
        try:
            self._socket.bind((0, 0))
            self._set_options(group)
        except OSError:
            self._socket.close()
            raise
        self._sequence = 0
        self.is_strict = _try_option(self._socket, _SOL_NETLINK, _NETLINK_GET_STRICT_CHK)

    def fileno(self) -> int:
        """The descriptor, for poll."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket; the kernel takes down what it owns."""
        self._socket.close()

    def request(self, type_: int, payload: bytes) -> Message | Refusal:
        """The one message that answers a question."""
        sequence = self._send(type_, payload, NLM_F_REQUEST)
        if isinstance(sequence, Refusal):
            return sequence
        answer = self._collect(sequence, is_dump=False)
        if isinstance(answer, Refusal):
            return answer
        return answer.messages[0] if answer.messages else Refusal(errno_name="ENOMSG", text="")

    def confirm(self, type_: int, payload: bytes) -> Refusal | None:
        """None where the kernel agrees to what a message says, else why it does not."""
        sequence = self._send(type_, payload, NLM_F_REQUEST | NLM_F_ACK)
        if isinstance(sequence, Refusal):
            return sequence
        answer = self._collect(sequence, is_dump=False)
        return answer if isinstance(answer, Refusal) else None

    def dump(self, type_: int, payload: bytes) -> Dump | Refusal:
        """A whole table, read again where it changed meanwhile; the last try may be torn."""
        dump: Dump | Refusal = Dump(messages=(), is_torn=True)
        for _ in range(_DUMP_TRIES):
            sequence = self._send(type_, payload, NLM_F_REQUEST | NLM_F_DUMP)
            if isinstance(sequence, Refusal):
                return sequence
            dump = self._collect(sequence, is_dump=True)
            if isinstance(dump, Refusal) or not dump.is_torn:
                break
        return dump

    def transact(self, messages: Sequence[Message]) -> Refusal | None:
        """Send messages as one datagram and wait for the word on the last but one.

        messages  numbered here; the outermost two are the batch's brackets, of which the
                  kernel acknowledges neither (nfnetlink_rcv_batch)
        """
        first = self._sequence + 1
        self._sequence += len(messages)
        numbered = (replace(each, sequence=n) for n, each in enumerate(messages, start=first))
        octets = b"".join(join_message(each) for each in numbered)
        # What does not fit the send buffer is refused whole; the kernel counts its own overhead.
        size = 4 * len(octets) + _BUFFER_OCTETS
        _try_option(self._socket, socket.SOL_SOCKET, _SO_SNDBUFFORCE, value=size)
        refusal = self._send_octets(octets)
        return refusal if refusal is not None else self._verdict_on(first, self._sequence - 1)

    def apply(self, messages: Sequence[Message]) -> dict[int, Refusal] | Refusal:
        """Make each change by itself; what was refused, by its place.

        A Refusal where the kernel did not answer: then nothing is known of the changes.
        """
        refused: dict[int, Refusal] = {}
        for begin in range(0, len(messages), _CHANGES_AT_ONCE):
            several = messages[begin : begin + _CHANGES_AT_ONCE]
            first = self._sequence + 1
            self._sequence += len(several)
            # The kernel speaks of what it refuses, and of the last.
            flags = [NLM_F_REQUEST] * (len(several) - 1) + [NLM_F_REQUEST | NLM_F_ACK]
            numbered = (
                replace(each, sequence=n, flags=each.flags | flag)
                for n, (each, flag) in enumerate(zip(several, flags, strict=True), start=first)
            )
            octets = b"".join(join_message(each) for each in numbered)
            unsent = self._send_octets(octets)
            answered = unsent or self._refusals(first, self._sequence)
            if isinstance(answered, Refusal):
                return answered
            refused |= {begin + number - first: why for number, why in answered.items()}
        return refused

    def receive(self) -> tuple[Message, ...] | Refusal:
        """The messages of the next datagram, waited for no longer than an answer."""
        try:
            return split_messages(self._socket.recv(_BUFFER_OCTETS))
        except BlockingIOError:
            return Refusal(errno_name="ETIMEDOUT", text="")
        except OSError as error:
            return Refusal(errno_name=errno_name(error.errno or 0), text="")

    def _set_options(self, group: int | None) -> None:
        limit = struct.pack("ll", _ANSWER_TIMEOUT_S, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        if group is not None:
            size = 16 * _BUFFER_OCTETS
            _try_option(self._socket, socket.SOL_SOCKET, _SO_RCVBUFFORCE, value=size)
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_ADD_MEMBERSHIP, group)
        _try_option(self._socket, _SOL_NETLINK, _NETLINK_CAP_ACK)
        _try_option(self._socket, _SOL_NETLINK, _NETLINK_EXT_ACK)

    def _send(self, type_: int, payload: bytes, flags: int) -> int | Refusal:
        self._sequence += 1
        message = Message(type_=type_, flags=flags, sequence=self._sequence, payload=payload)
        return self._send_octets(join_message(message)) or self._sequence

    def _send_octets(self, octets: bytes) -> Refusal | None:
        try:
            self._socket.sendto(octets, (0, 0))
        except OSError as error:
            return Refusal(errno_name=errno_name(error.errno or 0), text="")
        return None

    def _collect(self, sequence: int, *, is_dump: bool) -> Dump | Refusal:
        # Ends: the kernel sends to this socket only what it asked for, and recv() times out.
        found: list[Message] = []
        is_torn = False
        while is_dump or not found:
            received = self.receive()
            if isinstance(received, Refusal):
                return received
            for message in received:
                if message.sequence != sequence:
                    continue
                is_torn = is_torn or bool(message.flags & NLM_F_DUMP_INTR)
                if message.type_ in (NLMSG_ERROR, NLMSG_DONE):
                    end = _refusal(acknowledgement(message))
                    return end or Dump(messages=tuple(found), is_torn=is_torn)
                found.append(message)
        return Dump(messages=tuple(found), is_torn=is_torn)

    def _verdict_on(self, first: int, last: int) -> Refusal | None:
        while True:
            received = self.receive()
            if isinstance(received, Refusal):
                return received
            for message in received:
                if not first <= message.sequence <= last:
                    continue
                refusal = _refusal(acknowledgement(message))
                if refusal is not None or message.sequence == last:
                    return refusal

    def _refusals(self, first: int, last: int) -> dict[int, Refusal] | Refusal:
        """What the kernel refused of a stretch of requests; it speaks of the last in any case."""
        found: dict[int, Refusal] = {}
        while True:
            received = self.receive()
            if isinstance(received, Refusal):
                return received
            for message in received:
                refusal = _refusal(acknowledgement(message))
                if refusal is not None and first <= message.sequence <= last:
                    found[message.sequence] = refusal
                if message.sequence == last:
                    return found


def _refusal(answer: Acknowledgement | None) -> Refusal | None:
    if answer is None or answer.errno_ == 0:
        return None
    return Refusal(errno_name=errno_name(answer.errno_), text=answer.text)


def _try_option(netlink: socket.socket, level: int, option: int, *, value: int = 1) -> bool:
    try:
        netlink.setsockopt(level, option, value)
    except OSError:
        return False
    return True
