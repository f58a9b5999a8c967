"""Frames into the receive path of a device, as if its wire had brought them (Linux 5.18).

BPF_PROG_TEST_RUN with live frames: a program that passes everything, attached to nothing, hands one
frame up, and then everything is real: the chains at the device, conntrack, routing, the socket.
The frame is a real packet and may be forwarded: whoever sends one chooses its addresses with care.
"""

import ctypes
import errno
import os
import struct
from typing import Final

from edgediag.host.bpf_code import returning
from edgediag.net import bpf
from edgediag.net.closing import Closing

_PROG_TEST_RUN: Final = 10
_PROG_TYPE_XDP: Final = 6
_XDP_PASS: Final = 2
_TEST_XDP_LIVE_FRAMES: Final = 1 << 1
# union bpf_attr for BPF_PROG_TEST_RUN: prog_fd, retval, sizes and addresses of data in and out,
# repeat, duration, sizes and addresses of the context in and out, flags, cpu, batch_size.
_TEST_RUN: Final = struct.Struct("=IIIIQQIIIIQQIIIxxxx")
# struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex.
_CONTEXT: Final = struct.Struct("=6I")
_LOOPBACK_INDEX: Final = 1


class LiveFrames(Closing):
    """A loaded program that hands frames up; `close` takes it out of the kernel.

    raises  OSError as the kernel's: EPERM without CAP_BPF and CAP_NET_ADMIN
    """

    def __init__(self) -> None:
        program = bpf.Program(
            type_=_PROG_TYPE_XDP, instructions=returning(_XDP_PASS), name=b"edgediag_pass"
        )
        self._descriptor = bpf.load(program)

    def close(self) -> None:
        """Take the program out of the kernel."""
        os.close(self._descriptor)

    def receive(self, frame: bytes, index: int) -> None:
        """Let one frame come in by the device with this index.

        raises  OSError as the kernel's: ENODEV where there is no such device, EINVAL before
                Linux 5.18, and for lo, where such frames are not what lo itself brings
        """
        if index == _LOOPBACK_INDEX:
            raise OSError(errno.EINVAL, "frames are not put into lo")
        data = ctypes.create_string_buffer(frame, len(frame))
        context = ctypes.create_string_buffer(_CONTEXT.pack(0, len(frame), 0, index, 0, 0))
        sizes = (len(frame), 0, ctypes.addressof(data), 0)
        contexts = (_CONTEXT.size, 0, ctypes.addressof(context), 0)
        once = (1, 0)
        flags = (_TEST_XDP_LIVE_FRAMES, 0, 0)
        bpf.command(
            _PROG_TEST_RUN, _TEST_RUN.pack(self._descriptor, 0, *sizes, *once, *contexts, *flags)
        )
