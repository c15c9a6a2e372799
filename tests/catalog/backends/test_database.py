"""What is particular to the database backend: the number of queries, and how rows become records."""

import pytest

from catalog.backends.database import DatabaseCatalog
from catalog.service import get_catalog
from tests.factories.catalog import (
    CourseFactory,
    CourseRunFactory,
    CurriculumFactory,
    DueDateFactory,
    OrganizationFactory,
    ProgramFactory,
)

QUERIES = {
    "find_program": 1,
    "find_program_by_key": 1,
    "list_all_programs": 1,
    "list_programs": 1,
    "list_programs_of_type": 2,  # the known types, programs
    "list_programs_with_course_runs": 1,
    "list_programs_of_organization": 2,  # organization, programs
    "list_curricula": 7,  # curricula, course links, courses, runs, due dates, program links, programs
    "list_curriculum_uuids": 1,
    "find_course_run": 2,  # run with its course, due dates
    "list_course_runs": 2,  # runs with their courses, due dates
    "list_course_run_keys": 1,
    "find_run_placement": 1,
}


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("method", QUERIES)
def test_the_cost_does_not_grow_with_the_records(method, size, django_assert_num_queries):
    organization = OrganizationFactory(key="edX")
    child = ProgramFactory(title="Child")
    runs, programs = [], []
    for _ in range(size):
        courses = CourseFactory.create_batch(size)
        programs.append(ProgramFactory(organizations=[organization, OrganizationFactory()], courses=courses))
        for _ in range(size):
            CurriculumFactory(program=programs[-1], courses=courses, programs=[child, programs[0]])
        for course in courses:
            runs += CourseRunFactory.create_batch(size, course=course)
    for run in runs:
        DueDateFactory(course_run=run, date="2026-11-23T00:00:00Z")
    program_uuids, keys = [program.uuid for program in programs], [run.key for run in runs]
    arguments = {
        "find_program": (program_uuids[0],),
        "find_program_by_key": (programs[0].key,),
        "list_all_programs": (),
        "list_programs": (program_uuids,),
        "list_programs_of_type": ("masters",),
        "list_programs_with_course_runs": (keys,),
        "list_programs_of_organization": ("edX",),
        "list_curricula": (program_uuids[0],),
        "list_curriculum_uuids": (program_uuids,),
        "find_course_run": (keys[0],),
        "list_course_runs": (keys,),
        "list_course_run_keys": (program_uuids[0],),
        "find_run_placement": (program_uuids[0], keys[0]),
    }
    with django_assert_num_queries(QUERIES[method]):
        getattr(DatabaseCatalog(), method)(*arguments[method])


def test_the_mirror_is_the_catalog_by_default():
    assert isinstance(get_catalog(), DatabaseCatalog)


def test_a_run_without_a_title_takes_its_courses():
    run = CourseRunFactory(title="", course__title="Toy Making")
    assert DatabaseCatalog().find_course_run(run.key).title == "Toy Making"


def test_an_organization_without_programs_has_an_empty_list():
    OrganizationFactory(key="edX")
    assert DatabaseCatalog().list_programs_of_organization("edX") == []


def test_the_first_active_curriculum_goes_by_position_and_then_by_id():
    program, child = ProgramFactory(), ProgramFactory(courses=[CourseFactory()])
    run = CourseRunFactory(course=child.courses.get())
    later = CurriculumFactory(program=program, position=1)
    first = CurriculumFactory(program=program, position=0, programs=[child])
    assert DatabaseCatalog().find_run_placement(program.uuid, run.key).in_program
    type(later).objects.filter(pk=later.pk).update(position=0)
    assert first.pk > later.pk
    assert not DatabaseCatalog().find_run_placement(program.uuid, run.key).in_program
