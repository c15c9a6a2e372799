"""Records are read the same, whether all at once or each field by the serializer."""

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import ListSerializer

from program_enrollments.rest_api.v1.bodies import read_records
from program_enrollments.rest_api.v1.serializers import (
    ProgramCourseEnrollmentRecordSerializer,
    ProgramEnrollmentChangeSerializer,
    ProgramEnrollmentRecordSerializer,
)

CURRICULUM = UUID(int=1)
PLAIN = {"student_key": "guide-1", "status": "enrolled", "curriculum_uuid": str(CURRICULUM)}
SERIALIZERS = (
    ProgramEnrollmentRecordSerializer,
    ProgramEnrollmentChangeSerializer,
    ProgramCourseEnrollmentRecordSerializer,
)

texts = st.one_of(
    st.sampled_from(
        ["guide-1", "enrolled", "", " ", " a", "a ", "Zoë", "\ud800", "\x00", "a\u2028b", "\u00a0", "x" * 256]
    ),
    st.sampled_from([str(CURRICULUM), CURRICULUM.hex, str(CURRICULUM).upper(), f"{{{CURRICULUM}}}", f"-{CURRICULUM}"]),
    st.text(max_size=6),
)
values = st.one_of(texts, st.none(), st.booleans(), st.integers(), st.lists(texts, max_size=1))
names = st.sampled_from(["student_key", "external_user_key", "status", "curriculum_uuid", "course_staff", "other"])
records = st.one_of(st.dictionaries(names, values), st.fixed_dictionaries(dict.fromkeys(PLAIN, texts)), values)


def read_by_serializer(serializer_class, body):
    serializer = serializer_class(data=body, many=True)
    serializer.is_valid(raise_exception=True)
    return [dict(record) for record in serializer.validated_data]


def outcome_of(read, *arguments):
    try:
        return [dict(record) for record in read(*arguments)]
    except ValidationError as error:
        return repr(error.detail)


@pytest.mark.parametrize("serializer_class", SERIALIZERS)
@given(body=st.lists(records, max_size=3))
@example(body=[PLAIN, PLAIN | {"course_staff": True}])
@example(body=[{"student_key": "guide-1", "status": "active", "course_staff": False}])
def test_records_are_read_as_the_serializer_reads_them(serializer_class, body):
    assert outcome_of(read_records, serializer_class, body) == outcome_of(read_by_serializer, serializer_class, body)


def test_plain_records_are_no_work_for_the_serializer(monkeypatch):
    monkeypatch.setattr(ListSerializer, "is_valid", None)

    assert read_records(ProgramEnrollmentRecordSerializer, [PLAIN]) == [PLAIN | {"curriculum_uuid": CURRICULUM}]
