"""`import_from_lms`: the tables of an Open edX LMS, taken over."""

import csv
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from learners.models import CourseEnrollment
from program_enrollments.models import ProgramCourseEnrollment, ProgramEnrollment
from tests.factories.catalog import OrganizationFactory, ProgramFactory
from tests.factories.learners import RUN_KEY, CourseEnrollmentFactory, IdentityFactory, UserFactory
from tests.factories.program_enrollments import ProgramCourseEnrollmentFactory, ProgramEnrollmentFactory

CREATED, MODIFIED = "2021-02-03 04:05:06.123456", "2022-03-04 05:06:07"
CREATED_AT = datetime(2021, 2, 3, 4, 5, 6, 123456, tzinfo=UTC)
MODIFIED_AT = datetime(2022, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _catalog(curriculum):
    """The program, its curriculum and its run are known."""


@pytest.fixture
def enrolled(program, curriculum):
    """A function that makes a row of the LMS's program enrollments."""

    def make(lms_id=1, **cells):
        return {
            "id": lms_id,
            "created": CREATED,
            "modified": MODIFIED,
            "external_user_key": f"student-{lms_id}",
            "user_id": "",
            "program_uuid": program.uuid.hex,
            "curriculum_uuid": curriculum.uuid.hex,
            "status": "enrolled",
        } | cells

    return make


def placed(lms_id=11, program_enrollment_id=1, **cells):
    """Return a row of the LMS's program course enrollments."""
    return {
        "id": lms_id,
        "created": CREATED,
        "modified": MODIFIED,
        "program_enrollment_id": program_enrollment_id,
        "course_enrollment_id": "",
        "course_key": str(RUN_KEY),
        "status": "active",
    } | cells


@pytest.fixture
def take_over(tmp_path, capsys):
    """A function that imports rows, or texts of files, and returns the lines printed, without those of counts."""

    def write(name, content):
        path = tmp_path / f"{name}.csv"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, list(content[0]))
                writer.writeheader()
                writer.writerows(content)
        return str(path)

    def run(programs, courses=None, users=None, *options):
        arguments = ["--program-enrollments", write("programs", programs)]
        if courses is not None:
            arguments += ["--course-enrollments", write("courses", courses)]
        if users is not None:
            arguments += ["--users", write("users", users)]
        try:
            call_command("import_from_lms", *arguments, *options, no_color=True)
        finally:
            run.lines = capsys.readouterr().out.splitlines()
        return run.lines

    return run


def refused(take_over, *arguments):
    """Return the lines printed by an import that writes nothing and fails."""
    with pytest.raises(CommandError):
        take_over(*arguments)
    assert ProgramEnrollment.objects.filter(created=CREATED_AT).count() == 0
    return take_over.lines


# What is taken over


def test_enrollments_are_added_with_their_times_and_history(take_over, enrolled, program, curriculum):
    lines = take_over([enrolled(1), enrolled(2, status="canceled")], [placed(11, 1), placed(12, 2, status="inactive")])
    assert lines == ["Program enrollments: 2 added.", "Course enrollments: 2 added.", "Done."]
    first, second = ProgramEnrollment.objects.order_by("id")
    assert (first.external_user_key, first.user_id, first.status) == ("student-1", None, "enrolled")
    assert (first.program_uuid, first.curriculum_uuid) == (program.uuid, curriculum.uuid)
    assert (first.created, first.modified) == (CREATED_AT, MODIFIED_AT)
    assert second.status == "canceled"
    in_run = first.program_course_enrollments.get()
    assert (in_run.course_key, in_run.status, in_run.course_enrollment) == (RUN_KEY, "active", None)
    assert (in_run.created, in_run.modified) == (CREATED_AT, MODIFIED_AT)
    for row in (first, in_run):
        entry = row.history.get()
        assert (entry.history_type, entry.history_change_reason) == ("+", "Imported from an LMS")
        assert (entry.status, entry.modified) == (row.status, MODIFIED_AT)


def test_a_reason_of_ones_own_is_kept_in_history(take_over, enrolled):
    take_over([enrolled()], None, None, "--reason", "Cutover")
    assert ProgramEnrollment.objects.get().history.get().history_change_reason == "Cutover"


