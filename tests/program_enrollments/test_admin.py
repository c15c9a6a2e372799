"""The admin of program enrollments, over HTTP."""

import csv
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client

from benchmarks.measuring import explain, list_queries
from learners.models import CourseAccessRole, CourseEnrollment
from program_enrollments.admin.model_admins import EnrollmentAdmin
from program_enrollments.admin.programs import list_programs_in_use
from program_enrollments.models import ProgramEnrollment
from tests.factories.catalog import OrganizationFactory, ProgramFactory
from tests.factories.learners import RUN_KEY, CourseEnrollmentFactory, StaffFactory, UserFactory
from tests.factories.program_enrollments import (
    CourseAccessRoleAssignmentFactory,
    ProgramCourseEnrollmentFactory,
    ProgramEnrollmentFactory,
)

LIST = "/admin/program_enrollments/programenrollment/"
COURSE_LIST = "/admin/program_enrollments/programcourseenrollment/"
ROLE_LIST = "/admin/program_enrollments/courseaccessroleassignment/"
ALL_LISTS = [LIST, COURSE_LIST, ROLE_LIST]


@pytest.fixture
def boss():
    return StaffFactory(username="boss", is_superuser=True)


@pytest.fixture
def client(boss):
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def viewer_client():
    viewer = StaffFactory(username="viewer")
    viewer.user_permissions.set(
        Permission.objects.filter(content_type__app_label="program_enrollments", codename__startswith="view_")
    )
    client = Client()
    client.force_login(viewer)
    return client


@pytest.fixture
def enrollment(program, curriculum):
    return ProgramEnrollmentFactory(
        external_user_key="key-1", program_uuid=program.uuid, curriculum_uuid=curriculum.uuid
    )


def listed(client, path=LIST, **query):
    response = client.get(path, query)
    assert response.status_code == 200
    return {row.pk for row in response.context["cl"].result_list}


def run_action(client, action, *rows, path=LIST, **data):
    return client.post(path, {"action": action, "_selected_action": [row.pk for row in rows], **data}, follow=True)


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def spread_over(program_uuids):
    """Give the programs so many enrollments that nothing should read all of them."""
    for uuid in program_uuids:
        ProgramEnrollment.objects.bulk_create(ProgramEnrollmentFactory.build_batch(500, program_uuid=uuid))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE program_enrollments_programenrollment")


def count_rows_read(act):
    """Return how many rows the database reads for the act's queries."""
    return sum(explain(sql).rows_read for sql in list_queries(act))


# Lists


def test_a_list_shows_learner_program_title_and_status(client, enrollment, learner):
    enrollment.user = learner
    enrollment.save()
    html = client.get(LIST).content.decode()
    assert "key-1" in html
    assert f'<a href="/admin/learners/user/{learner.pk}/change/">learner</a>' in html
    assert (
        f'<a href="/admin/catalog/program/?uuid={enrollment.program_uuid}" title="{enrollment.program_uuid}">'
        "Master of Toys</a>" in html
    )
    assert "Enrolled" in html


def test_a_program_that_left_the_catalog_is_shown_by_its_uuid(client):
    enrollment = ProgramEnrollmentFactory()
    assert f"{enrollment.program_uuid} (not in the catalog)" in client.get(LIST).content.decode()


def test_a_list_shows_the_curriculum_by_name(client, enrollment, curriculum):
    curriculum.name = "Toys 2026"
    curriculum.save()
    uuid = curriculum.uuid
    assert f'<a href="{LIST}?curriculum_uuid={uuid}" title="{uuid}">Toys 2026</a>' in client.get(LIST).content.decode()


def test_an_enrollment_without_a_student_key_can_be_opened_from_the_list(client, learner):
    enrollment = ProgramEnrollmentFactory(user=learner, external_user_key=None)
    assert f'<a href="{LIST}{enrollment.pk}/change/">(none)</a>' in client.get(LIST).content.decode()


