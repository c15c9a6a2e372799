"""Admin pages of grades."""

from django.contrib import admin

from grades.models import CourseGrade
from learners.course_run_admin import CourseRunHoldingAdmin


@admin.register(CourseGrade)
class CourseGradeAdmin(CourseRunHoldingAdmin):
    """Grades recorded here; those that an LMS keeps are not among them."""

    list_display = ("user", "course_key", "percentage", "letter_grade", "passed", "passed_at")
    list_filter = ("passed", "passed_at")

    @admin.display(description="percent", ordering="percent")
    def percentage(self, grade: CourseGrade) -> str:
        return f"{grade.percent:.1%}"
