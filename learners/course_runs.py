"""What accounts hold in course runs: enrollments and roles, written for many at a time."""

import logging
from collections.abc import Collection, Mapping

from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from opaque_keys.edx.keys import CourseKey

from learners.constants import CourseMode, CourseRole
from learners.models import CourseAccessRole, CourseEnrollment

logger = logging.getLogger(__name__)

UPGRADED_MODES = (CourseMode.AUDIT, CourseMode.HONOR)


def enroll_in_course_runs(is_active_by_place: Mapping[tuple[int, CourseKey], bool]) -> dict[tuple[int, CourseKey], int]:
    """Give accounts a course enrollment of mode `masters` in course runs, active or not (contract section 4.2).

    An existing one is reused: `audit` and `honor` become `masters`, any other mode is kept and logged.
    Takes and returns {(user id, course key): ...}: whether active; the course enrollment's id.
    Runs in the caller's transaction, which holds the accounts' locks.
    """
    places = sorted(is_active_by_place, key=lambda place: (place[0], str(place[1])))
    CourseEnrollment.objects.bulk_create(
        [
            CourseEnrollment(
                user_id=user_id, course_key=key, mode=CourseMode.MASTERS, is_active=is_active_by_place[user_id, key]
            )
            for user_id, key in places
        ],
        ignore_conflicts=True,
    )
    held = {
        (enrollment.user_id, enrollment.course_key): enrollment
        for enrollment in CourseEnrollment.objects.select_for_update(no_key=True)
        .filter(user_id__in={user_id for user_id, _ in places}, course_key__in={key for _, key in places})
        .order_by("user_id", "course_key")
        if (enrollment.user_id, enrollment.course_key) in is_active_by_place
    }
    for enrollment in held.values():
        if enrollment.mode not in {CourseMode.MASTERS, *UPGRADED_MODES}:
            logger.warning("Course enrollment %s keeps its mode %s.", enrollment.pk, enrollment.mode)
    for is_active in (True, False):
        wanted = [held[place].pk for place in places if is_active_by_place[place] is is_active]
        CourseEnrollment.objects.filter(pk__in=wanted).exclude(~Q(mode__in=UPGRADED_MODES), is_active=is_active).update(
            mode=Case(When(mode__in=UPGRADED_MODES, then=Value(CourseMode.MASTERS)), default=F("mode")),
            is_active=is_active,
            modified=timezone.now(),
        )
    return {place: held[place].pk for place in places}


def withdraw_from_course_runs(course_enrollment_ids: Collection[int]) -> None:
    """Deactivate course enrollments and set them to `audit`: their account was linked by mistake (section 7)."""
    CourseEnrollment.objects.filter(pk__in=course_enrollment_ids).update(
        mode=CourseMode.AUDIT, is_active=False, modified=timezone.now()
    )


def put_back_course_enrollments(states: Mapping[tuple[int, CourseKey], tuple[str, bool]]) -> None:
    """Give accounts' course enrollments back what `list_course_enrollments` told of them before they became `masters`.

    One that has been given another mode since stays. Runs in the caller's transaction, which holds the accounts' locks.
    """
    changed = []
    for enrollment in CourseEnrollment.objects.filter(
        user_id__in={user_id for user_id, _ in states}, course_key__in={key for _, key in states}
    ):
        state = states.get((enrollment.user_id, enrollment.course_key))
        if state and enrollment.mode in {state[0], CourseMode.MASTERS}:
            enrollment.mode, enrollment.is_active = state
            enrollment.modified = timezone.now()
            changed.append(enrollment)
    CourseEnrollment.objects.bulk_update(changed, ["mode", "is_active", "modified"])


def grant_course_roles(places: Collection[tuple[int, CourseKey]]) -> None:
    """Make accounts course staff at places, (user id, course key); those who are remain so."""
    CourseAccessRole.objects.bulk_create(
        [
            CourseAccessRole(user_id=user_id, course_key=key, role=CourseRole.STAFF)
            for user_id, key in sorted(places, key=lambda place: (place[0], str(place[1])))
        ],
        ignore_conflicts=True,
    )


def revoke_course_roles(places: Collection[tuple[int, CourseKey]]) -> None:
    """Let accounts be course staff no longer at places, (user id, course key)."""
    if not places:
        return
    at_places = Q()
    for user_id, key in places:
        at_places |= Q(user_id=user_id, course_key=key)
    CourseAccessRole.objects.filter(at_places, role=CourseRole.STAFF).delete()
