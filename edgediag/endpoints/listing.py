"""The matrix as lines to print: one row per check, whether it can be made or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edgediag.endpoints import ENDPOINTS
from edgediag.endpoints.naming import check_stem, host_name
from edgediag.model.endpoint import Direction, Endpoint, Matrix, Omitted, Target

_THIS_NODE: Final = "this node"
# Values that share an id agree in all that is read here: a test sees to it.
_ENDPOINT_OF: Final[Mapping[str, Endpoint]] = {endpoint.id: endpoint for endpoint in ENDPOINTS}
_PORT_OF: Final[Mapping[str, int]] = {
    check_stem(endpoint.id, port): port for endpoint in ENDPOINTS for port in endpoint.ports
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One line of the matrix; the fields are the columns of every format, in this order.

    protocol  "" where no packet is needed
    host      with {region} left in it where the region is not known
    port      None where the row has none, or where a fact would carry it
    phase     in the order of Phase
    omitted   why the row cannot be checked, "" where it can
    """

    check: str
    direction: str
    protocol: str
    host: str
    port: int | None
    phase: tuple[str, ...]
    required: bool
    purpose: str
    omitted: str


def matrix_rows(matrix: Matrix, region: str | None) -> tuple[MatrixRow, ...]:
    """Every row that applies, in the order of the matrix."""
    places = {id_: place for place, id_ in enumerate(_ENDPOINT_OF)}
    checks: list[Target | Omitted] = [*matrix.targets, *matrix.omitted]
    checks.sort(key=lambda check: places[check.endpoint])
    return tuple(_row(check, region) for check in checks)


def _row(check: Target | Omitted, region: str | None) -> MatrixRow:
    endpoint = _ENDPOINT_OF[check.endpoint]
    is_on_host = check.direction is Direction.ON_HOST
    if isinstance(check, Target):
        host, omitted, port = check.host or _THIS_NODE, "", check.port or None
    else:
        host, omitted = host_name(endpoint, region), check.because.reason
        port = _PORT_OF.get(check.check.partition("@")[0])
    return MatrixRow(
        check=check.check,
        direction=check.direction.value,
        protocol="" if is_on_host else endpoint.protocol.value,
        host=host,
        port=port,
        phase=tuple(phase.value for phase in endpoint.phases),
        required=check.is_required,
        purpose=check.purpose,
        omitted=omitted,
    )
