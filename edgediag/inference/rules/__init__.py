"""All rules on the evidence of a flow, the decisive ones first.

Where several rules prove the same place, the verdict takes mechanism, segment and culprit from the
first of them in this order: what names an object stands before what only names a place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgediag.inference.rules import (
    accepted_on_path,
    all_dark,
    answer_not_delivered,
    answer_too_large,
    answered_another_way,
    answered_in_the_end,
    certificate_refused,
    cgroup_drops_answer,
    cgroup_refuses,
    clock_skew,
    conntrack_full,
    counted_loss,
    diverges_from_control,
    esp_one_way,
    explained_drop,
    foreign_source,
    forged_answer,
    forged_reset,
    form_refused_here,
    fragment_drop,
    hop_limit_too_small,
    hosts_override,
    http2_refused,
    icmp_from_host,
    icmp_from_router,
    ike_authentication,
    ike_refused,
    ike_unanswered,
    kernel_dropped,
    last_mile_silent,
    left_this_host,
    link_down,
    link_layer_answered,
    lost_at_egress,
    lost_at_ingress,
    neighbour_failed,
    neighbour_mistaken,
    never_left,
    next_hop_contested,
    octets_stopped,
    own_service,
    partial_path,
    rate_limit,
    rejected_here,
    reset_from_host,
    resolution_dropped,
    reverse_path,
    rewritten_here,
    route_refused,
    route_to_self,
    routing_loop,
    server_name_filtered,
    service_answer,
    service_unavailable,
    shape_filter,
    shared_limit,
    shared_loss,
    size_black_hole,
    source_port_filter,
    stale_entry,
    stream_fails,
    tcx_drops,
    traced_drop,
    translated_here,
    tunnel_in_overlay,
    xdp_drops,
    xfrm_blocks,
)
from edgediag.inference.shared_segment import Shared
from edgediag.model.evidence import FlowEvidence
from edgediag.model.host import HostState
from edgediag.model.verdict import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: evidence in, at most one finding out."""

    id: str
    judge: Callable[[FlowEvidence, HostState], Finding | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRule:
    """One rule on a whole run: what the walk of one check says of all that share its path."""

    id: str
    judge_run: Callable[[Sequence[FlowEvidence], HostState], tuple[Shared, ...]]


RULES: tuple[Rule, ...] = tuple(
    Rule(id=module.ID, judge=module.judge)
    for module in (
        link_down,
        route_refused,
        route_to_self,
        traced_drop,
        explained_drop,
        conntrack_full,
        own_service,
        answered_another_way,
        neighbour_mistaken,
        resolution_dropped,
        neighbour_failed,
        next_hop_contested,
        xfrm_blocks,
        kernel_dropped,
        lost_at_egress,
        lost_at_ingress,
        tcx_drops,
        reverse_path,
        cgroup_refuses,
        cgroup_drops_answer,
        translated_here,
        rejected_here,
        answer_not_delivered,
        link_layer_answered,
        never_left,
        routing_loop,
        icmp_from_router,
        icmp_from_host,
        forged_reset,
        reset_from_host,
        accepted_on_path,
        server_name_filtered,
        answer_too_large,
        octets_stopped,
        stream_fails,
        forged_answer,
        service_answer,
        partial_path,
        rate_limit,
        answered_in_the_end,
        diverges_from_control,
        all_dark,
        last_mile_silent,
        left_this_host,
    )
)

# A check that passes may fail in another form: as the tunnel will send it, or on another path; last
# what this node's own daemon meets there.
RULES_OF_FORMS: tuple[Rule, ...] = tuple(
    Rule(id=module.ID, judge=module.judge)
    for module in (
        form_refused_here,
        stale_entry,
        source_port_filter,
        shape_filter,
        size_black_hole,
        fragment_drop,
        partial_path,
        rate_limit,
        counted_loss,
        ike_unanswered,
        esp_one_way,
    )
)

# Where one of these holds, what came back, or did not, says nothing of the path or of the host
# that was meant: it alone is heard.
EXCLUSIVE: tuple[Rule, ...] = tuple(
    Rule(id=module.ID, judge=module.judge)
    for module in (
        hop_limit_too_small,
        hosts_override,
        rewritten_here,
        tunnel_in_overlay,
        xdp_drops,
        foreign_source,
    )
)

# For flows that an application would take for served.
RULES_WHERE_SERVED: tuple[Rule, ...] = tuple(
    Rule(id=module.ID, judge=module.judge)
    for module in (
        tunnel_in_overlay,
        accepted_on_path,
        clock_skew,
        certificate_refused,
        service_unavailable,
        http2_refused,
        ike_refused,
        ike_authentication,
    )
)

# The first that holds of a check that is served, or lost at times, says where it suffers.
RULES_OF_SEGMENTS: tuple[SegmentRule, ...] = tuple(
    SegmentRule(id=module.ID, judge_run=module.judge_run) for module in (shared_limit, shared_loss)
)

# For destinations on this very host, where "never left" is as it should be.
RULES_AT_HOME: tuple[Rule, ...] = tuple(
    Rule(id=module.ID, judge=module.judge)
    for module in (traced_drop, explained_drop, translated_here, own_service)
)
