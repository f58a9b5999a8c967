"""What is known while one rule is evaluated, and what would have to be asked first."""

from collections.abc import Mapping

from edgediag.host.walk.needs import Answer, Need


class Inquiry:
    """The answers so far; a question without one is noted, and the rule evaluated again later.

    missing  the questions that came up without an answer
    """

    def __init__(self, answers: Mapping[Need, Answer]) -> None:
        self._answers = answers
        self.missing: list[Need] = []

    def look_up(self, need: Need) -> Answer | None:
        """The answer, None where it has not been asked for yet."""
        answer = self._answers.get(need)
        if answer is None:
            self.missing.append(need)
        return answer
