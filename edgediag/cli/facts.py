"""`edgediag facts`: what was discovered about the cluster, and where each fact came from."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import click

from edgediag.cli.asking import with_objects
from edgediag.cli.facts_options import facts_options
from edgediag.discovery.cluster import discover
from edgediag.discovery.given import Given
from edgediag.discovery.node_certificates import node_certificates
from edgediag.inference.node_certificates import day
from edgediag.model.answer import NotChecked
from edgediag.model.cluster import ClusterFacts, Fact
from edgediag.model.node_certificate import NodeCertificate, Signer
from edgediag.model.statement import Conflict, Statement
from edgediag.net.clock import Clock, utc_timestamp
from edgediag.net.files import NodeFiles
from edgediag.report.escape import escaped

SCHEMA: Final = "edgediag.facts/1"

# Units of an age, the largest first, in seconds.
_UNITS: Final = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


@click.command("facts")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, and nothing else.")
@facts_options
def command(given: Given, is_json: bool) -> None:
    """Print what this node and what was stated say of the cluster, each with its source.

    Where sources differ, the one that holds and the others are shown. Nobody is asked but the API
    server, and with --root or --no-api not even it.
    """
    files = NodeFiles(root=given.root)
    facts = discover(files, with_objects(given))
    shown = map(certificate_fact, node_certificates(files, facts))
    facts = replace(facts, facts=(*facts.facts, *shown))
    now_s = Clock().now_s()
    click.echo(render_json(facts, now_s) if is_json else render_text(facts, now_s), nl=False)


def render_text(facts: ClusterFacts, now_s: float) -> str:
    """A paragraph for each kind of thing there is to say; no line is folded, so grep works."""
    parts = (
        ("FACTS", _fact_lines(facts, now_s)),
        ("CONFLICTS", (_conflict_line(conflict, now_s) for conflict in facts.conflicts)),
        ("NOTES", (f"  {warning}" for warning in facts.warnings)),
        ("NOT THERE", (f"  {path}" for path in facts.missing)),
    )
    written = ((title, [escaped(line) for line in lines]) for title, lines in parts)
    return "\n".join("\n".join((title, *lines, "")) for title, lines in written if lines)


def render_json(facts: ClusterFacts, now_s: float) -> str:
    """One object; a time is RFC 3339 and an age is seconds, both null where nothing says them."""
    document = {
        "schema": SCHEMA,
        "facts": [
            *(_object(statement, now_s) for statement in facts.statements),
            *(_plain(fact) for fact in _others(facts)),
        ],
        "conflicts": [
            {"kept": _object(item.kept, now_s), "other": _object(item.other, now_s)}
            for item in facts.conflicts
        ],
        "notes": [escaped(warning) for warning in facts.warnings],
        "missing": [escaped(path) for path in facts.missing],
    }
    return json.dumps(document, indent=2) + "\n"


def certificate_fact(certificate: NodeCertificate) -> Fact:
    """Whose a certificate is, when it is valid, and who signed it."""
    dates = f"{day(certificate.not_before_s)} to {day(certificate.not_after_s)}"
    signer = f"signed by {certificate.issuer or 'nobody'}"
    lineage = certificate.lineage
    kinship = (
        lineage.reason
        if isinstance(lineage, NotChecked)
        else f"{_SIGNERS[lineage.signer]} {lineage.authority_path}"
    )
    return Fact(
        name="certificate",
        value=f"{certificate.agent}: valid {dates}, {signer} ({kinship})",
        source=certificate.path,
    )


_SIGNERS: Final[Mapping[Signer, str]] = {
    Signer.AUTHORITY: "the authority in",
    Signer.OTHER_KEY: "with another key than the authority in",
    Signer.STRANGER: "who is not in",
}


def age_in_words(age_s: float) -> str:
    """An age in its two largest units: "3 h 12 min"; what is not past yet is "0 s"."""
    left, words = max(0, int(age_s)), []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"


def _fact_lines(facts: ClusterFacts, now_s: float) -> Iterator[str]:
    for statement in facts.statements:
        name = f"{statement.name} {statement.node}".rstrip()
        yield f"  {name}: {statement.value}"
        yield f"      {_source(statement, now_s)}"
    for fact in _others(facts):
        yield f"  {fact.name}: {fact.value}"
        yield f"      {fact.source}"


def _conflict_line(conflict: Conflict, now_s: float) -> str:
    kept, other = conflict.kept, conflict.other
    return (
        f"  {kept.name}: {kept.value} holds ({_source(kept, now_s)}), not {other.value}"
        f" ({_source(other, now_s)})"
    )


def _source(statement: Statement, now_s: float) -> str:
    if statement.written_s is None:
        return statement.source
    return f"{statement.source}, {age_in_words(now_s - statement.written_s)} old"


def _others(facts: ClusterFacts) -> tuple[Fact, ...]:
    """The facts that have one source only and are not weighed: resolvers, hosts entries."""
    weighed = {(item.name, item.source) for item in facts.statements}
    return tuple(fact for fact in facts.facts if (fact.name, fact.source) not in weighed)


def _object(statement: Statement, now_s: float) -> dict[str, str | int | None]:
    written_s = statement.written_s
    return {
        "name": statement.name,
        "node": statement.node or None,
        "value": escaped(statement.value),
        "source": escaped(statement.path),
        "where": escaped(statement.where) or None,
        "written": None if written_s is None else utc_timestamp(written_s),
        "age_s": None if written_s is None else max(0, int(now_s - written_s)),
    }


def _plain(fact: Fact) -> dict[str, str | int | None]:
    statement = Statement(
        name=fact.name, node="", value=fact.value, path=fact.source, where="", written_s=None
    )
    return _object(statement, 0.0)
