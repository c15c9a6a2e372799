"""What `make torture` compares: a difference between what clients were told and what is there is found."""

from random import Random

import pytest

from program_enrollments import api
from program_enrollments.constants import WriteAction
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import CurriculumFactory
from torture.report import Line
from torture.roster import Roster, Row, Write, compare_with_database, foretold_status
from torture.school import Place, School

pytestmark = pytest.mark.django_db

KEYS = ["ada", "bob", "eve"]
ACTIONS = {"POST": WriteAction.CREATE, "PUT": WriteAction.UPSERT, "PATCH": WriteAction.UPDATE}


@pytest.fixture
def place():
    curriculum = CurriculumFactory()
    (organization,) = curriculum.program.authoring_organizations.all()
    return Place(curriculum.program.uuid, curriculum.uuid, organization.key)


@pytest.fixture
def roster(place):
    """A client's, which was told of one acknowledged write of all its learners."""
    roster = Roster(place, [], KEYS)
    records = [
        {"student_key": key, "status": "enrolled", "curriculum_uuid": str(place.curriculum_uuid)} for key in KEYS
    ]
    write = Write("POST", "", "", records)
    assert carry_out(place, write) == roster.foretell(write)
    roster.keep(write, "")  # outside of requests, the history has no request id
    return roster


@pytest.fixture
def compare(place, roster):
    def compare():
        line = Line("compared")
        compare_with_database(School((place,), "", (), {}, "", ""), [roster], line)
        return line.problems

    return compare


def carry_out(place, write):
    return api.write_program_enrollments(
        program_uuid=place.program_uuid,
        action=ACTIONS[write.method],
        records=[
            api.ProgramEnrollmentRecord(record["student_key"], record["status"], place.curriculum_uuid)
            for record in write.records
        ],
    )


def test_nothing_is_found_when_all_is_as_told(compare):
    assert compare() == []


def test_a_lost_write_is_found(compare):
    ProgramEnrollment.objects.filter(external_user_key="ada").delete()

    assert "A client was told enrolled, and None is there." in compare()


def test_a_change_that_nobody_was_told_of_is_found(compare, roster):
    del roster.standing[Row("ada", "")]
    roster.changes[""].remove(Row("ada", ""))

    assert compare() == [
        "A client was told None, and enrolled is there.",
        "1 refused changes are in the history.",
    ]


def test_a_change_that_was_made_twice_is_found(compare):
    entry = ProgramEnrollment.history.get(external_user_key="ada")
    entry.pk = None
    entry.save()

    assert compare() == ["1 changes are in the history more than once."]


def test_a_change_without_its_history_is_found(compare):
    ProgramEnrollment.objects.filter(external_user_key="ada").update(status="ended")

    assert compare() == [
        "A client was told enrolled, and ended is there.",
        "The last entries of the history are not what is there.",
    ]


def test_a_request_that_was_broken_off_may_have_been_carried_out_or_not(place, roster, compare):
    record = {"student_key": "ada", "status": "ended", "curriculum_uuid": str(place.curriculum_uuid)}
    write = Write("PUT", "", "", [record])
    roster.doubt(write, "broken-off")

    assert roster.student_keys == ["bob", "eve"]
    assert compare() == []
    carry_out(place, write)
    ProgramEnrollment.history.filter(status="ended").update(request_id="broken-off")
    assert compare() == []


def test_answers_are_foretold(place):
    roster, random = Roster(place, [], [f"learner-{n}" for n in range(8)]), Random(1)  # noqa: S311 -- no secret
    for number in range(60):
        write = roster.plan_write(random)
        foretold = roster.foretell(write)
        assert carry_out(place, write) == foretold
        assert foretold_status(foretold) in {200, 207, 422}
        roster.keep(write, str(number))
    assert not ProgramCourseEnrollment.objects.exists()