def test_nothing_changes_the_second_time(take_over, enrolled):
    rows = [enrolled(1), enrolled(2)], [placed(11, 1), placed(12, 2)]
    take_over(*rows)
    assert take_over(*rows) == ["Program enrollments: 2 unchanged.", "Course enrollments: 2 unchanged.", "Done."]
    assert ProgramEnrollment.history.count() == ProgramCourseEnrollment.history.count() == 2


def test_what_the_lms_changed_since_is_changed_with_history(take_over, enrolled):
    take_over([enrolled()], [placed()])
    later = {"modified": "2023-01-01 00:00:00"}
    lines = take_over([enrolled(status="suspended", **later)], [placed(status="inactive", **later)])
    assert lines[:2] == ["Program enrollments: 1 changed.", "Course enrollments: 1 changed."]
    enrollment = ProgramEnrollment.objects.get()
    in_run = enrollment.program_course_enrollments.get()
    assert (enrollment.status, in_run.status) == ("suspended", "inactive")
    assert enrollment.modified == in_run.modified == datetime(2023, 1, 1, tzinfo=UTC)
    assert [entry.history_type for entry in enrollment.history.all()] == ["~", "+"]
    assert [entry.history_type for entry in in_run.history.all()] == ["~", "+"]


def test_what_was_changed_here_since_stays(take_over, enrolled, program, curriculum):
    held = ProgramEnrollmentFactory(
        external_user_key="student-1", program_uuid=program.uuid, curriculum_uuid=curriculum.uuid, status="ended"
    )
    ProgramCourseEnrollmentFactory(program_enrollment=held, status="inactive")
    lines = take_over([enrolled()], [placed()])
    assert lines[:2] == ["Program enrollments: 1 newer here.", "Course enrollments: 1 newer here."]
    held.refresh_from_db()
    assert held.status == "ended"


def test_course_enrollments_may_be_left_out(take_over, enrolled):
    assert take_over([enrolled()])[1] == "Course enrollments: none."


@pytest.mark.parametrize("null", ["", "NULL", "\\N"])
def test_a_null_is_spelled_in_three_ways(take_over, enrolled, null):
    UserFactory(username="ann")
    take_over([enrolled(external_user_key=null, user_id=7)], None, [{"id": 7, "username": "ann"}])
    take_over([enrolled(2, user_id=null)])
    assert list(ProgramEnrollment.objects.order_by("id").values_list("external_user_key", flat=True)) == [
        None,
        "student-2",
    ]


def test_columns_come_in_any_order_and_uuids_with_or_without_dashes(take_over, enrolled, program):
    row = enrolled(program_uuid=str(program.uuid), hidden="x")
    take_over([dict(reversed(row.items()))])
    assert ProgramEnrollment.objects.get().program_uuid == program.uuid


def test_what_mysql_prints_is_a_dump_too(take_over, enrolled):
    row = enrolled(external_user_key="a\\tb\\\\n", user_id="NULL")
    text = "\t".join(row) + "\n" + "\t".join(map(str, row.values())) + "\n"
    take_over(text.encode())
    assert ProgramEnrollment.objects.get().external_user_key == "a\tb\\n"


def test_a_student_key_keeps_its_zeros_commas_and_lines(take_over, enrolled):
    keys = ["001", 'O"Hara, Ann', "two\nlines", "tab\tand\\N"]
    take_over([enrolled(number, external_user_key=key) for number, key in enumerate(keys, start=1)])
    assert list(ProgramEnrollment.objects.order_by("id").values_list("external_user_key", flat=True)) == keys


def test_a_student_key_is_trimmed_as_anywhere_else(take_over, enrolled, identity_provider):
    user = IdentityFactory(identity_provider=identity_provider, student_key="42").user
    take_over([enrolled(1, external_user_key="\u00a0 42\n"), enrolled(2, external_user_key=" " + "x" * 255)])
    held = ProgramEnrollment.objects.order_by("id").values_list("external_user_key", "user")
    assert list(held) == [("42", user.pk), ("x" * 255, None)]


