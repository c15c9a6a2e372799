"""Factories of the catalog. Lists are given to `organizations`, `courses` and `programs` in order."""

from typing import Any

import factory
from opaque_keys.edx.keys import CourseKey

from catalog.models import (
    Course,
    CourseRun,
    Curriculum,
    CurriculumCourse,
    CurriculumProgram,
    DueDate,
    Organization,
    Program,
    ProgramCourse,
    ProgramOrganization,
)


class OrganizationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Organization

    key = factory.Sequence(lambda n: f"Org{n}")
    name = factory.LazyAttribute(lambda o: f"University {o.key}")


class CourseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Course

    key = factory.Sequence(lambda n: f"edX+Course{n}")
    title = factory.LazyAttribute(lambda o: f"Course {o.key}")


class CourseRunFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CourseRun

    course = factory.SubFactory(CourseFactory)
    key = factory.Sequence(lambda n: CourseKey.from_string(f"course-v1:edX+Course{n}+2026"))
    title = factory.LazyAttribute(lambda o: f"Run {o.key}")


class DueDateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DueDate

    course_run = factory.SubFactory(CourseRunFactory)
    name = factory.Sequence(lambda n: f"Homework {n}")


class ProgramFactory(factory.django.DjangoModelFactory):
    """`organizations` (default: one of its own) and `courses`, each in order."""

    class Meta:
        model = Program
        skip_postgeneration_save = True

    key = factory.Sequence(lambda n: f"program-key-{n}")
    title = factory.Sequence(lambda n: f"Program {n}")
    type = "Masters"
    marketing_slug = factory.Sequence(lambda n: f"program-{n}")
    status = "active"

    @factory.post_generation
    def organizations(self: Any, create: bool, extracted: list[Organization] | None, **kwargs: Any) -> None:
        chosen = [OrganizationFactory()] if extracted is None else extracted
        for position, organization in enumerate(chosen):
            ProgramOrganization.objects.create(program=self, organization=organization, position=position)

    @factory.post_generation
    def courses(self: Any, create: bool, extracted: list[Course] | None, **kwargs: Any) -> None:
        for position, course in enumerate(extracted or []):
            ProgramCourse.objects.create(program=self, course=course, position=position)


class CurriculumFactory(factory.django.DjangoModelFactory):
    """`courses` and child `programs`, each in order."""

    class Meta:
        model = Curriculum
        skip_postgeneration_save = True

    program = factory.SubFactory(ProgramFactory)
    name = factory.Sequence(lambda n: f"Curriculum {n}")
    is_active = True

    @factory.post_generation
    def courses(self: Any, create: bool, extracted: list[Course] | None, **kwargs: Any) -> None:
        for position, course in enumerate(extracted or []):
            CurriculumCourse.objects.create(curriculum=self, course=course, position=position)

    @factory.post_generation
    def programs(self: Any, create: bool, extracted: list[Program] | None, **kwargs: Any) -> None:
        for position, program in enumerate(extracted or []):
            CurriculumProgram.objects.create(curriculum=self, program=program, position=position)