def test_markup_in_a_title_or_key_is_not_run(client, school):
    program = ProgramFactory(organizations=[school], title="<script>title</script>")
    ProgramEnrollmentFactory(program_uuid=program.uuid, external_user_key="<script>key</script>")
    assert "<script>title" not in client.get(LIST).content.decode()
    assert "<script>key" not in client.get(LIST).content.decode()


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize(("path", "queries"), [(LIST, 7), (COURSE_LIST, 6), (ROLE_LIST, 8)])
def test_the_cost_of_a_list_does_not_grow_with_rows(client, path, queries, rows, django_assert_num_queries):
    for _ in range(rows):
        row = ProgramCourseEnrollmentFactory(
            program_enrollment__user=UserFactory(), program_enrollment__program_uuid=ProgramFactory().uuid
        )
        CourseAccessRoleAssignmentFactory(enrollment=row)
    with django_assert_num_queries(queries):
        client.get(path)


def test_programs_in_use_are_found_without_reading_all_enrollments(rf):
    *used, _ = ProgramFactory.create_batch(6)
    in_use = {program.uuid for program in used}
    has_left_the_catalog = uuid4()
    spread_over([*in_use, has_left_the_catalog])
    found = {}
    rows_read = count_rows_read(lambda: found.update(list_programs_in_use(rf.get(LIST))))
    assert found.keys() == in_use
    assert rows_read <= 100


def test_no_program_is_in_use_while_there_are_no_enrollments(rf, program):
    assert list_programs_in_use(rf.get(LIST)) == {}


# Filters


def test_enrollments_are_filtered_by_program(client, enrollment):
    ProgramEnrollmentFactory(program_uuid=ProgramFactory().uuid)
    assert listed(client, program=enrollment.program_uuid) == {enrollment.pk}


def test_enrollments_are_filtered_by_any_authoring_organization(client, enrollment, school):
    second = ProgramFactory(organizations=[OrganizationFactory(), school])
    other = ProgramEnrollmentFactory(program_uuid=second.uuid)
    ProgramEnrollmentFactory(program_uuid=ProgramFactory().uuid)
    assert listed(client, organization=school.key) == {enrollment.pk, other.pk}


def test_enrollments_are_filtered_by_account(client, enrollment, learner):
    linked = ProgramEnrollmentFactory(user=learner)
    assert listed(client, account="linked") == {linked.pk}
    assert listed(client, account="waiting") == {enrollment.pk}


def test_enrollments_are_filtered_by_status_and_curriculum(client, enrollment):
    other = ProgramEnrollmentFactory(status="ended")
    assert listed(client, status__exact="ended") == {other.pk}
    assert listed(client, curriculum_uuid=enrollment.curriculum_uuid) == {enrollment.pk}


@pytest.mark.parametrize("query", [{"program": "x"}, {"program": "\0"}, {"organization": "x"}])
def test_a_filter_that_names_nothing_lists_nothing(client, enrollment, query):
    assert listed(client, **query) == set()


@pytest.mark.parametrize(
    "query",
    [{"program": "{program}"}, {"organization": "UCDavis"}, {"account": "waiting"}, {"status__exact": "active"}],
)
def test_course_enrollments_are_filtered_too(client, enrollment, learner, query):
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
    ProgramCourseEnrollmentFactory(program_enrollment__user=learner, status="inactive")
    query = {name: value.format(program=enrollment.program_uuid) for name, value in query.items()}
    assert listed(client, COURSE_LIST, **query) == {row.pk}


@pytest.mark.parametrize("query", [{"program": "{program}"}, {"organization": "UCDavis"}])
def test_waiting_roles_are_filtered_by_program_and_organization(client, enrollment, query):
    role = CourseAccessRoleAssignmentFactory(enrollment__program_enrollment=enrollment)
    CourseAccessRoleAssignmentFactory()
    query = {name: value.format(program=enrollment.program_uuid) for name, value in query.items()}
    assert listed(client, ROLE_LIST, **query) == {role.pk}


# Search