def test_a_byte_order_mark_and_empty_lines_are_no_matter(take_over, enrolled):
    row = enrolled()
    text = "\ufeff" + ",".join(row) + "\r\n\r\n" + ",".join(map(str, row.values())) + "\r\n\r\n"
    assert take_over(text.encode())[0] == "Program enrollments: 1 added."


def test_a_run_that_the_catalog_does_not_have_is_taken_over_and_told(take_over, enrolled):
    lines = take_over([enrolled()], [placed(course_key="course-v1:edX+Gone+2019")])
    assert "Course runs that the catalog does not have: course-v1:edX+Gone+2019." in lines
    assert ProgramCourseEnrollment.objects.count() == 1


def test_a_dry_run_tells_the_same_and_writes_nothing(take_over, enrolled):
    lines = take_over([enrolled()], [placed()], None, "--dry-run")
    assert lines == ["Program enrollments: 1 added.", "Course enrollments: 1 added.", "Nothing was written."]
    assert not ProgramEnrollment.objects.exists()


def test_the_queries_do_not_grow_with_the_rows(take_over, enrolled, django_assert_max_num_queries):
    def count_queries(first, number):
        with django_assert_max_num_queries(100) as queries:
            ids = range(first, first + number)
            take_over([enrolled(n) for n in ids], [placed(n, n) for n in ids])
        return len(queries.captured_queries)

    assert count_queries(100, 3) == count_queries(200, 30)


def test_the_queries_do_not_grow_with_the_rows_that_are_refused(
    take_over, enrolled, school, django_assert_max_num_queries
):
    other = ProgramFactory(organizations=[school]).uuid

    def count_queries(first, number):
        ids = range(first, first + number)
        programs = [enrolled(n) for n in ids]
        programs += [enrolled(1000 + n, external_user_key=f"student-{n}", program_uuid=other) for n in ids]
        courses = [placed(row["id"], row["id"]) for row in programs]
        with django_assert_max_num_queries(100) as queries:
            take_over(programs, courses, None, "--skip-refused")
        assert f"Course enrollments: {number} added, {number} refused." in take_over.lines
        with django_assert_max_num_queries(100) as more_queries:
            take_over(programs[number:], courses[number:], None, "--skip-refused")
        assert f"Course enrollments: {number} refused." in take_over.lines
        return len(queries.captured_queries), len(more_queries.captured_queries)

    assert count_queries(100, 3) == count_queries(200, 30)


# Accounts


def test_an_account_with_the_student_key_as_identity_enters_the_run(take_over, enrolled, identity_provider):
    identity = IdentityFactory(identity_provider=identity_provider, student_key="student-1")
    take_over([enrolled(1), enrolled(2)], [placed(11, 1), placed(12, 2)])
    assert list(ProgramEnrollment.objects.order_by("id").values_list("user", flat=True)) == [identity.user.pk, None]
    place = CourseEnrollment.objects.get()
    assert (place.user, place.course_key, place.mode, place.is_active) == (identity.user, RUN_KEY, "masters", True)
    in_run = ProgramCourseEnrollment.objects.get(program_enrollment__user=identity.user)
    assert in_run.course_enrollment == place
    assert in_run.history.get().course_enrollment_id == place.pk


def test_an_account_is_found_by_its_username(take_over, enrolled):
    ann = UserFactory(username="ann")
    users = [{"id": 7, "username": "ann"}, {"id": 8, "username": "nobody"}]
    lines = take_over([enrolled(1, user_id=7), enrolled(2, user_id=8)], [placed(11, 1), placed(12, 2)], users)
    assert "Accounts found by username: 1." in lines
    assert list(ProgramEnrollment.objects.order_by("id").values_list("user", flat=True)) == [ann.pk, None]
    assert CourseEnrollment.objects.get().user == ann


def test_an_inactive_course_enrollment_leaves_its_account_inactive_in_the_run(take_over, enrolled):
    held = CourseEnrollmentFactory(user__username="ann", mode="audit")
    take_over([enrolled(user_id=7)], [placed(status="inactive")], [{"id": 7, "username": "ann"}])
    held.refresh_from_db()
    assert (held.mode, held.is_active) == ("masters", False)


