"""Answers of a Course Discovery server, small and whole; override any field."""

UUIDS = {name: f"00000000-0000-4000-8000-{number:012}" for number, name in enumerate("ABCDEFGH", start=1)}


def run(name, **fields):
    return {
        "key": f"course-v1:edX+{name}+2026",
        "title": f"Run of {name}",
        "external_key": None,
        "marketing_url": None,
        "start": "2026-01-12T05:00:00Z",
        "end": None,
        "pacing_type": "instructor_paced",
    } | fields


def course(name, *runs, **fields):
    return {"key": f"edX+{name}", "title": f"Course {name}", "course_runs": list(runs) or [run(name)]} | fields


def curriculum(name, *, courses=(), programs=(), **fields):
    return {
        "uuid": UUIDS[name].replace("4000", "4001"),
        "name": f"Curriculum {name}",
        "is_active": True,
        "courses": list(courses),
        "programs": list(programs),
    } | fields


def program(name, **fields):
    return {
        "uuid": UUIDS[name],
        "title": f"Program {name}",
        "type": "Masters",
        "marketing_slug": f"masters/program-{name.lower()}",
        "marketing_url": f"https://www.example.edu/masters/program-{name.lower()}",
        "status": "active",
        "authoring_organizations": [{"key": "edX", "name": "edX University"}],
        "courses": [],
        "curricula": [],
    } | fields


def page(*programs, **fields):
    return {"count": len(programs), "next": None, "previous": None, "results": list(programs)} | fields
