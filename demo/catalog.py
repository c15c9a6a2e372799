"""The demo catalog: where its files are, and the keys in it that the demo speaks of."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DATA_FOLDER = Path(__file__).resolve().parent / "data"
CATALOG_FILE = DATA_FOLDER / "discovery_programs.json"
PROGRAM_ROSTER_FILE = DATA_FOLDER / "ucd_mba_program_enrollments.csv"
COURSE_ROSTER_FILE = DATA_FOLDER / "ucd_mba_course_enrollments.csv"

WRITTEN_AT = datetime(2026, 11, 23, tzinfo=UTC)
"""The day that the dates in the catalog file were chosen for: spring was completed, autumn is in progress."""

UCDAVIS = "UCDavis"
GTX = "GTx"

MBA_PROGRAM = "fcfe93c3-9123-4a58-a190-8614c96b8eab"
MBA_CURRICULUM = "8ef7ba75-0b2f-434e-ab55-8f3436c6471f"
ANALYTICS_PROGRAM = "b56b1a79-59c3-5f5a-85e3-ebedafe764c0"
ANALYTICS_CURRICULUM = "13b74220-2044-5179-8084-8dfcb9c1e81e"
MICROMASTERS_PROGRAM = "d59e3ba7-3dde-5c85-adc9-8013e944cc25"
MICROMASTERS_CURRICULUM = "5e0b8a5c-6c3e-4f0e-9f55-4b7d1b1f6a01"

ACCOUNTING_COMPLETED = "course-v1:UCDavis+MGT200A+2026_Spring"
ACCOUNTING_IN_PROGRESS = "course-v1:UCDavis+MGT200A+2026_Fall"
DATA_ANALYSIS_IN_PROGRESS = "course-v1:UCDavis+MGT203A+2026_Fall"
MARKETING_UPCOMING = "course-v1:UCDavis+MGT204+2027_Spring"
PYTHON_SELF_PACED = "course-v1:GTx+CS1301+open"
SIMULATION_SELF_PACED = "course-v1:GTx+ISYE6644+open"
ANALYTICS_MODELING_IN_PROGRESS = "course-v1:GTx+ISYE6501+2026_Fall"
MBA_RUNS_IN_PROGRESS = tuple(
    f"course-v1:UCDavis+{course}+2026_Fall" for course in ("MGT200A", "MGT203A", "MGT204", "MGT205", "MGT224", "MGT440")
)


def read_course_runs() -> list[dict[str, Any]]:
    """Return the course runs of the catalog file, as it describes them; a run of two programs comes once."""
    programs = json.loads(CATALOG_FILE.read_text(encoding="utf-8"))["results"]
    courses = [course for program in programs for course in program["courses"]]
    courses += [
        course for program in programs for curriculum in program["curricula"] for course in curriculum["courses"]
    ]
    return list({run["key"]: run for course in courses for run in course["course_runs"]}.values())
