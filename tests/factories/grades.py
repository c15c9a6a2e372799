"""Factories of grades."""

import factory

from grades.models import CourseGrade
from tests.factories.learners import RUN_KEY, UserFactory


class CourseGradeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CourseGrade

    user = factory.SubFactory(UserFactory)
    course_key = RUN_KEY
    percent = 0.875
    letter_grade = "B"
    passed = True
