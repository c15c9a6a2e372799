"""The admin page of grades."""

import pytest

from grades.models import CourseGrade
from tests.factories.learners import RUN_KEY, UserFactory


@pytest.mark.parametrize(
    ("percent", "sentence"),
    [
        ("88", "Ensure this value is less than or equal to 1."),
        ("-0.1", "Ensure this value is greater than or equal to 0."),
    ],
)
def test_a_percent_that_is_no_fraction_is_an_error_in_the_form(admin_client, percent, sentence):
    form = {"user": UserFactory().pk, "course_key": RUN_KEY, "percent": percent, "letter_grade": ""}

    response = admin_client.post("/admin/grades/coursegrade/add/", form)

    assert response.context["adminform"].form.errors == {"percent": [sentence]}
    assert not CourseGrade.objects.exists()