@pytest.mark.parametrize(
    "text",
    [
        "key-1",
        "key",
        " key-1 ",
        "jdoe",
        "jd",
        "JANE@example.edu",
        str(RUN_KEY),
        "toyx+",
        "building",
        "of toys",
        "{program}",
        "{PROGRAM}",
    ],
)
def test_an_enrollment_is_found(client, course_run, enrollment, text):
    course_run.title = "Building toys"
    course_run.save()
    enrollment.user = UserFactory(username="jdoe", email="Jane@example.edu")
    enrollment.save()
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
    other = ProgramCourseEnrollmentFactory(
        program_enrollment__external_user_key="x", course_key="course-v1:edX+Other+2026"
    )
    text = text.format(program=enrollment.program_uuid, PROGRAM=str(enrollment.program_uuid).upper())
    assert listed(client, q=text) == {enrollment.pk}
    assert listed(client, COURSE_LIST, q=text) == {row.pk}
    role = CourseAccessRoleAssignmentFactory(enrollment=row)
    CourseAccessRoleAssignmentFactory(enrollment=other)
    assert listed(client, ROLE_LIST, q=text) == {role.pk}


@pytest.mark.parametrize("path", ALL_LISTS)
@pytest.mark.parametrize("text", ["%", "'", '"', "\\", "a/b/c"])
def test_a_search_for_odd_characters_finds_nothing(client, enrollment, path, text):
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
    CourseAccessRoleAssignmentFactory(enrollment=row)
    assert listed(client, path, q=text) == set()


@pytest.mark.parametrize("path", ALL_LISTS)
def test_a_search_with_a_null_character_is_refused_kindly(client, path):
    assert client.get(path, {"q": "\0"}).status_code == 200


# Pages


def test_a_page_changes_the_status_with_a_reason(client, enrollment, boss):
    client.post(f"{LIST}{enrollment.pk}/change/", {"status": "ended", "reason": "Graduated"} | _no_inlines())
    entry = enrollment.history.first()
    assert (entry.status, entry.history_user, entry.history_change_reason) == ("ended", boss, "Graduated")
    assert enrollment.history.count() == 2


def test_a_page_changes_nothing_but_the_status(client, enrollment, learner):
    before = ProgramEnrollment.objects.values("external_user_key", "user", "program_uuid", "curriculum_uuid").get()
    client.post(
        f"{LIST}{enrollment.pk}/change/",
        {"status": "enrolled", "external_user_key": "other", "user": learner.pk, "program_uuid": UUID(int=1)}
        | _no_inlines(),
    )
    after = ProgramEnrollment.objects.values("external_user_key", "user", "program_uuid", "curriculum_uuid").get()
    assert after == before


def test_a_page_enters_the_learner_in_the_course_run_when_the_status_becomes_active(client, enrollment, learner):
    enrollment.user = learner
    enrollment.save()
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment, status="inactive")
    client.post(f"{COURSE_LIST}{row.pk}/change/", {"status": "active"} | _no_inlines("role_assignments"))
    assert CourseEnrollment.objects.get().is_active


def test_a_page_tells_of_a_rule_that_refuses_and_changes_nothing(client, school, enrollment, learner):
    active_elsewhere(school, learner)
    enrollment.user = learner
    enrollment.save()
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment, status="inactive")
    response = client.post(
        f"{COURSE_LIST}{row.pk}/change/", {"status": "active"} | _no_inlines("role_assignments"), follow=True
    )
    assert messages_of(response) == ["The learner is active in the course run through another enrollment."]
    row.refresh_from_db()
    assert row.status == "inactive"


@pytest.mark.parametrize("path", [LIST, COURSE_LIST])
def test_a_page_tells_that_somebody_has_deleted_the_enrollment_meanwhile(client, enrollment, path, monkeypatch):
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
    pk, status = {LIST: (enrollment.pk, "ended"), COURSE_LIST: (row.pk, "inactive")}[path]
    save_model = EnrollmentAdmin.save_model

    def save_what_is_gone(admin, request, obj, form, change):
        type(obj).objects.filter(pk=obj.pk).delete()
        save_model(admin, request, obj, form, change)

    monkeypatch.setattr(EnrollmentAdmin, "save_model", save_what_is_gone)
    no_inlines = _no_inlines() | _no_inlines("role_assignments")
    response = client.post(f"{path}{pk}/change/", {"status": status} | no_inlines, follow=True)
    assert messages_of(response) == ["Somebody has deleted the enrollment meanwhile."]


