"""Grades for a worker in a process of its own: they are read when a file says so, and how."""

import os
import time
from pathlib import Path

from grades.service import CourseGrade, GradeResult


class WaitingGrades:
    def iter_course_grades(self, course_key, users):
        word = Path(os.environ["GRADES_FILE"])
        if "STARTED_FILE" in os.environ:
            Path(os.environ["STARTED_FILE"]).touch()
        while not word.exists():
            time.sleep(0.02)
        if word.read_text() == "fail":
            raise RuntimeError
        for user in users:
            yield GradeResult(user, CourseGrade(percent=0.95, letter_grade="A", passed=True), None)
