"""Paths of the API, as clients write them, and what a write sends."""

import pytest

BASE = "/api/program_enrollments/v1/"


@pytest.fixture
def program_path(program):
    return f"{BASE}programs/{program.uuid}/"


@pytest.fixture
def enrollments_path(program_path):
    return f"{program_path}enrollments/"


@pytest.fixture
def course_path(program_path, course_run, curriculum):
    return f"{program_path}courses/{course_run.key}/"


@pytest.fixture
def course_enrollments_path(course_path):
    return f"{course_path}enrollments/"


@pytest.fixture
def record(curriculum):
    """Makes a well-formed record of a program enrollment."""

    def make(student_key, status="enrolled", **fields):
        return {
            "student_key": student_key,
            "status": status,
            "curriculum_uuid": str(curriculum.uuid),
        } | fields

    return make
