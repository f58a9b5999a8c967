"""A ring buffer of BPF, mapped: what programs put in is taken out in its order.

source  Linux, kernel/bpf/ringbuf.c: a page of the consumer's, a page of the producer's, the data
"""

import mmap
import os
import struct
from collections.abc import Iterator
from typing import Final

from edgediag.net import bpf

# With what loading a program takes it stays below 64 KiB, all that kernels before 5.11 let a
# process lock in memory. 204 records of 72 octets fit in.
RING_PAGES: Final = 4

_POSITION: Final = struct.Struct("=Q")
_HEADER: Final = struct.Struct("=II")
_BUSY: Final = 1 << 31
_DISCARDED: Final = 1 << 30
_LENGTH: Final = _DISCARDED - 1
_ALIGNED: Final = 8


class EventRing:
    """A ring that is open; closing it gives its memory back."""

    def __init__(self) -> None:
        self.octets = RING_PAGES * mmap.PAGESIZE
        self.descriptor = bpf.create_ring(self.octets)
        try:
            # The consumer alone writes its page; the kernel refuses to have the others written.
            self._consumer = mmap.mmap(self.descriptor, mmap.PAGESIZE)
            self._data = mmap.mmap(
                self.descriptor,
                mmap.PAGESIZE + 2 * self.octets,
                prot=mmap.PROT_READ,
                offset=mmap.PAGESIZE,
            )
        except (OSError, ValueError):
            os.close(self.descriptor)
            raise

    def close(self) -> None:
        """Give the memory back."""
        self._consumer.close()
        self._data.close()
        os.close(self.descriptor)

    def take(self) -> Iterator[bytes]:
        """The records that are complete, oldest first; each is taken out as it is given."""
        at, end = self._position(self._consumer), self._position(self._data)
        while at < end:
            place = mmap.PAGESIZE + at % self.octets
            length, _ = _HEADER.unpack_from(self._data, place)
            if length & _BUSY:
                return
            octets = length & _LENGTH
            begin = place + _HEADER.size
            record = self._data[begin : begin + octets]
            at += -(-(octets + _HEADER.size) // _ALIGNED) * _ALIGNED
            _POSITION.pack_into(self._consumer, 0, at)
            if not length & _DISCARDED:
                yield record

    def _position(self, page: mmap.mmap) -> int:
        return int(_POSITION.unpack_from(page)[0])
