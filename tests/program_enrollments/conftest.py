"""A school with a program, its curriculum and course runs."""

import pytest

from tests.factories.catalog import (
    CourseFactory,
    CourseRunFactory,
    CurriculumFactory,
    OrganizationFactory,
    ProgramFactory,
)
from tests.factories.learners import RUN_KEY, IdentityProviderFactory


@pytest.fixture
def school(db):
    return OrganizationFactory(key="UCDavis")


@pytest.fixture
def identity_provider(school):
    return IdentityProviderFactory(organization=school, slug="ucd")


@pytest.fixture
def course(db):
    return CourseFactory(key="edX+ToyX", title="Toys")


@pytest.fixture
def course_run(course):
    return CourseRunFactory(course=course, key=RUN_KEY)


@pytest.fixture
def program(school):
    return ProgramFactory(organizations=[school], title="Master of Toys")


@pytest.fixture
def curriculum(program, course, course_run):
    return CurriculumFactory(program=program, courses=[course])
