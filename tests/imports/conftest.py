"""A program to import into, and imports that run in the test's own process."""

from io import BytesIO

import pytest
from django.test import Client

from imports.constants import ImportKind
from imports.models import Import
from imports.running import run_imports_of_program
from imports.service import create_import
from tests.factories.access import RoleAssignmentFactory
from tests.factories.catalog import (
    CourseFactory,
    CourseRunFactory,
    CurriculumFactory,
    OrganizationFactory,
    ProgramFactory,
)
from tests.factories.learners import RUN_KEY, StaffFactory


@pytest.fixture(autouse=True)
def _files_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def school(db):
    return OrganizationFactory(key="UCDavis")


@pytest.fixture
def course(db):
    return CourseFactory(key="edX+ToyX", title="Toys")


@pytest.fixture
def course_run(course):
    return CourseRunFactory(course=course, key=RUN_KEY, external_key="TOY-1")


@pytest.fixture
def curriculum(school, course, course_run):
    return CurriculumFactory(program=ProgramFactory(organizations=[school]), courses=[course])


@pytest.fixture
def program(curriculum):
    return curriculum.program


@pytest.fixture
def upload(program):
    """Create an import of the lines; `run` it too, unless told otherwise."""

    def upload(*lines, kind=ImportKind.PROGRAM_ENROLLMENTS, run=True, **options):
        file = BytesIO("".join(f"{line}\n" for line in lines).encode())
        item = create_import(program_uuid=program.uuid, kind=kind, file=file, **options)
        if run:
            run_imports_of_program(program.uuid)
        return Import.objects.get(pk=item.pk)

    return upload


@pytest.fixture
def run(program):
    """Do what a worker does."""

    def run():
        assert run_imports_of_program(program.uuid)

    return run


@pytest.fixture
def boss(db):
    return StaffFactory(username="boss", is_superuser=True)


@pytest.fixture
def office(boss):
    """A browser in which a superuser is signed in."""
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def make_clerk(school):
    """Make browsers in which staff are signed in who hold a role on the school, or another place, and nothing else."""

    def make_clerk(role="writer", **place):
        clerk = StaffFactory()
        RoleAssignmentFactory(user=clerk, role=role, **(place or {"organization_key": school.key}))
        client = Client()
        client.force_login(clerk)
        return client

    return make_clerk
