"""The lines that the matrix is printed as."""

from edgediag.endpoints.listing import MatrixRow, matrix_rows
from edgediag.model.answer import NotChecked
from edgediag.model.endpoint import Direction, Matrix, Omitted, ProbeKind, Target
from edgediag.model.flow import Protocol

TUNNEL = Target(
    check="raven-tunnel-4500@gw.example.com",
    endpoint="raven-tunnel",
    purpose="tunnel",
    direction=Direction.OUTBOUND,
    is_required=True,
    protocol=Protocol.UDP,
    host="gw.example.com",
    address=None,
    port=4500,
    kinds=(ProbeKind.IKE_SA_INIT,),
)
TOOLS = Target(
    check="system-tools",
    endpoint="system-tools",
    purpose="tools",
    direction=Direction.ON_HOST,
    is_required=True,
    protocol=Protocol.TCP,
    host="",
    address=None,
    port=0,
    kinds=(),
)
REGISTRY = Omitted(
    check="cs-anony-region-80",
    endpoint="cs-anony-region",
    purpose="control plane",
    direction=Direction.OUTBOUND,
    is_required=True,
    because=NotChecked(reason="cluster version is not known; give --k8s-version"),
)


def test_rows_stand_in_the_order_of_the_matrix_whether_checked_or_not() -> None:
    matrix = Matrix(targets=(TUNNEL, TOOLS), omitted=(REGISTRY,), not_applicable=())
    assert matrix_rows(matrix, "cn-heyuan") == (
        MatrixRow(
            check="system-tools",
            direction="on-host",
            protocol="",
            host="this node",
            port=None,
            phase=("install",),
            required=True,
            purpose="tools",
            omitted="",
        ),
        MatrixRow(
            check="cs-anony-region-80",
            direction="outbound",
            protocol="tcp",
            host="cs-anony.cn-heyuan.aliyuncs.com",
            port=80,
            phase=("install", "run"),
            required=True,
            purpose="control plane",
            omitted="cluster version is not known; give --k8s-version",
        ),
        MatrixRow(
            check="raven-tunnel-4500@gw.example.com",
            direction="outbound",
            protocol="udp",
            host="gw.example.com",
            port=4500,
            phase=("install", "run"),
            required=True,
            purpose="tunnel",
            omitted="",
        ),
    )
