"""The BPF programs that can drop a packet of this host, by id, name and place.

They are asked for where they can stand, not gone through one by one: a busy host has thousands.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final

from edgediag.host.bpf_programs import (
    CGROUP_ATTACHMENTS,
    LINK_INFO_OCTETS,
    PROGRAM_INFO_OCTETS,
    TCX_ATTACHMENTS,
    decode_ids,
    decode_name,
    decode_netfilter_link,
)
from edgediag.model.culprit import CgroupProgramObject, TcFilterObject
from edgediag.model.program import NetfilterProgram
from edgediag.net import bpf
from edgediag.net.cgroups import group_folders

# Linux, include/uapi/linux/bpf.h
_PROG_GET_FD_BY_ID: Final = 13
_OBJ_GET_INFO_BY_FD: Final = 15
_PROG_QUERY: Final = 16
_LINK_GET_FD_BY_ID: Final = 30
_LINK_GET_NEXT_ID: Final = 31
_QUERY_EFFECTIVE: Final = 1

# union bpf_attr for these commands; a query's ends with fields that stay zero.
_QUERY: Final = struct.Struct("=IIIIQI36x")
_QUERY_COUNT: Final = 24
_BY_ID: Final = struct.Struct("=III")
_NEXT: Final = 4
_INFO: Final = struct.Struct("=IIQ")

_MOST_PROGRAMS: Final = 256
_MOST_LINKS: Final = 1024
# Its kind is not known, or nothing of it is compiled in: no program can stand there.
_ABSENT: Final = frozenset({errno.EINVAL, errno.EOPNOTSUPP})


def read_cgroup_programs() -> tuple[CgroupProgramObject, ...]:
    """The programs that this process's packets and sockets meet, each kind in the order it runs.

    raises  OSError as the kernel's; ENOENT where no cgroup2 holds this process
    """
    folders = group_folders()
    return tuple(
        program
        for type_, attach in CGROUP_ATTACHMENTS.items()
        for program in _attached(folders, type_, attach)
    )


def read_tcx_programs(names: Mapping[int, str]) -> tuple[TcFilterObject, ...]:
    """The programs that stand on these devices without a queueing discipline, since Linux 6.6.

    Asked for by device: a link tells a number, which is another device's elsewhere.

    names   of the devices by index
    raises  OSError as the kernel's
    """
    return tuple(
        TcFilterObject(
            interface=name,
            direction=direction,
            classifier="tcx",
            preference=0,
            handle=program,
            name=program_name(program),
        )
        for index, name in names.items()
        for type_, direction in TCX_ATTACHMENTS.items()
        for program in _queried(index, type_)
    )


def read_netfilter_programs() -> tuple[NetfilterProgram, ...]:
    """The programs on hooks of netfilter, of all network namespaces: a link does not tell its own.

    raises  OSError as the kernel's; E2BIG where there are more links than are gone through
    """
    infos = (_info(descriptor, LINK_INFO_OCTETS) for descriptor in _links())
    found = (decode_netfilter_link(info, "") for info in infos)
    # Most links are of other types: their programs are not opened.
    return tuple(
        replace(item, name=program_name(item.program)) for item in found if item is not None
    )


@contextmanager
def opened(program: int) -> Iterator[int]:
    """A descriptor of a program, by its id.

    raises  OSError as the kernel's: EPERM without CAP_SYS_ADMIN, ENOENT where it is gone
    """
    descriptor = bpf.command(_PROG_GET_FD_BY_ID, _BY_ID.pack(program, 0, 0))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _attached(folders: Mapping[str, str], type_: int, attach: str) -> Iterator[CgroupProgramObject]:
    own, *_ = folders.values()
    met = _at_group(own, type_, _QUERY_EFFECTIVE)
    if not met:
        return
    groups = {
        program: group
        for group, folder in folders.items()
        for program in _at_group(folder, type_, 0)
    }
    for program in met:
        # What is attached above the groups that this process can see has no path here.
        group = groups.get(program, "")
        name = program_name(program)
        yield CgroupProgramObject(program=program, name=name, group=group, attach=attach)


def _at_group(folder: str, type_: int, flags: int) -> tuple[int, ...]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return _queried(descriptor, type_, flags)
    finally:
        os.close(descriptor)


def _queried(target: int, type_: int, flags: int = 0) -> tuple[int, ...]:
    ids = ctypes.create_string_buffer(4 * _MOST_PROGRAMS)
    packed = _QUERY.pack(target, type_, flags, 0, ctypes.addressof(ids), _MOST_PROGRAMS)
    attributes = ctypes.create_string_buffer(packed, len(packed))
    try:
        bpf.command(_PROG_QUERY, attributes)
    except OSError as error:
        if error.errno in _ABSENT:
            return ()
        raise
    count = int.from_bytes(attributes.raw[_QUERY_COUNT : _QUERY_COUNT + 4], "little")
    return decode_ids(ids.raw, count)


def _links() -> Iterator[int]:
    """A descriptor of each link, open until the next is asked for; OSError where they go on."""
    link = 0
    for _ in range(_MOST_LINKS):
        packed = _BY_ID.pack(link, 0, 0)
        attributes = ctypes.create_string_buffer(packed, len(packed))
        try:
            bpf.command(_LINK_GET_NEXT_ID, attributes)
        except OSError as error:
            # The last one was seen; or a kernel before 5.8, which has none on netfilter.
            if error.errno in {errno.ENOENT, errno.EINVAL}:
                return
            raise
        link = int.from_bytes(attributes.raw[_NEXT : _NEXT + 4], "little")
        with suppress(FileNotFoundError):
            descriptor = bpf.command(_LINK_GET_FD_BY_ID, _BY_ID.pack(link, 0, 0))
            try:
                yield descriptor
            finally:
                os.close(descriptor)
    raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))


def _info(descriptor: int, octets: int) -> bytes:
    info = ctypes.create_string_buffer(octets)
    bpf.command(_OBJ_GET_INFO_BY_FD, _INFO.pack(descriptor, octets, ctypes.addressof(info)))
    return info.raw


def program_name(program: int) -> str:
    """Its name, "" where it has none, is gone, or may not be opened: its id and place stand."""
    try:
        with opened(program) as descriptor:
            return decode_name(_info(descriptor, PROGRAM_INFO_OCTETS))
    except OSError:
        return ""
