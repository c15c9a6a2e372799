"""Errors of grades."""

from grades.constants import GradeProblem


class GradeNotRead(Exception):
    """One learner's grade could not be read; `problem` is the sentence for whoever asked."""

    def __init__(self, problem: GradeProblem) -> None:
        super().__init__(problem)
        self.problem = problem
