"""Requests that race for the same learners (contract section 4): one wins, the other comes second."""

from collections import Counter
from datetime import date
from functools import partial
from threading import Event

import pytest
from django.core.mail import get_connection
from django.db import connection, transaction

from catalog.service import get_catalog
from learners.models import CourseEnrollment
from program_enrollments import api
from program_enrollments.constants import WriteAction
from program_enrollments.models import CourseNudge, ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import CurriculumFactory, ProgramFactory
from tests.factories.learners import RUN_KEY, IdentityFactory, UserFactory
from tests.factories.program_enrollments import ProgramEnrollmentFactory
from tests.live_service import wait_until
from tests.races import race

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8
KEYS = [f"student-{n}" for n in range(25)]


def write(curriculum, action, keys, status="enrolled"):
    records = [api.ProgramEnrollmentRecord(key, status, curriculum.uuid) for key in keys]
    return api.write_program_enrollments(program_uuid=curriculum.program.uuid, action=action, records=records)


def write_course(program, action, keys, status="active"):
    records = [api.ProgramCourseEnrollmentRecord(key, status) for key in keys]
    return api.write_program_course_enrollments(
        program_uuid=program.uuid, course_key=RUN_KEY, action=action, records=records
    )


def test_of_racing_creations_one_wins_and_the_others_conflict(curriculum):
    for n in range(ROUNDS):
        keys = [f"{n}-{key}" for key in KEYS]
        answers = race(*[partial(write, curriculum, WriteAction.CREATE, keys[::order]) for order in (1, -1, 1)])
        for key in keys:
            assert Counter(answer[key] for answer in answers) == {"enrolled": 1, "conflict": 2}
    assert ProgramEnrollment.objects.count() == ProgramEnrollment.history.count() == ROUNDS * len(KEYS)


def test_racing_upserts_leave_one_row_and_a_true_history(curriculum):
    for n in range(ROUNDS):
        keys = [f"{n}-{key}" for key in KEYS]
        race(
            partial(write, curriculum, WriteAction.UPSERT, keys, "enrolled"),
            partial(write, curriculum, WriteAction.UPSERT, keys[::-1], "pending"),
        )
    assert ProgramEnrollment.objects.count() == ROUNDS * len(KEYS)
    for enrollment in ProgramEnrollment.objects.all():
        assert enrollment.history.first().status == enrollment.status
        assert [entry.history_type for entry in enrollment.history.order_by("history_id")] == ["+", "~"]


def test_a_first_sign_in_that_races_a_creation_always_links(curriculum, identity_provider):
    for n in range(ROUNDS * 2):
        user = UserFactory()
        race(
            partial(write, curriculum, WriteAction.CREATE, [f"{n}"]),
            partial(IdentityFactory, user=user, identity_provider=identity_provider, student_key=f"{n}"),
        )
        assert ProgramEnrollment.objects.get(external_user_key=f"{n}").user == user


@pytest.mark.parametrize("is_linked", [True, False])
def test_two_programs_that_race_for_active_places_in_a_run_get_one_for_each_learner(
    curriculum, school, course, is_linked
):
    programs = [
        curriculum.program,
        CurriculumFactory(program=ProgramFactory(organizations=[school]), courses=[course]).program,
    ]
    for n in range(ROUNDS):
        keys = [f"{n}-{key}" for key in KEYS]
        for key in keys:
            user = UserFactory() if is_linked else None
            for program in programs:
                ProgramEnrollmentFactory(external_user_key=key, user=user, program_uuid=program.uuid)
        answers = race(
            partial(write_course, programs[0], WriteAction.UPSERT, keys),
            partial(write_course, programs[1], WriteAction.CREATE, keys[::-1]),
        )
        for key in keys:
            assert sorted(answer[key] for answer in answers) == ["active", "conflict"]
    assert ProgramCourseEnrollment.objects.filter(status="active").count() == ROUNDS * len(KEYS)
    assert CourseEnrollment.objects.filter(is_active=True).count() == (ROUNDS * len(KEYS) if is_linked else 0)