def test_an_account_that_is_active_through_another_program_stays_active_in_the_run(take_over, enrolled):
    held = CourseEnrollmentFactory(user__username="ann")
    ProgramCourseEnrollmentFactory(program_enrollment__user=held.user, course_enrollment=held)
    take_over([enrolled(user_id=7)], [placed(status="inactive")], [{"id": 7, "username": "ann"}])
    held.refresh_from_db()
    assert held.is_active


def test_a_learner_who_moved_to_another_program_moves_here(take_over, enrolled):
    UserFactory(username="ann")
    other = ProgramFactory()
    programs = [enrolled(1, user_id=7), enrolled(2, user_id=7, program_uuid=other.uuid)]
    users = [{"id": 7, "username": "ann"}]
    take_over(programs, [placed(11, 1), placed(12, 2, status="inactive")], users)
    later = {"modified": "2023-01-01 00:00:00"}
    moved = [placed(12, 2, **later), placed(11, 1, status="inactive", **later)]
    assert take_over(programs, moved, users)[1] == "Course enrollments: 2 changed."
    assert ProgramCourseEnrollment.objects.get(status="active").program_enrollment.program_uuid == other.uuid
    assert CourseEnrollment.objects.get().is_active


def test_a_learner_who_waits_may_move_to_another_program_of_the_school(take_over, enrolled, school):
    other = ProgramFactory(organizations=[school])
    programs = [enrolled(1), enrolled(2, external_user_key="student-1", program_uuid=other.uuid)]
    take_over(programs, [placed(11, 1), placed(12, 2, status="inactive")])
    later = {"modified": "2023-01-01 00:00:00"}
    moved = [placed(12, 2, **later), placed(11, 1, status="inactive", **later)]
    assert take_over(programs, moved)[1] == "Course enrollments: 2 changed."
    assert ProgramCourseEnrollment.objects.get(status="active").program_enrollment.program_uuid == other.uuid


def test_an_enrollment_that_waits_here_goes_on_waiting(take_over, enrolled):
    UserFactory(username="ann")
    take_over([enrolled(user_id=7)])
    lines = take_over([enrolled(user_id=7)], None, [{"id": 7, "username": "ann"}])
    assert lines[0] == "Program enrollments: 1 unchanged."
    assert ProgramEnrollment.objects.get().user is None


# What is refused


REFUSED_CELLS: dict[str, tuple[dict[str, object], str]] = {
    "id": ({"id": "x"}, "Its id is not a number."),
    "long id": ({"id": "1" * 19}, "Its id is not a number."),
    "status": ({"status": "active"}, "Its status is not one of enrolled, pending, suspended, canceled, ended."),
    "no status": ({"status": ""}, "Its status is not one of enrolled, pending, suspended, canceled, ended."),
    "program": ({"program_uuid": "x"}, "Its program_uuid is not a uuid."),
    "no curriculum": ({"curriculum_uuid": "NULL"}, "Its curriculum_uuid is not a uuid."),
    "unknown program": ({"program_uuid": UUID(int=5)}, "The catalog has no such program."),
    "created": ({"created": "0000-00-00 00:00:00"}, "Its created is not a time."),
    "early": ({"modified": "0001-01-01T00:00:00+14:00"}, "Its modified is not a time."),
    "user": ({"user_id": "ann"}, "Its user_id is not a number."),
    "long key": ({"external_user_key": "x" * 256}, "Its external_user_key is longer than 255 characters."),
    "blank key": ({"external_user_key": " \t "}, "Its external_user_key is blank."),
    "same key but for blanks": (
        {"external_user_key": " student-1 "},
        "Line 2 enrolls the student key in the curriculum.",
    ),
    "NUL": ({"external_user_key": "a\0b"}, "Its external_user_key holds a character that cannot be stored."),
    "nobody": (
        {"external_user_key": "", "user_id": 7},
        "It has no student key, and no account here is known for its user_id.",
    ),
}


