"""Pods, static ones in the kubelet's directory and cached ones: their arguments and images."""

from collections.abc import Iterator

from edgediag.discovery.arguments import facts_of_arguments
from edgediag.discovery.document import items_at, text_at, texts_at
from edgediag.discovery.images import region_of_image
from edgediag.discovery.reader import Reader
from edgediag.discovery.source_file import Said, SourceFile, names_in, said_by_documents

MANIFESTS = "/etc/kubernetes/manifests"
MAX_MANIFESTS = 16
_SUFFIXES = (".yaml", ".yml", ".json")


def said_by_manifests(reader: Reader) -> Iterator[Said]:
    """What the static pods of the node state.

    source  openyurt pkg/yurtadm/constants/constants.go (StaticPodPath, YurthubTemplate)
    """
    names, gaps = names_in(reader, MANIFESTS, MAX_MANIFESTS)
    yield from gaps
    for name in names:
        if name.endswith(_SUFFIXES) and not name.startswith("."):
            yield from said_by_documents(reader, f"{MANIFESTS}/{name}", said_by_pod)


def said_by_pod(file: SourceFile, pod: object) -> Iterator[Said]:
    """What the containers of a pod state: their arguments, and where their images are from."""
    if text_at(pod, "kind") != "Pod":
        return
    for number, container in enumerate(items_at(pod, "spec", "containers")):
        where = f"spec.containers[{number}]"
        command, arguments = texts_at(container, "command"), texts_at(container, "args")
        for name, value, flag in facts_of_arguments(command + arguments):
            yield file.states(name, value, f"{where} {flag}")
        region = region_of_image(text_at(container, "image"))
        if region is not None:
            yield file.states("region", region, f"{where}.image")