def test_two_schools_that_race_for_active_places_of_the_same_accounts_get_one_for_each(curriculum, course):
    other = CurriculumFactory(courses=[course]).program
    for _ in range(ROUNDS):
        users = UserFactory.create_batch(10)
        for user in users:
            ProgramEnrollmentFactory(
                external_user_key=f"here-{user.pk}", user=user, program_uuid=curriculum.program.uuid
            )
            ProgramEnrollmentFactory(external_user_key=f"there-{user.pk}", user=user, program_uuid=other.uuid)
        answers = race(
            partial(write_course, curriculum.program, WriteAction.CREATE, [f"here-{user.pk}" for user in users]),
            partial(write_course, other, WriteAction.CREATE, [f"there-{user.pk}" for user in users][::-1]),
        )
        for user in users:
            assert sorted([answers[0][f"here-{user.pk}"], answers[1][f"there-{user.pk}"]]) == ["active", "conflict"]


def test_of_runs_that_race_to_send_a_nudge_one_does(curriculum, course_run, mailoutbox):
    catalog = get_catalog()
    [program] = catalog.list_programs([curriculum.program.uuid])
    [run] = catalog.list_course_runs([course_run.key])
    for n in range(1, ROUNDS + 1):
        nudge = api.Nudge(UserFactory(), program, passed_run=run, next_run=run, passed_on=date(2026, 11, 22))
        sent = race(*[partial(api.send_nudge, nudge, get_connection())] * 3)
        assert sorted(sent) == [False, False, True]
        assert CourseNudge.objects.count() == len(mailoutbox) == n


def test_a_first_sign_in_outlives_that_what_it_links_is_deleted(curriculum, identity_provider):
    write(curriculum, WriteAction.CREATE, ["a", "b"])
    is_deleted = Event()

    def delete():
        with transaction.atomic():
            ProgramEnrollment.objects.filter(external_user_key="a").delete()
            is_deleted.set()
            wait_until(is_somebody_locked_out, "the sign-in waits for the row")

    def sign_in():
        is_deleted.wait(timeout=10)
        return IdentityFactory(user=UserFactory(), identity_provider=identity_provider, student_key="a")

    _, identity = race(delete, sign_in)
    assert identity.pk
    assert ProgramEnrollment.objects.get().external_user_key == "b"


def is_somebody_locked_out():
    with connection.cursor() as cursor:
        # Not `pg_stat_activity`, which a transaction sees as it was at the first look.
        cursor.execute(
            """
            SELECT FROM pg_locks
            WHERE NOT granted AND transactionid = (pg_current_xact_id()::xid)
            """
        )
        return cursor.rowcount > 0


def test_a_creation_that_races_a_reset_answers_as_if_it_came_first_or_second(curriculum, identity_provider, school):
    for n in range(ROUNDS):
        keys = [f"{n}-{key}" for key in KEYS]
        for key in keys:
            IdentityFactory(identity_provider=identity_provider, student_key=key)
        source = api.ChangeSource()
        answers, _ = race(
            partial(write, curriculum, WriteAction.UPSERT, keys),
            partial(api.reset_enrollments, organization_key=school.key, program_uuids=None, source=source),
        )
        assert set(answers.values()) == {"enrolled"}
        assert not ProgramEnrollment.objects.exclude(user=None).exists()


def test_accounts_that_are_swapped_at_the_same_moment_are_linked_one_after_the_other(curriculum):
    one, other = UserFactory(username="one"), UserFactory(username="other")
    write(curriculum, WriteAction.CREATE, ["a"])
    second = CurriculumFactory(program=curriculum.program)
    write(second, WriteAction.CREATE, ["b"])
    link = partial(api.link_program_enrollments, curriculum.program.uuid)
    for n in range(ROUNDS):
        for_a, for_b = (one, other)[:: (-1) ** n]
        assert race(partial(link, {"a": for_a.username}), partial(link, {"b": for_b.username})) == [{}, {}]
        assert dict(ProgramEnrollment.objects.values_list("external_user_key", "user__username")) == {
            "a": for_a.username,
            "b": for_b.username,
        }
