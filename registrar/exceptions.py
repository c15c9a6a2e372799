"""What Registrar's API refuses besides what the enrollment rules do."""

from uuid import UUID


class RegistrarError(Exception):
    """Base of all refusals; its text is a sentence for the client."""


class InvalidRequest(RegistrarError):
    """A body or an uploaded file cannot be used; nothing was changed."""


class NotInService(RegistrarError):
    """There is no such program, organization, course run or job."""


class JobInProgress(RegistrarError):
    """An upload into the program is running already."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__("Job already in progress for program")
        self.job_id = job_id


class LinkRefused(RegistrarError):
    """A link to a file is forged or too old, or was made for somebody else."""
