"""Published strings of grades."""

from enum import StrEnum


class GradeProblem(StrEnum):
    """Why a learner's grade could not be read. Published: partners read these sentences in a grade's `error`."""

    UNKNOWN = "The grade could not be read: the learning platform does not know this learner in this course run."
    REFUSED = "The grade could not be read: the learning platform refused to answer."
    UNREACHABLE = "The grade could not be read: the learning platform could not be reached."
    TOO_SLOW = "The grade could not be read: the learning platform did not answer in time."
    FAULT = "The grade could not be read: the learning platform reported a fault."
    NOT_UNDERSTOOD = "The grade could not be read: the learning platform's answer was not understood."
