"""`load_catalog` from a file."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from opaque_keys.edx.keys import CourseKey

from catalog.backends.database import DatabaseCatalog
from catalog.models import Course, CourseRun, Curriculum, DueDate, Organization, Program
from tests.catalog.discovery_answers import UUIDS, course, curriculum, page, program, run
from tests.factories.catalog import CourseRunFactory, DueDateFactory, ProgramFactory

REAL_FILE = Path(__file__).parents[3] / "data" / "discovery_programs.json"
RUN_KEY = CourseKey.from_string("course-v1:edX+One+2026")


@pytest.fixture
def load(tmp_path, capsys):
    """A function that loads an answer (JSON, or raw bytes) and returns what the command printed, line by line."""

    def load_answer(answer):
        file = tmp_path / "answer.json"
        file.write_bytes(answer if isinstance(answer, bytes) else json.dumps(answer).encode())
        call_command("load_catalog", str(file), no_color=True)
        return capsys.readouterr().out.splitlines()

    return load_answer


def counts():
    return [model.objects.count() for model in (Organization, Program, Curriculum, Course, CourseRun)]


# The real answer


def test_the_real_answer_is_loaded_whole():
    call_command("load_catalog", str(REAL_FILE), verbosity=0)
    catalog = DatabaseCatalog()
    assert counts() == [4, 7, 7, 20, 56]
    computer_science = catalog.find_program(UUID("e5c907ae-eeff-5694-a31e-8b6525267c97"))
    assert computer_science.title == "Master of Computer Science"
    assert [o.key for o in computer_science.authoring_organizations] == ["UTAustinX", "UAMx"]
    assert [c.name for c in catalog.list_curricula(computer_science.uuid)] == ["MCSO Systems", "MCSO Machine Learning"]
    history = catalog.find_program(UUID("bca41f53-0561-56e7-a415-eef974b84a05"))
    assert (history.title, history.status) == ("Máster en Historia Moderna: «Monarquía de España»", "unpublished")
    assert CourseRun.objects.filter(pacing="self", end=None).count() == 2


def test_the_real_answers_child_program_counts_for_its_parent():
    call_command("load_catalog", str(REAL_FILE), verbosity=0)
    catalog = DatabaseCatalog()
    parent, child = UUID("b56b1a79-59c3-5f5a-85e3-ebedafe764c0"), UUID("d59e3ba7-3dde-5c85-adc9-8013e944cc25")
    assert catalog.list_course_run_keys(child) < catalog.list_course_run_keys(parent)


def test_the_real_answer_changes_nothing_the_second_time(capsys, django_assert_num_queries):
    call_command("load_catalog", str(REAL_FILE))
    first = capsys.readouterr().out
    assert "added program fcfe93c3-9123-4a58-a190-8614c96b8eab Master of Business Administration\n" in first
    assert first.endswith("The catalog is up to date: 94 added, 0 changed, 0 retired.\n")
    with django_assert_num_queries(
        15
    ) as queries:  # savepoint, lock, keys, 5 kinds of rows, 4 of links, 2 to retire, release
        call_command("load_catalog", str(REAL_FILE))
    assert capsys.readouterr().out == "The catalog is up to date: nothing changed.\n"
    assert not [q for q in queries.captured_queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_nothing_is_printed_when_quiet(capsys):
    call_command("load_catalog", str(REAL_FILE), verbosity=0)
    assert capsys.readouterr().out == ""


# What a load does


def test_everything_is_taken_over_in_order(load):
    lines = load(
        page(
            program(
                "A",
                authoring_organizations=[{"key": "Z", "name": "Zoo"}, {"key": "B", "name": "Bee"}],
                courses=[
                    course("Two"),
                    course(
                        "One",
                        run("One", external_key="X1", pacing_type="self_paced", marketing_url="https://x.example"),
                    ),
                ],
                curricula=[
                    curriculum("B", is_active=False),
                    curriculum("A", courses=[course("Two")], programs=[program("C"), program("B")]),
                ],
            )
        )
    )
    written = Program.objects.get(uuid=UUIDS["A"])
    assert [o.key for o in written.authoring_organizations.order_by("programorganization")] == ["Z", "B"]
    assert [c.key for c in written.courses.order_by("programcourse")] == ["edX+Two", "edX+One"]
    assert [(c.name, c.is_active) for c in written.curricula.all()] == [("Curriculum B", False), ("Curriculum A", True)]
    children = written.curricula.get(is_active=True).programs.order_by("curriculumprogram")
    assert [str(child.uuid) for child in children] == [UUIDS["C"], UUIDS["B"]]
    assert CourseRun.objects.filter(
        key=RUN_KEY,
        external_key="X1",
        pacing="self",
        start="2026-01-12T05:00:00Z",
        end=None,
        title="Run of One",
        marketing_url="https://x.example",
    ).exists()
    assert written.marketing_url == "https://www.example.edu/masters/program-a"
    assert lines[-1] == "The catalog is up to date: 12 added, 0 changed, 0 retired."


def test_a_plain_list_of_programs_is_an_answer_too(load):
    load([program("A")])
    assert Program.objects.get().title == "Program A"


def test_what_an_answer_leaves_out_takes_its_default(load):
    load([{"uuid": UUIDS["A"], "curricula": [{"uuid": UUIDS["B"], "courses": [{"key": "edX+One"}]}]}])
    assert Program.objects.filter(status="active", title="", type="").exists()
    assert Curriculum.objects.filter(is_active=True, name="").exists()


def test_only_what_differs_is_changed_and_named(load):
    answer = page(program("A", courses=[course("One"), course("Two")]), program("B"))
    load(answer)
    untouched = Program.objects.get(uuid=UUIDS["B"]).modified
    changed_program = program(
        "A", title="New title", courses=[course("Two"), course("One", run("One", end="2026-05-01T00:00:00Z"))]
    )
    assert load(page(changed_program, program("B"))) == [
        "changed course run course-v1:edX+One+2026: end",
        f"changed program {UUIDS['A']} New title: title, courses",
        "The catalog is up to date: 0 added, 2 changed, 0 retired.",
    ]
    assert [c.key for c in Program.objects.get(uuid=UUIDS["A"]).courses.order_by("programcourse")] == [
        "edX+Two",
        "edX+One",
    ]
    assert Program.objects.get(uuid=UUIDS["B"]).modified == untouched


def test_a_change_says_when_it_was_made(load, time_machine):
    load([program("A")])
    time_machine.move_to("2027-01-01T00:00:00Z")
    load([program("A", title="New title")])
    assert Program.objects.get().modified.year == 2027


def test_a_program_that_is_gone_is_retired_and_comes_back(load):
    load(page(program("A"), program("B")))
    assert load(page(program("A"))) == [
        f"retired program {UUIDS['B']} Program B",
        "The catalog is up to date: 0 added, 0 changed, 1 retired.",
    ]
    assert Program.objects.get(uuid=UUIDS["B"]).status == "retired"
    assert load(page(program("A"))) == ["The catalog is up to date: nothing changed."]
    assert load(page(program("A"), program("B")))[0] == f"changed program {UUIDS['B']} Program B: status"


@pytest.mark.parametrize("neighbour", ["next", "previous"])
def test_no_program_is_retired_by_a_file_that_is_one_page_of_several(load, neighbour):
    ProgramFactory(uuid=UUIDS["B"])
    lines = load(page(program("A"), **{neighbour: "https://discovery.example.edu/api/v1/programs/?page=7"}))
    assert lines[0] == "This is one page of several: programs that it lacks are left alone."
    assert Program.objects.get(uuid=UUIDS["B"]).status == "active"


def test_a_curriculum_that_is_gone_is_no_longer_active(load):
    load([program("A", curricula=[curriculum("A"), curriculum("B")])])
    lines = load([program("A", curricula=[curriculum("A")])])
    assert lines[0].endswith("Curriculum B")
    assert lines[0].startswith("retired curriculum")
    assert Curriculum.objects.get(name="Curriculum B").is_active is False


def test_a_course_run_that_is_gone_is_kept(load):
    load([program("A", courses=[course("One", run("One"), run("Late"))])])
    assert load([program("A", courses=[course("One", run("One"))])]) == ["The catalog is up to date: nothing changed."]
    assert CourseRun.objects.count() == 2


def test_a_course_that_leaves_a_program_leaves_its_runs_outside(load):
    load([program("A", courses=[course("One")])])
    load([program("A")])
    assert DatabaseCatalog().list_course_run_keys(UUID(UUIDS["A"])) == frozenset()
    assert Course.objects.count() == 1


def test_due_dates_and_course_mail_stay_as_they_are(load):
    mirrored = CourseRunFactory(key=RUN_KEY, email_enabled=True)
    DueDateFactory(course_run=mirrored, date="2026-11-30T00:00:00Z")
    load([program("A", courses=[course("One")])])
    mirrored.refresh_from_db()
    assert (mirrored.title, mirrored.email_enabled, DueDate.objects.count()) == ("Run of One", True, 1)


def test_a_shared_course_is_one_row_with_the_runs_of_all_its_descriptions(load):
    load([program("A", courses=[course("One", run("One"))]), program("B", courses=[course("One", run("Late"))])])
    assert [str(run.key) for run in Course.objects.get().runs.all()] == [
        "course-v1:edX+One+2026",
        "course-v1:edX+Late+2026",
    ]
    assert Course.objects.get().programs.count() == 2


def test_the_first_description_stands_when_two_contradict(load):
    load([program("A", courses=[course("One"), course("One", title="Other")]), program("A", title="Other")])
    assert (Program.objects.get().title, Course.objects.get().title) == ("Program A", "Course One")


def test_a_program_of_the_list_goes_before_its_nested_description(load):
    nested = program("B", title="Nested", curricula=[curriculum("C")])
    load([program("A", curricula=[curriculum("A", programs=[nested])]), program("B")])
    assert Program.objects.get(uuid=UUIDS["B"]).title == "Program B"
    assert Curriculum.objects.count() == 1


def test_deeply_nested_programs_are_loaded(load):
    deep = program("H")
    for name in "GFEDCBA":
        deep = program(name, curricula=[curriculum(name, programs=[deep])])
    load([deep])
    assert Program.objects.count() == 8


# Keys of programs


def key_of(name):
    return Program.objects.get(uuid=UUIDS[name]).key


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"marketing_slug": "masters/gtx-analytics"}, "gtx-analytics"),
        ({"marketing_slug": "es/masters/Historia Moderna/"}, "historia-moderna"),
        ({"marketing_slug": "ms_in_cs"}, "ms_in_cs"),
        ({"marketing_slug": "x" * 200}, "x" * 100),
        ({"marketing_slug": "", "title": "Máster en «Historia»"}, "master-en-historia"),
        ({"marketing_slug": None, "title": "修士"}, "program-00000000"),
        ({"marketing_slug": "///", "title": None}, "program-00000000"),
    ],
)
def test_a_new_program_gets_the_slug_of_its_marketing_slug_else_of_its_title(load, fields, key):
    load([program("A", **fields)])
    assert key_of("A") == key


def test_a_program_keeps_its_key_when_its_marketing_slug_changes(load):
    load([program("A", marketing_slug="first")])
    load([program("A", marketing_slug="second")])
    assert key_of("A") == "first"


def test_a_key_that_staff_set_is_kept(load):
    ProgramFactory(uuid=UUIDS["A"], key="MBA_2026")
    load([program("A")])
    assert key_of("A") == "MBA_2026"


def test_a_key_that_is_taken_is_numbered_and_told(load):
    ProgramFactory(uuid=UUIDS["A"], key="mba")
    lines = load([program(name, marketing_slug="mba") for name in "ABC"])
    assert [key_of(name) for name in "ABC"] == ["mba", "mba-2", "mba-3"]
    assert f"added program {UUIDS['B']} Program B: its key is mba-2, since another program has mba" in lines
    assert f"added program {UUIDS['C']} Program C: its key is mba-3, since another program has mba" in lines
    assert load([program(name, marketing_slug="mba") for name in "ABC"]) == [
        "The catalog is up to date: nothing changed."
    ]


def test_a_numbered_key_is_no_longer_than_others(load):
    load([program(name, marketing_slug="x" * 120) for name in "AB"])
    assert key_of("B") == "x" * 98 + "-2"


# What is refused


def without(record, name):
    return {key: value for key, value in record.items() if key != name}


NESTED = "results[1].curricula[0].courses[0].course_runs[0]"


def with_run(**fields):
    broken = course("One", run("One", **fields))
    return page(program("B"), program("A", curricula=[curriculum("A", courses=[broken])]))


MALFORMED = {
    "not JSON": (b"<html>", "not JSON: Expecting value"),
    "empty": (b"", "not JSON: Expecting value"),
    "not text": (b"\xff\xff\xff", "not JSON: "),
    "too deep": (b"[" * 100_000, "not JSON that can be read: nested too deeply"),
    "too long a number": (b"[" + b"9" * 5000 + b"]", "not JSON: "),
    "a number": (5, "not an object: 5"),
    "null": (None, "not an object: null"),
    "no results": ({"detail": "no"}, "results: missing"),
    "results no list": ({"results": {"a": 1}}, 'results: not a list: {"a": 1}'),
    "no program": (page(), "results: no program at all"),
    "program no object": (page("A"), 'results[0]: not an object: "A"'),
    "plain list": ([program("A"), 7], "[1]: not an object: 7"),
    "no uuid": (page(without(program("A"), "uuid")), "results[0].uuid: missing or blank"),
    "bad uuid": (page(program("A", uuid="x")), 'results[0].uuid: not a uuid: "x"'),
    "uuid no text": (page(program("A", uuid=7)), "results[0].uuid: not a text: 7"),
    "title no text": (page(program("A", title=["x"])), 'results[0].title: not a text: ["x"]'),
    "long title": (page(program("A", title="x" * 256)), "results[0].title: longer than 255 characters"),
    "long type": (page(program("A", type="x" * 65)), "results[0].type: longer than 64 characters"),
    "long status": (page(program("A", status="x" * 25)), "results[0].status: longer than 24 characters"),
    "long url": (page(program("A", marketing_url="x" * 2001)), "results[0].marketing_url: longer than 2000 characters"),
    "run url": (with_run(marketing_url=7), f"{NESTED}.marketing_url: not a text: 7"),
    "NUL": (page(program("A", title="a\0b")), "results[0].title: holds characters that cannot be stored"),
    "surrogate": (page(program("A", title="\ud800")), "results[0].title: holds characters that cannot be stored"),
    "authors": (
        page(program("A", authoring_organizations="edX")),
        'results[0].authoring_organizations: not a list: "edX"',
    ),
    "author": (
        page(program("A", authoring_organizations=[{"name": "x"}])),
        "results[0].authoring_organizations[0].key: missing or blank",
    ),
    "curriculum": (page(program("A", curricula=[3])), "results[0].curricula[0]: not an object: 3"),
    "curriculum uuid": (
        page(program("A", curricula=[curriculum("A", uuid="")])),
        "results[0].curricula[0].uuid: missing or blank",
    ),
    "is_active": (
        page(program("A", curricula=[curriculum("A", is_active="yes")])),
        'results[0].curricula[0].is_active: neither true nor false: "yes"',
    ),
    "child": (
        page(program("A", curricula=[curriculum("A", programs=[program("B"), {}])])),
        "results[0].curricula[0].programs[1].uuid: missing or blank",
    ),
    "child's course": (
        page(program("A", curricula=[curriculum("A", programs=[program("B", courses=[{}])])])),
        "results[0].curricula[0].programs[0].courses[0].key: missing or blank",
    ),
    "run key": (with_run(key="x"), f'{NESTED}.key: not a course run key: "x"'),
    "run key with branch": (
        with_run(key="course-v1:a+b+c+branch@draft"),
        f'{NESTED}.key: not a course run key: "course-v1:a+b+c+branch@draft"',
    ),
    "library key": (with_run(key="library-v1:a+b"), f'{NESTED}.key: not a course run key: "library-v1:a+b"'),
    "no run key": (with_run(key=None), f"{NESTED}.key: missing or blank"),
    "start": (with_run(start="soon"), f'{NESTED}.start: not an ISO 8601 time with its zone: "soon"'),
    "no zone": (
        with_run(start="2026-01-01T00:00:00"),
        f'{NESTED}.start: not an ISO 8601 time with its zone: "2026-01-01T00:00:00"',
    ),
    "too early": (
        with_run(end="0001-01-01T00:00:00+14:00"),
        f'{NESTED}.end: not an ISO 8601 time with its zone: "0001-01-01T00:00:00+14:00"',
    ),
    "pacing": (with_run(pacing_type="fast"), f'{NESTED}.pacing_type: neither instructor_paced nor self_paced: "fast"'),
    "long value": (page(program("A", uuid="x" * 200)), f'results[0].uuid: not a uuid: "{"x" * 79}…'),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_answer_is_refused_with_the_path_of_what_is_wrong(load, case):
    answer, complaint = MALFORMED[case]
    with pytest.raises(CommandError) as refusal:
        load(answer)
    assert str(refusal.value).startswith(f"Nothing was changed. {complaint}")
    assert counts() == [0, 0, 0, 0, 0]


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("load_catalog", str(tmp_path / "nowhere.json"))


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(CommandError, match="Is a directory"):
        call_command("load_catalog", str(tmp_path))


def test_a_source_is_asked_for():
    with pytest.raises(CommandError, match="FILE --url is required"):
        call_command("load_catalog")