def test_a_page_shows_course_enrollments_at_a_constant_cost(client, enrollment, django_assert_num_queries):
    ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
    for n in range(4):
        ProgramCourseEnrollmentFactory(program_enrollment=enrollment, course_key=f"course-v1:edX+N{n}+2026")
    ContentType.objects.get_for_model(ProgramEnrollment)  # which a process asks for once
    with django_assert_num_queries(6):
        html = client.get(f"{LIST}{enrollment.pk}/change/").content.decode()
    assert "course-v1:edX+N3+2026" in html


def test_a_page_reads_its_own_rows_however_many_enrollments_there_are(client, enrollment):
    spread_over(uuid4() for _ in range(5))
    ContentType.objects.get_for_model(ProgramEnrollment)  # which a process asks for once
    assert count_rows_read(lambda: client.get(f"{LIST}{enrollment.pk}/change/")) <= 50


@pytest.mark.parametrize("path", ALL_LISTS)
def test_rows_are_neither_added_nor_deleted(client, enrollment, path):
    row = CourseAccessRoleAssignmentFactory(enrollment__program_enrollment=enrollment)
    pk = {LIST: enrollment.pk, COURSE_LIST: row.enrollment_id, ROLE_LIST: row.pk}[path]
    assert client.get(f"{path}add/").status_code == 403
    assert client.post(f"{path}{pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in client.get(path).content.decode()


def test_history_shows_who_and_why(client, enrollment):
    client.post(f"{LIST}{enrollment.pk}/change/", {"status": "ended", "reason": "Graduated"} | _no_inlines())
    html = client.get(f"{LIST}{enrollment.pk}/history/").content.decode()
    assert "boss" in html
    assert "Graduated" in html


def test_a_reason_without_a_change_is_not_taken(client, enrollment):
    response = client.post(
        f"{LIST}{enrollment.pk}/change/", {"status": "enrolled", "reason": "Graduated"} | _no_inlines()
    )
    assert response.context["adminform"].form.errors == {"reason": ["Give a reason only when you change the status."]}
    assert enrollment.history.count() == 1


def test_an_old_version_is_shown_to_look_at(client, enrollment):
    enrollment.status = "ended"
    enrollment.save()
    first = enrollment.history.last()
    html = client.get(f"{LIST}{enrollment.pk}/history/{first.pk}/").content.decode()
    assert "Master of Toys" in html
    assert '<div class="readonly">Enrolled</div>' in html
    assert 'name="status"' not in html
    assert 'name="reason"' not in html


def test_history_can_be_shown_after_the_account_was_deleted(client, enrollment, learner):
    enrollment.user = learner
    enrollment.save()
    learner.delete()
    assert client.get(f"{LIST}{enrollment.pk}/history/").status_code == 200
    for entry in enrollment.history.all():
        assert client.get(f"{LIST}{enrollment.pk}/history/{entry.pk}/").status_code == 200


def test_an_old_version_cannot_be_brought_back_past_the_rules(client, viewer_client, enrollment):
    first = enrollment.history.first()
    enrollment.status = "ended"
    enrollment.save()
    for each in (client, viewer_client):
        assert each.post(f"{LIST}{enrollment.pk}/history/{first.pk}/", {"status": "enrolled"}).status_code == 405
    enrollment.refresh_from_db()
    assert enrollment.status == "ended"


# Actions


@pytest.mark.parametrize("status", ["enrolled", "pending", "suspended", "canceled", "ended"])
def test_an_action_sets_the_status_with_history(client, boss, status):
    rows = [ProgramEnrollmentFactory(status=other) for other in ("enrolled", "ended")]
    run_action(client, f"set_status_{status}", *rows)
    assert {row.status for row in ProgramEnrollment.objects.all()} == {status}
    entry = ProgramEnrollment.history.filter(history_type="~").first()
    assert (entry.history_user, entry.history_change_reason) == (boss, "changed in the admin")


def test_an_action_tells_how_many_it_changed(client):
    rows = [ProgramEnrollmentFactory(status=status) for status in ("enrolled", "enrolled", "ended")]
    response = run_action(client, "set_status_ended", *rows)
    assert messages_of(response) == ["2 of 3 selected enrollments are now ended.", "1 needed no change."]


def test_an_action_tells_of_those_that_the_rules_refuse(client, school, curriculum, enrollment, learner):
    active_elsewhere(school, learner)
    enrollment.user = learner
    enrollment.save()
    refused = ProgramCourseEnrollmentFactory(program_enrollment=enrollment, status="inactive")
    fine = ProgramCourseEnrollmentFactory(program_enrollment__program_uuid=curriculum.program.uuid, status="inactive")
    response = run_action(client, "set_status_active", refused, fine, path=COURSE_LIST)
    assert messages_of(response) == [
        "1 of 2 selected enrollments is now active.",
        "1 refused (key-1): The learner is active in the course run through another enrollment.",
    ]


def test_an_action_names_no_more_than_ten_of_those_refused(client, enrollment, learner):
    same = {"program_uuid": enrollment.program_uuid, "curriculum_uuid": enrollment.curriculum_uuid}
    ProgramEnrollmentFactory(user=learner, external_user_key=None, **same)
    rows = [ProgramEnrollmentFactory(external_user_key=f"s{n}", **same) for n in range(12)]
    [message] = messages_of(run_action(client, "link_to_account", *rows, apply="Link", username="learner"))
    assert message.startswith("12 refused (s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, 2 more): ")


def test_an_action_links_to_an_account(client, enrollment, learner, boss):
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
    CourseAccessRoleAssignmentFactory(enrollment=row)
    page = run_action(client, "link_to_account", enrollment)
    assert "Master of Toys" in page.content.decode()
    response = run_action(client, "link_to_account", enrollment, apply="Link", username="learner", reason="By phone")
    assert messages_of(response) == ["1 of 1 selected enrollments is now linked to learner."]
    enrollment.refresh_from_db()
    assert enrollment.user == learner
    assert CourseEnrollment.objects.get().mode == "masters"
    assert CourseAccessRole.objects.get().role == "staff"
    entry = enrollment.history.first()
    assert (entry.history_user, entry.history_change_reason) == (boss, "By phone")


def test_linking_to_an_unknown_account_asks_again(client, enrollment):
    response = run_action(client, "link_to_account", enrollment, apply="Link", username="nobody")
    assert "There is no account with this username." in response.content.decode()
    enrollment.refresh_from_db()
    assert enrollment.user is None


def test_linking_a_second_enrollment_in_one_curriculum_is_refused(client, enrollment, learner):
    ProgramEnrollmentFactory(
        user=learner, program_uuid=enrollment.program_uuid, curriculum_uuid=enrollment.curriculum_uuid
    )
    response = run_action(client, "link_to_account", enrollment, apply="Link", username="learner")
    assert messages_of(response) == [
        "1 refused (key-1): The account learner holds another enrollment in the same curriculum."
    ]


def test_an_action_unlinks_from_the_account(client, enrollment, learner):
    enrollment.user = learner
    enrollment.save()
    response = run_action(client, "unlink_from_account", enrollment)
    assert messages_of(response) == ["1 of 1 selected enrollments is now waiting for an account."]
    enrollment.refresh_from_db()
    assert enrollment.user is None


def test_an_action_on_too_many_is_refused(client):
    rows = ProgramEnrollment.objects.bulk_create(ProgramEnrollmentFactory.build_batch(501))
    response = run_action(client, "set_status_ended", *rows)
    assert messages_of(response) == ["Select at most 500 at once."]
    assert not ProgramEnrollment.objects.filter(status="ended").exists()


def test_the_selection_is_exported_as_csv(client, enrollment):
    ProgramEnrollment.objects.update(
        modified=datetime(2026, 11, 23, tzinfo=UTC), created=datetime(2026, 11, 1, tzinfo=UTC)
    )
    user = UserFactory(username="jdoe", email="jane@example.edu")
    ProgramEnrollment.objects.update(user=user)
    ProgramEnrollmentFactory()
    response = client.post(LIST, {"action": "export_as_csv", "_selected_action": [enrollment.pk]})
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="program-enrollments.csv"'
    assert list(csv.DictReader(response.getvalue().decode().splitlines())) == [
        {
            "student_key": "key-1",
            "username": "jdoe",
            "email": "jane@example.edu",
            "program_uuid": str(enrollment.program_uuid),
            "program_title": "Master of Toys",
            "curriculum_uuid": str(enrollment.curriculum_uuid),
            "status": "enrolled",
            "created": "2026-11-01T00:00:00+00:00",
            "modified": "2026-11-23T00:00:00+00:00",
        }
    ]


def test_course_enrollments_are_exported_as_csv(client, enrollment):
    row = ProgramCourseEnrollmentFactory(program_enrollment=enrollment)
    response = client.post(COURSE_LIST, {"action": "export_as_csv", "_selected_action": [row.pk]})
    [line] = csv.DictReader(response.getvalue().decode().splitlines())
    assert (line["student_key"], line["course_id"], line["status"]) == ("key-1", str(RUN_KEY), "active")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_begins_like_a_formula_is_made_text(client, start):
    enrollment = ProgramEnrollmentFactory(external_user_key=f"{start}1")
    response = client.post(LIST, {"action": "export_as_csv", "_selected_action": [enrollment.pk]})
    [_, cells] = csv.reader(response.getvalue().decode().splitlines(keepends=True))
    assert cells[0].startswith(f"'{start}")


# Permissions


def test_a_viewer_sees_lists_pages_and_history_and_may_export(viewer_client, enrollment):
    row = CourseAccessRoleAssignmentFactory(enrollment__program_enrollment=enrollment)
    for path in ALL_LISTS:
        assert viewer_client.get(path).status_code == 200
    for path in (f"{LIST}{enrollment.pk}", f"{COURSE_LIST}{row.enrollment_id}"):
        assert viewer_client.get(f"{path}/change/").status_code == 200
        assert viewer_client.get(f"{path}/history/").status_code == 200
    assert viewer_client.get(f"{ROLE_LIST}{row.pk}/change/").status_code == 200
    exported = viewer_client.post(LIST, {"action": "export_as_csv", "_selected_action": [enrollment.pk]})
    assert "key-1" in exported.getvalue().decode()


@pytest.mark.parametrize("action", ["set_status_ended", "link_to_account", "unlink_from_account"])
def test_a_viewer_is_not_offered_what_changes(viewer_client, enrollment, action):
    assert action not in viewer_client.get(LIST).content.decode()
    run_action(viewer_client, action, enrollment, apply="Link", username="viewer")
    assert enrollment.history.count() == 1


def test_a_viewer_cannot_change_a_status(viewer_client, enrollment):
    page = viewer_client.get(f"{LIST}{enrollment.pk}/change/").content.decode()
    assert 'name="status"' not in page
    assert "Kept in the history" not in page
    response = viewer_client.post(f"{LIST}{enrollment.pk}/change/", {"status": "ended"} | _no_inlines())
    assert response.status_code == 403
    enrollment.refresh_from_db()
    assert enrollment.status == "enrolled"


@pytest.mark.parametrize("path", ALL_LISTS)
def test_staff_without_permission_see_nothing(path, staff):
    client = Client()
    client.force_login(staff)
    assert client.get(path).status_code == 403


def active_elsewhere(school, learner):
    """Make the learner active in the course run through another program of the school."""
    return ProgramCourseEnrollmentFactory(
        program_enrollment__user=learner,
        program_enrollment__program_uuid=ProgramFactory(organizations=[school]).uuid,
        course_enrollment=CourseEnrollmentFactory(user=learner),
    )


def _no_inlines(prefix="program_course_enrollments"):
    return {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
