"""The catalog's pages in the admin, as staff use them."""

from uuid import UUID

import pytest
from django.urls import reverse

from catalog.models import Course, CourseRun, Curriculum, Organization, Program
from tests.factories.catalog import (
    CourseFactory,
    CourseRunFactory,
    CurriculumFactory,
    DueDateFactory,
    OrganizationFactory,
    ProgramFactory,
)

UUID_TEXT = "00000000-0000-4000-8000-000000000001"


def list_url(model):
    return reverse(f"admin:catalog_{model._meta.model_name}_changelist")


def add_url(model):
    return reverse(f"admin:catalog_{model._meta.model_name}_add")


def change_url(row):
    return reverse(f"admin:catalog_{row._meta.model_name}_change", args=[row.pk])


def rows_found(response):
    return list(response.context["cl"].result_list)


def formset(prefix, *rows):
    """The fields of an inline without rows of its own."""
    return {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0} | {
        f"{prefix}-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()
    }


@pytest.mark.parametrize("model", [Organization, Program, Curriculum, Course, CourseRun])
def test_a_list_costs_the_same_queries_for_any_number_of_rows(admin_client, model, django_assert_max_num_queries):
    def count_queries():
        with django_assert_max_num_queries(30) as queries:
            assert admin_client.get(list_url(model)).status_code == 200
        return len(queries.captured_queries)

    def add_rows():
        program = ProgramFactory(organizations=OrganizationFactory.create_batch(2), courses=[CourseFactory()])
        CurriculumFactory(program=program)
        CourseRunFactory(start="2026-01-01T00:00:00Z")

    add_rows()
    few = count_queries()
    for _ in range(3):
        add_rows()
    assert count_queries() == few


def test_the_list_of_programs_names_the_organizations_in_order(admin_client):
    ProgramFactory(organizations=[OrganizationFactory(key="Zed"), OrganizationFactory(key="Abe")])
    assert "Zed, Abe" in admin_client.get(list_url(Program)).content.decode()


@pytest.mark.parametrize("asked", ["historia", UUID_TEXT, "hist-key", "hist-slug", "UAMx"])
def test_programs_are_found_by_title_uuid_key_slug_and_organization(admin_client, asked):
    wanted = ProgramFactory(
        uuid=UUID_TEXT,
        key="hist-key",
        title="Historia",
        marketing_slug="hist-slug",
        organizations=[OrganizationFactory(key="UAMx")],
    )
    ProgramFactory()
    assert rows_found(admin_client.get(list_url(Program), {"q": asked})) == [wanted]


@pytest.mark.parametrize("asked", ["edX+One", "course-v1:edX+One+2026", "ONE-26", "Toys"])
def test_course_runs_are_found_by_key_external_key_and_course(admin_client, asked):
    wanted = CourseRunFactory(key="course-v1:edX+One+2026", external_key="ONE-26", course__title="Toys")
    CourseRunFactory()
    assert rows_found(admin_client.get(list_url(CourseRun), {"q": asked})) == [wanted]


@pytest.mark.parametrize(("model", "asked"), [(Curriculum, "Historia"), (Course, "Toys"), (Organization, "Zoo")])
def test_other_rows_are_found_by_name(admin_client, model, asked):
    CurriculumFactory(program__title="Historia", program__organizations=[OrganizationFactory(name="Zoo")])
    CourseFactory(title="Toys")
    CurriculumFactory()
    CourseFactory()
    assert len(rows_found(admin_client.get(list_url(model), {"q": asked}))) == 1


def test_programs_are_filtered_by_status_type_and_organization(admin_client):
    organization = OrganizationFactory()
    wanted = ProgramFactory(status="retired", type="MicroMasters", organizations=[organization])
    ProgramFactory(status="retired")
    filters = {"status": "retired", "type": "MicroMasters", "authoring_organizations__id__exact": organization.pk}
    assert rows_found(admin_client.get(list_url(Program), filters)) == [wanted]


def test_a_program_is_added_with_its_organizations_in_order(admin_client):
    first, second = OrganizationFactory(), OrganizationFactory()
    response = admin_client.post(
        add_url(Program),
        {"uuid": UUID_TEXT, "key": "new", "title": "New", "type": "Masters", "status": "active"}
        | formset(
            "programorganization_set",
            {"position": 1, "organization": second.pk},
            {"position": 0, "organization": first.pk},
        )
        | formset("programcourse_set")
        | formset("curricula"),
    )
    assert response.status_code == 302
    links = Program.objects.get(uuid=UUID_TEXT).programorganization_set.all()
    assert [link.organization for link in links] == [first, second]


