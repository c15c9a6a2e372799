"""Long work of commands, with a progress bar on terminals."""

from django.db.models import QuerySet
from tqdm import tqdm

from program_enrollments import api
from program_enrollments.models import ProgramEnrollment


def delete_with_progress(enrollments: QuerySet[ProgramEnrollment], *, spares_named: bool = False) -> api.DeletedCounts:
    """Delete program enrollments chunk by chunk, as `iter_deletions` does; return the counts."""
    total = api.DeletedCounts()
    with tqdm(total=enrollments.count(), unit=" enrollments", disable=None) as progress:
        for counts in api.iter_deletions(enrollments, spares_named=spares_named):
            total += counts
            progress.update(counts.program_enrollments + counts.spared)
    return total