@pytest.mark.parametrize("case", REFUSED_CELLS)
def test_a_row_that_cannot_be_taken_over_is_told_with_its_line_and_nothing_is_written(take_over, enrolled, case):
    cells, reason = REFUSED_CELLS[case]
    assert refused(take_over, [enrolled(1), enrolled(2, **cells)]) == [
        f"Program enrollments, line 3: {reason}",
        "Program enrollments: 1 added, 1 refused.",
        "Course enrollments: none.",
        "Nothing was written.",
    ]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"status": "enrolled"}, "Its status is not one of active, inactive."),
        ({"course_key": "x"}, "Its course_key is not the key of a course run."),
        ({"course_key": "course-v1:a+b+c+branch@draft"}, "Its course_key is not the key of a course run."),
        ({"program_enrollment_id": "NULL"}, "Its program_enrollment_id is not a number."),
        ({"program_enrollment_id": 99}, "No program enrollment of the file has the id 99."),
    ],
)
def test_a_course_enrollment_that_cannot_be_taken_over_is_told(take_over, enrolled, cells, reason):
    lines = refused(take_over, [enrolled()], [placed(11), placed(12, **cells)])
    assert lines[0] == f"Course enrollments, line 3: {reason}"


def test_a_row_of_another_width_is_told(take_over, enrolled):
    row = enrolled()
    text = ",".join(row) + "\n1,2\n" + ",".join(map(str, row.values())) + "\n"
    assert refused(take_over, text.encode())[0] == (
        "Program enrollments, line 2: The row does not have as many cells as the header."
    )


def test_lines_are_counted_as_in_an_editor(take_over, enrolled):
    rows = [enrolled(1, external_user_key="two\nlines"), enrolled(2, status="x")]
    assert refused(take_over, rows)[0].startswith("Program enrollments, line 4: ")


def test_double_rows_are_told_with_the_first_line(take_over, enrolled):
    UserFactory(username="ann")
    programs = [
        enrolled(1),
        enrolled(1, external_user_key="b"),
        enrolled(3, external_user_key="student-1"),
        enrolled(4, external_user_key="c", user_id=7),
        enrolled(5, external_user_key="", user_id=7),
    ]
    courses = [placed(11, 1), placed(11, 4), placed(12, 1)]
    lines = refused(take_over, programs, courses, [{"id": 7, "username": "ann"}])
    assert lines[:5] == [
        "Program enrollments, line 3: Line 2 has the same id.",
        "Program enrollments, line 4: Line 2 enrolls the student key in the curriculum.",
        "Program enrollments, line 6: Line 5 enrolls the account in the curriculum.",
        "Course enrollments, line 3: Line 2 has the same id.",
        "Course enrollments, line 4: Line 2 enrolls the learner in the run.",
    ]


def test_course_enrollments_of_a_refused_program_enrollment_are_refused(take_over, enrolled):
    lines = refused(take_over, [enrolled(status="x")], [placed()])
    assert lines[1] == "Course enrollments, line 2: Its program enrollment, on line 2, is refused."


def test_the_others_are_taken_over_when_asked_for(take_over, enrolled):
    programs = [enrolled(1), enrolled(2, status="x")]
    lines = take_over(programs, [placed(11, 1), placed(12, 2)], None, "--skip-refused")
    assert lines[2:] == ["Program enrollments: 1 added, 1 refused.", "Course enrollments: 1 added, 1 refused.", "Done."]
    assert ProgramCourseEnrollment.objects.get().program_enrollment == ProgramEnrollment.objects.get()


def test_an_account_is_not_given_what_another_ones_identity_says(take_over, enrolled, identity_provider):
    IdentityFactory(identity_provider=identity_provider, student_key="student-1")
    UserFactory(username="ann")
    lines = refused(take_over, [enrolled(user_id=7)], None, [{"id": 7, "username": "ann"}])
    assert lines[0] == "Program enrollments, line 2: Another account here has its student key as an identity."


