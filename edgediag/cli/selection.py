"""--only and --skip: which rows of the matrix a run is about."""

from collections.abc import Sequence
from dataclasses import replace

from edgediag.errors import UsageError
from edgediag.model.endpoint import Matrix, Omitted, Target
from edgediag.stages.assignment import RESOLVER


def select(matrix: Matrix, *, only: Sequence[str], skip: Sequence[str]) -> Matrix:
    """The matrix with the rows that are wanted; resolvers stay, for names hang on them.

    only, skip  ids of checks or of endpoints
    raises      UsageError for an id that no row has, naming those there are
    """
    rows: tuple[Target | Omitted, ...] = (*matrix.targets, *matrix.omitted)
    known = {row.check for row in rows} | {row.endpoint for row in rows}
    for wanted in (*only, *skip):
        if wanted not in known:
            raise UsageError(
                f"no check or endpoint is called {wanted!a}; these are: {', '.join(sorted(known))}"
            )
    return replace(
        matrix,
        targets=tuple(row for row in matrix.targets if _is_wanted(row, only, skip)),
        omitted=tuple(row for row in matrix.omitted if _is_wanted(row, only, skip)),
    )


def _is_wanted(row: Target | Omitted, only: Sequence[str], skip: Sequence[str]) -> bool:
    names = {row.check, row.endpoint}
    if names & set(skip):
        return False
    return not only or bool(names & set(only)) or row.endpoint == RESOLVER