@pytest.mark.parametrize(
    ("factory", "field"),
    [
        (ProgramFactory, "uuid"),
        (CurriculumFactory, "uuid"),
        (CurriculumFactory, "program"),
        (CourseFactory, "key"),
        (CourseRunFactory, "key"),
        (OrganizationFactory, "key"),
    ],
)
def test_what_others_refer_to_is_fixed_once_the_row_exists(admin_client, factory, field):
    form = admin_client.get(change_url(factory())).context["adminform"]
    assert field in form.readonly_fields
    assert field not in form.form.fields


@pytest.mark.parametrize(
    "factory", [ProgramFactory, CurriculumFactory, CourseFactory, CourseRunFactory, OrganizationFactory]
)
def test_nothing_is_deleted(admin_client, factory):
    row = factory()
    assert admin_client.post(change_url(row).replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


def test_a_course_run_is_added_with_its_due_dates(admin_client):
    response = admin_client.post(
        add_url(CourseRun),
        {"key": "course-v1:edX+One+2026", "course": CourseFactory().pk, "pacing": "self"}
        | formset("due_dates", {"name": "Essay", "date_0": "2026-12-01", "date_1": "12:00:00"}),
    )
    assert response.status_code == 302
    assert CourseRun.objects.get(key="course-v1:edX+One+2026").due_dates.get().name == "Essay"


@pytest.mark.parametrize("key", ["nonsense", "course-v1:edX", "course-v1:edX+One+20\0"])
def test_a_key_of_no_course_run_is_an_error_in_the_form(admin_client, key):
    response = admin_client.post(
        add_url(CourseRun), {"key": key, "course": CourseFactory().pk, "pacing": "self"} | formset("due_dates")
    )
    assert response.status_code == 200
    assert "Not a course run key, like course-v1:edX+ToyX+2026_T1." in response.context["adminform"].form.errors["key"]


def test_a_key_that_is_taken_is_an_error_in_the_form(admin_client):
    run = CourseRunFactory()
    response = admin_client.post(
        add_url(CourseRun), {"key": str(run.key), "course": run.course.pk, "pacing": "self"} | formset("due_dates")
    )
    assert response.context["adminform"].form.errors == {"key": ["Course run with this Key already exists."]}


def test_pages_show_what_belongs_to_the_row(admin_client):
    child, course = ProgramFactory(title="Child program"), CourseFactory(title="Toy Making")
    curriculum = CurriculumFactory(name="Spring", courses=[course], programs=[child])
    run = CourseRunFactory(course=course, key="course-v1:edX+One+2026")
    DueDateFactory(course_run=run, name="Essay", date="2026-12-01T00:00:00Z")
    shown = {
        curriculum: ["Toy Making", "Child program"],
        curriculum.program: ["Spring"],
        course: ["course-v1:edX+One+2026"],
        run: ["Essay"],
    }
    for row, texts in shown.items():
        page = admin_client.get(change_url(row)).content.decode()
        assert all(text in page for text in texts)


def test_a_program_keeps_its_uuid_whatever_a_form_sends(admin_client):
    program = ProgramFactory(organizations=[])
    admin_client.post(
        change_url(program),
        {"uuid": UUID_TEXT, "key": "renamed", "title": "Renamed", "type": "Masters", "status": "active"}
        | formset("programorganization_set")
        | formset("programcourse_set")
        | formset("curricula"),
    )
    uuid = program.uuid
    program.refresh_from_db()
    assert (program.title, program.uuid) == ("Renamed", uuid)
    assert program.uuid != UUID(UUID_TEXT)


def change_program(admin_client, program, **fields):
    """Send the form of a program with these fields changed; return the errors, or None when it was saved."""
    standing = {"key": program.key, "title": program.title, "type": program.type, "status": program.status}
    inlines = formset("programorganization_set") | formset("programcourse_set") | formset("curricula")
    response = admin_client.post(change_url(program), standing | fields | inlines)
    return None if response.status_code == 302 else response.context["adminform"].form.errors


def test_a_programs_key_is_changed(admin_client):
    program = ProgramFactory(organizations=[])
    assert change_program(admin_client, program, key="MBA_2026-b") is None
    program.refresh_from_db()
    assert program.key == "MBA_2026-b"


@pytest.mark.parametrize("key", ["", "master of business", "máster", "a/b", "mba.2026", "x" * 256])
def test_a_key_that_is_no_slug_is_an_error_in_the_form(admin_client, key):
    assert "key" in change_program(admin_client, ProgramFactory(organizations=[]), key=key)


def test_another_programs_key_is_an_error_in_the_form(admin_client):
    ProgramFactory(key="mba")
    errors = change_program(admin_client, ProgramFactory(organizations=[]), key="mba")
    assert errors == {"key": ["Program with this Key already exists."]}


@pytest.mark.parametrize("url", ["javascript:alert(1)", "www.example.edu/mba"])
def test_a_marketing_url_that_is_no_web_address_is_an_error_in_the_form(admin_client, url):
    assert "marketing_url" in change_program(admin_client, ProgramFactory(organizations=[]), marketing_url=url)