def test_an_enrollment_that_another_account_holds_here_is_refused(take_over, enrolled, program, curriculum):
    place = {"program_uuid": program.uuid, "curriculum_uuid": curriculum.uuid}
    ProgramEnrollmentFactory(user=UserFactory(), external_user_key="student-1", **place)
    ann = UserFactory(username="ann")
    lines = refused(take_over, [enrolled(user_id=7)], None, [{"id": 7, "username": "ann"}])
    assert lines[0] == "Program enrollments, line 2: Another account holds its enrollment here."
    ProgramEnrollmentFactory(user=ann, external_user_key="other", **place)
    lines = refused(take_over, [enrolled(2, user_id=7)], None, [{"id": 7, "username": "ann"}])
    assert lines[0] == "Program enrollments, line 2: Its account holds another enrollment in the curriculum here."


def test_an_account_is_active_in_a_run_once(take_over, enrolled):
    held = CourseEnrollmentFactory(user__username="ann", course_key=RUN_KEY)
    ProgramCourseEnrollmentFactory(program_enrollment__user=held.user, course_enrollment=held)
    UserFactory(username="bob")
    other = ProgramFactory()
    programs = [
        enrolled(1, user_id=7),
        enrolled(2, user_id=8),
        enrolled(3, user_id=8, program_uuid=other.uuid),
    ]
    users = [{"id": 7, "username": "ann"}, {"id": 8, "username": "bob"}]
    lines = refused(take_over, programs, [placed(11, 1), placed(12, 2), placed(13, 3)], users)
    assert lines[:2] == [
        "Course enrollments, line 2: Its account is active in the run through another enrollment here.",
        "Course enrollments, line 4: Its account is active in the run by line 3.",
    ]


ACTIVE_HERE = "Its student key is active in the run through another enrollment here."


def test_a_student_key_is_active_in_a_run_once_in_the_files(take_over, enrolled, school):
    other = ProgramFactory(organizations=[school, OrganizationFactory()])
    programs = [
        enrolled(1),
        enrolled(2, external_user_key="student-1", program_uuid=other.uuid),
        enrolled(3, external_user_key="student-1", curriculum_uuid=UUID(int=5)),
        enrolled(4),
    ]
    courses = [placed(11, 1), placed(12, 2), placed(13, 3), placed(14, 4)]
    assert refused(take_over, programs, courses) == [
        "Course enrollments, line 3: Its student key is active in the run by line 2.",
        "Course enrollments, line 4: Its student key is active in the run by line 2.",
        "Program enrollments: 4 added.",
        "Course enrollments: 2 added, 2 refused.",
        "Nothing was written.",
    ]
    take_over(programs, [*courses[:1], placed(12, 2, status="inactive"), placed(13, 3, course_key="edX/ToyX/2025")])


@pytest.mark.parametrize("account", [None, "ann"])
def test_a_student_key_that_is_active_here_is_not_active_once_more(take_over, enrolled, school, account):
    held = ProgramEnrollmentFactory(
        external_user_key="student-1",
        program_uuid=ProgramFactory(organizations=[school]).uuid,
        user=UserFactory(username=account) if account else None,
    )
    in_run = ProgramCourseEnrollmentFactory(program_enrollment=held)
    assert refused(take_over, [enrolled()], [placed()])[0] == f"Course enrollments, line 2: {ACTIVE_HERE}"
    take_over([enrolled()], [placed(status="inactive")])
    later = {"modified": "2023-01-01 00:00:00"}
    with pytest.raises(CommandError):
        take_over([enrolled()], [placed(**later)])
    assert take_over.lines[0] == f"Course enrollments, line 2: {ACTIVE_HERE}"
    in_run.delete()
    assert take_over([enrolled()], [placed(**later)])[1] == "Course enrollments: 1 changed."


def test_an_account_without_student_key_in_the_lms_has_the_one_of_its_enrollment_here(
    take_over, enrolled, school, program, curriculum
):
    place = {"program_uuid": program.uuid, "curriculum_uuid": curriculum.uuid}
    ProgramEnrollmentFactory(user=UserFactory(username="ann"), external_user_key="student-1", **place)
    elsewhere = ProgramFactory(organizations=[school]).uuid
    waiting = ProgramEnrollmentFactory(external_user_key="student-1", program_uuid=elsewhere)
    ProgramCourseEnrollmentFactory(program_enrollment=waiting)
    programs, users = [enrolled(external_user_key="", user_id=7)], [{"id": 7, "username": "ann"}]
    assert refused(take_over, programs, [placed()], users)[0] == f"Course enrollments, line 2: {ACTIVE_HERE}"


def test_an_equal_student_key_at_another_school_is_another_learner(take_over, enrolled, school):
    for program_uuid in (ProgramFactory().uuid, UUID(int=5)):
        held = ProgramEnrollmentFactory(external_user_key="student-1", program_uuid=program_uuid)
        ProgramCourseEnrollmentFactory(program_enrollment=held)
    others = [
        ProgramFactory().uuid,
        ProgramFactory(organizations=[OrganizationFactory(), school]).uuid,
        ProgramFactory(organizations=[]).uuid,
        ProgramFactory(organizations=[]).uuid,
    ]
    programs = [enrolled(n, external_user_key="student-1", program_uuid=uuid) for n, uuid in enumerate(others, start=2)]
    lines = take_over([enrolled(1), *programs], [placed(10 + n, n) for n in range(1, 6)])
    assert lines[1] == "Course enrollments: 5 added."


def test_a_student_key_is_active_once_in_a_program_that_no_organization_authors(take_over, enrolled):
    own = {"program_uuid": ProgramFactory(organizations=[]).uuid, "external_user_key": "student-1"}
    programs = [enrolled(1, **own), enrolled(2, **own, curriculum_uuid=UUID(int=5))]
    lines = refused(take_over, programs, [placed(11, 1), placed(12, 2)])
    assert lines[0] == "Course enrollments, line 3: Its student key is active in the run by line 2."


def test_rows_that_are_refused_take_no_places(take_over, enrolled, school):
    elsewhere = {"program_uuid": ProgramFactory(organizations=[school]).uuid}
    ProgramCourseEnrollmentFactory(
        program_enrollment=ProgramEnrollmentFactory(external_user_key="student-1", **elsewhere)
    )
    UserFactory(username="ann")
    programs = [
        enrolled(1, user_id=7),
        enrolled(2, user_id=7, curriculum_uuid=UUID(int=5)),
        enrolled(3, user_id=7, curriculum_uuid=UUID(int=6)),
        enrolled(4, external_user_key="student-3", **elsewhere),
    ]
    courses = [placed(10 + n, n) for n in range(1, 5)]
    lines = refused(take_over, programs, courses, [{"id": 7, "username": "ann"}])
    assert lines[:3] == [
        f"Course enrollments, line 2: {ACTIVE_HERE}",
        "Course enrollments, line 4: Its account is active in the run by line 3.",
        "Program enrollments: 4 added.",
    ]


def test_a_curriculum_must_be_known_where_the_site_requires_it(take_over, enrolled, settings):
    settings.PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM = True
    lines = refused(take_over, [enrolled(1), enrolled(2, curriculum_uuid=UUID(int=5))])
    assert lines[0] == "Program enrollments, line 3: Its program has no such curriculum."
    assert lines[1] == "Program enrollments: 1 added, 1 refused."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the header must name each of these columns once: id, created"),
        (b"id,created\n", "the header must name each of these columns once: modified"),
        (b"\xff\xfe", "after line 0: not UTF-8"),
        (b'id,username\n1,"ann\n', "must name each"),
    ],
)
def test_a_file_that_is_no_dump_is_refused(take_over, content, reason):
    with pytest.raises(CommandError, match=f"^Nothing was written. .*programs.csv, .*{reason}"):
        take_over(content)


@pytest.mark.parametrize(
    ("users", "reason"),
    [
        (b"id,username\nx,ann\n", "line 2: Its id is not a number."),
        (b"id,username\n7\n", "line 2: The row does not have as many cells as the header."),
        (b'id,username\n7,"ann\n', "after line 1: unexpected end of data"),
        (b"id,username\n7,ann\n8,\xff\n", "not UTF-8"),
    ],
)
def test_a_file_of_users_is_read_whole_or_not_at_all(take_over, enrolled, users, reason):
    with pytest.raises(CommandError, match=reason):
        take_over([enrolled()], None, users)
    assert not ProgramEnrollment.objects.exists()


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_from_lms", "--program-enrollments", "nowhere.csv")
