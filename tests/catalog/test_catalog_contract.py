"""What every catalog backend must answer (contract section 6). A new backend joins by one entry in BACKENDS."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from opaque_keys.edx.keys import CourseKey

from catalog.backends.database import DatabaseCatalog
from catalog.constants import Pacing
from catalog.fakes import InMemoryCatalog, ProgramContent
from catalog.service import Course, CourseRun, Curriculum, DueDate, Organization, Program, RunPlacement
from tests.factories.catalog import (
    CourseFactory,
    CourseRunFactory,
    CurriculumFactory,
    DueDateFactory,
    OrganizationFactory,
    ProgramFactory,
)

NOWHERE = RunPlacement(in_program=False, curriculum_uuids=frozenset())


def store_in_database(*contents):
    """Write the same catalog that `InMemoryCatalog(contents)` holds."""
    organizations, courses, programs = {}, {}, {}
    for content in contents:
        for organization in reversed(content.program.authoring_organizations):
            if organization.key not in organizations:
                organizations[organization.key] = OrganizationFactory(key=organization.key, name=organization.name)
        for course in (*content.courses, *(course for c in content.curricula for course in c.courses)):
            if course.key not in courses:
                courses[course.key] = store_course(course)
        programs[content.program.uuid] = ProgramFactory(
            uuid=content.program.uuid,
            key=content.program.key,
            title=content.program.title,
            type=content.program.type,
            marketing_slug=content.program.marketing_slug,
            marketing_url=content.program.marketing_url,
            status=content.program.status,
            organizations=[organizations[o.key] for o in content.program.authoring_organizations],
            courses=[courses[course.key] for course in content.courses],
        )
    for content in contents:
        for position, curriculum in enumerate(content.curricula):
            CurriculumFactory(
                uuid=curriculum.uuid,
                program=programs[content.program.uuid],
                name=curriculum.name,
                is_active=curriculum.is_active,
                position=position,
                courses=[courses[course.key] for course in curriculum.courses],
                programs=[programs[uuid] for uuid in curriculum.child_program_uuids],
            )
    return DatabaseCatalog()


def store_course(course):
    row = CourseFactory(key=course.key, title=course.title)
    for run in course.runs:
        run_row = CourseRunFactory(
            key=run.key,
            course=row,
            external_key=run.external_key,
            title=run.title,
            marketing_url=run.marketing_url,
            start=run.start,
            end=run.end,
            pacing=run.pacing,
            email_enabled=run.email_enabled,
        )
        for due in reversed(run.due_dates):
            DueDateFactory(course_run=run_row, name=due.name, url=due.url, date=due.date)
    return row


BACKENDS = {"memory": lambda *contents: InMemoryCatalog(contents), "database": store_in_database}


@pytest.fixture(params=BACKENDS)
def catalog_of(request):
    """A function from contents to a backend that holds them."""
    return BACKENDS[request.param]


ORGANIZATION = Organization(key="edX", name="edX University")
OTHER_ORGANIZATION = Organization(key="Other", name="")


def run_key(name):
    return CourseKey.from_string(f"course-v1:edX+{name}+2026")


def run_of(name, **fields):
    defaults = {
        "key": run_key(name),
        "external_key": None,
        "title": f"Run of {name}",
        "marketing_url": "",
        "start": None,
        "end": None,
        "pacing": Pacing.INSTRUCTOR,
        "email_enabled": False,
        "due_dates": (),
    }
    return CourseRun(**(defaults | fields))


def course(name, *runs):
    return Course(key=f"edX+{name}", title=f"Course {name}", runs=runs or (run_of(name),))


def program(title="Program", program_type="Masters", organizations=(ORGANIZATION,), **fields):
    uuid = uuid4()
    defaults = {"key": f"key-of-{uuid}", "marketing_url": ""}
    return Program(
        uuid=uuid,
        title=title,
        type=program_type,
        marketing_slug=title.lower(),
        status="active",
        authoring_organizations=organizations,
        **(defaults | fields),
    )


def curriculum(*, courses=(), children=(), is_active=True):
    return Curriculum(
        uuid=uuid4(),
        name="Curriculum",
        is_active=is_active,
        courses=courses,
        child_program_uuids=tuple(child.uuid for child in children),
    )


# Programs


def test_a_program_comes_whole_with_its_organizations_in_order(catalog_of):
    wanted = program(
        "Máster «Historia»",
        organizations=(ORGANIZATION, OTHER_ORGANIZATION),
        key="Historia_2-b",
        marketing_url="https://www.example.edu/historia",
    )
    catalog = catalog_of(ProgramContent(wanted), ProgramContent(program("Other")))
    assert catalog.find_program(wanted.uuid) == wanted


def test_a_program_without_organizations_has_an_empty_tuple(catalog_of):
    wanted = program(organizations=())
    assert catalog_of(ProgramContent(wanted)).find_program(wanted.uuid).authoring_organizations == ()


def test_no_program_is_found_when_the_uuid_is_unknown(catalog_of):
    assert catalog_of(ProgramContent(program())).find_program(UUID(int=0)) is None


def test_a_program_is_found_by_its_key_in_exactly_its_case(catalog_of):
    wanted, other = program("A", key="masters-in-cs"), program("B", key="Masters-in-CS")
    catalog = catalog_of(ProgramContent(wanted), ProgramContent(other))
    assert catalog.find_program_by_key("masters-in-cs") == wanted
    assert catalog.find_program_by_key("Masters-in-CS") == other


@pytest.mark.parametrize("asked", ["", "MBA", "mba ", "mb", "mba%", "mba\0", "m" * 300])
def test_no_program_is_found_when_the_key_is_unknown(catalog_of, asked):
    assert catalog_of(ProgramContent(program(key="mba"))).find_program_by_key(asked) is None


def test_no_program_is_found_by_its_uuid_instead_of_its_key(catalog_of):
    known = program()
    assert catalog_of(ProgramContent(known)).find_program_by_key(str(known.uuid)) is None


def test_all_programs_are_listed_in_order_whatever_their_status(catalog_of):
    first, second = program("A", organizations=()), program("B", program_type="")
    assert catalog_of(ProgramContent(first), ProgramContent(second)).list_all_programs() == [first, second]


def test_an_empty_catalog_lists_no_program(catalog_of):
    assert catalog_of().list_all_programs() == []


def test_unknown_uuids_are_left_out_of_a_list_of_programs(catalog_of):
    first, second, other = program("A"), program("B"), program("C")
    catalog = catalog_of(ProgramContent(first), ProgramContent(second), ProgramContent(other))
    assert catalog.list_programs([second.uuid, uuid4(), first.uuid]) == [first, second]


@pytest.mark.parametrize(
    "asked",
    ["Professional Certificate", "professional certificate", "professional-certificate", "PROFESSIONAL-Certificate"],
)
def test_programs_of_a_type_are_found_by_its_name_or_slug_in_any_case(catalog_of, asked):
    wanted = program(program_type="Professional Certificate")
    catalog = catalog_of(ProgramContent(wanted), ProgramContent(program(program_type="Masters")))
    assert catalog.list_programs_of_type(asked) == [wanted]


@pytest.mark.parametrize("asked", ["", "master", "masters\0", "mast%"])
def test_no_program_is_of_a_type_that_is_none(catalog_of, asked):
    assert catalog_of(ProgramContent(program())).list_programs_of_type(asked) == []


def test_programs_of_an_organization_are_those_it_authors_in_any_position(catalog_of):
    first = program("A", organizations=(ORGANIZATION,))
    second = program("B", organizations=(OTHER_ORGANIZATION, ORGANIZATION))
    other = program("C", organizations=(OTHER_ORGANIZATION,))
    catalog = catalog_of(ProgramContent(first), ProgramContent(second), ProgramContent(other))
    assert catalog.list_programs_of_organization("edX") == [first, second]


def test_programs_of_several_organizations_come_once_each(catalog_of):
    shared = program("A", organizations=(ORGANIZATION, OTHER_ORGANIZATION))
    own = program("B", organizations=(ORGANIZATION,))
    catalog = catalog_of(ProgramContent(shared), ProgramContent(own))
    assert catalog.list_programs_of_organizations(["edX", OTHER_ORGANIZATION.key, "Nobody"]) == [shared, own]
    assert catalog.list_programs_of_organizations([OTHER_ORGANIZATION.key]) == [shared]
    assert catalog.list_programs_of_organizations([]) == []


def test_an_unknown_organization_is_told_apart_from_one_without_programs(catalog_of):
    assert catalog_of(ProgramContent(program())).list_programs_of_organization("Nobody") is None


# Curricula and runs


def test_curricula_come_with_courses_runs_and_due_dates_in_order(catalog_of):
    owner, child, sibling = program("A"), program("B"), program("C")
    due_dates = (
        DueDate(name="First", url="/first", date=datetime(2026, 3, 1, tzinfo=UTC)),
        DueDate(name="Second", url="", date=datetime(2026, 4, 1, tzinfo=UTC)),
    )
    runs = (run_of("One", due_dates=due_dates), run_of("Two", external_key="X-2", pacing=Pacing.SELF))
    curricula = (
        curriculum(courses=(course("Z"), course("A", *runs)), children=(sibling, child)),
        curriculum(is_active=False),
    )
    catalog = catalog_of(ProgramContent(owner, curricula=curricula), ProgramContent(child), ProgramContent(sibling))
    assert catalog.list_curricula(owner.uuid) == list(curricula)


def test_an_unknown_program_has_no_curricula(catalog_of):
    assert catalog_of().list_curricula(UUID(int=0)) == []


def test_curricula_of_several_programs_come_in_order_with_whether_they_are_active(catalog_of):
    one, other, empty = program("A"), program("B"), program("C")
    first, second, third = curriculum(is_active=False), curriculum(), curriculum()
    catalog = catalog_of(
        ProgramContent(one, curricula=(first, second)), ProgramContent(other, curricula=(third,)), ProgramContent(empty)
    )
    unknown = uuid4()
    found = catalog.list_curriculum_uuids([one.uuid, empty.uuid, unknown])
    assert found == {one.uuid: {first.uuid: False, second.uuid: True}, empty.uuid: {}, unknown: {}}
    assert list(found[one.uuid]) == [first.uuid, second.uuid]


def test_curricula_are_named_and_unknown_ones_left_out(catalog_of):
    one, other = curriculum(), curriculum()
    catalog = catalog_of(ProgramContent(program(), curricula=(one, other)))
    assert catalog.list_curriculum_names([one.uuid, uuid4()]) == {one.uuid: "Curriculum"}


def test_a_course_run_comes_whole(catalog_of):
    wanted = run_of(
        "One",
        external_key="ONE-26",
        marketing_url="https://www.example.edu/one",
        start=datetime(2026, 1, 1, tzinfo=UTC),
        end=datetime(2026, 6, 1, tzinfo=UTC),
        pacing=Pacing.SELF,
        email_enabled=True,
        due_dates=(DueDate(name="Essay", url="/essay", date=datetime(2026, 3, 1, tzinfo=UTC)),),
    )
    catalog = catalog_of(ProgramContent(program(), courses=(course("One", wanted), course("Two"))))
    assert catalog.find_course_run(wanted.key) == wanted


def test_an_old_style_course_key_is_found(catalog_of):
    wanted = run_of("One", key=CourseKey.from_string("edX/One/2026"))
    assert catalog_of(ProgramContent(program(), courses=(course("One", wanted),))).find_course_run(wanted.key) == wanted


def test_no_course_run_is_found_when_the_key_is_unknown(catalog_of):
    assert catalog_of(ProgramContent(program(), courses=(course("One"),))).find_course_run(run_key("Two")) is None


def test_unknown_keys_are_left_out_of_a_list_of_course_runs(catalog_of):
    catalog = catalog_of(ProgramContent(program(), courses=(course("One"), course("Two"), course("Three"))))
    keys = [run_key("Two"), run_key("Nowhere"), run_key("One")]
    assert catalog.list_course_runs(keys) == [run_of("One"), run_of("Two")]


@pytest.mark.parametrize("text", ["edx+one", "ONE+2026", "run of o", "course One"])
def test_course_runs_are_found_by_a_part_of_key_title_or_course_title_in_any_case(catalog_of, text):
    catalog = catalog_of(ProgramContent(program(), courses=(course("One"), course("Two"))))
    assert catalog.search_course_run_keys(text, limit=5) == [run_key("One")]


@pytest.mark.parametrize("text", ["three", "%", "o_e"])
def test_no_course_run_is_found_by_what_is_in_none(catalog_of, text):
    catalog = catalog_of(ProgramContent(program(), courses=(course("One"), course("Two"))))
    assert catalog.search_course_run_keys(text, limit=5) == []


def test_a_search_for_course_runs_ends_at_the_limit(catalog_of):
    catalog = catalog_of(ProgramContent(program(), courses=(course("One"), course("Two"), course("Three"))))
    assert len(catalog.search_course_run_keys("2026", limit=2)) == 2


# Which runs are in a program


def test_a_run_of_the_programs_own_courses_is_in_it_and_in_no_curriculum(catalog_of):
    owner = program()
    catalog = catalog_of(ProgramContent(owner, courses=(course("One"),), curricula=(curriculum(),)))
    assert catalog.list_course_run_keys(owner.uuid) == {run_key("One")}
    assert catalog.find_run_placement(owner.uuid, run_key("One")) == RunPlacement(True, frozenset())


def test_a_run_of_any_curriculum_is_in_the_program_even_of_an_inactive_one(catalog_of):
    owner = program()
    first, second = curriculum(courses=(course("One"),)), curriculum(courses=(course("Two"),), is_active=False)
    catalog = catalog_of(ProgramContent(owner, curricula=(first, second)))
    assert catalog.list_course_run_keys(owner.uuid) == {run_key("One"), run_key("Two")}
    assert catalog.find_run_placement(owner.uuid, run_key("Two")) == RunPlacement(True, frozenset({second.uuid}))


def test_every_curriculum_that_holds_the_run_is_named(catalog_of):
    owner = program()
    first, second, third = (curriculum(courses=(course(name),)) for name in ("One", "Two", "One"))
    catalog = catalog_of(ProgramContent(owner, curricula=(first, second, third)))
    placement = catalog.find_run_placement(owner.uuid, run_key("One"))
    assert placement == RunPlacement(True, frozenset({first.uuid, third.uuid}))


def test_a_run_of_a_child_of_the_first_active_curriculum_is_in_the_program(catalog_of):
    owner, child = program("A"), program("B")
    inactive, active = curriculum(is_active=False), curriculum(children=(child,))
    catalog = catalog_of(
        ProgramContent(owner, curricula=(inactive, active)), ProgramContent(child, courses=(course("One"),))
    )
    assert catalog.list_course_run_keys(owner.uuid) == {run_key("One")}
    assert catalog.find_run_placement(owner.uuid, run_key("One")) == RunPlacement(True, frozenset({active.uuid}))
    assert catalog.list_programs_with_course_runs([run_key("One")]) == [owner, child]


@pytest.mark.parametrize("is_active", [True, False])
def test_a_run_of_a_child_of_another_curriculum_is_held_by_it_but_not_in_the_program(catalog_of, is_active):
    owner, child = program("A"), program("B")
    first, other = curriculum(), curriculum(children=(child,), is_active=is_active)
    catalog = catalog_of(
        ProgramContent(owner, curricula=(first, other)), ProgramContent(child, courses=(course("One"),))
    )
    assert catalog.list_course_run_keys(owner.uuid) == frozenset()
    assert catalog.find_run_placement(owner.uuid, run_key("One")) == RunPlacement(False, frozenset({other.uuid}))
    assert catalog.list_programs_with_course_runs([run_key("One")]) == [child]


def test_a_child_program_follows_the_same_rule_down_to_grandchildren(catalog_of):
    owner, child, grandchild, stranger = (program(title) for title in "ABCD")
    top = curriculum(children=(child,))
    catalog = catalog_of(
        ProgramContent(owner, curricula=(top,)),
        ProgramContent(
            child,
            curricula=(
                curriculum(children=(grandchild,)),
                curriculum(courses=(course("Inactive"),), children=(stranger,), is_active=False),
            ),
        ),
        ProgramContent(grandchild, courses=(course("Deep"),)),
        ProgramContent(stranger, courses=(course("Strange"),)),
    )
    assert catalog.list_course_run_keys(owner.uuid) == {run_key("Inactive"), run_key("Deep")}
    assert catalog.find_run_placement(owner.uuid, run_key("Deep")) == RunPlacement(True, frozenset({top.uuid}))
    assert catalog.find_run_placement(owner.uuid, run_key("Strange")) == NOWHERE


def test_programs_that_contain_each_other_do_not_hang_it(catalog_of):
    first, second = program("A"), program("B")
    over, under = curriculum(children=(second,)), curriculum(children=(first,))
    catalog = catalog_of(
        ProgramContent(first, courses=(course("One"),), curricula=(over,)),
        ProgramContent(second, courses=(course("Two"),), curricula=(under,)),
    )
    both = {run_key("One"), run_key("Two")}
    assert (catalog.list_course_run_keys(first.uuid), catalog.list_course_run_keys(second.uuid)) == (both, both)
    assert catalog.list_programs_with_course_runs([run_key("One")]) == [first, second]
    assert catalog.find_run_placement(first.uuid, run_key("One")) == RunPlacement(True, frozenset({over.uuid}))
    assert catalog.find_run_placement(first.uuid, run_key("Three")) == NOWHERE


def test_a_run_of_another_program_is_nowhere(catalog_of):
    owner = program("A")
    other = ProgramContent(program("B"), courses=(course("Two"),), curricula=(curriculum(courses=(course("Two"),)),))
    catalog = catalog_of(ProgramContent(owner, courses=(course("One"),)), other)
    assert catalog.find_run_placement(owner.uuid, run_key("Two")) == NOWHERE


def test_nothing_is_in_an_unknown_program(catalog_of):
    catalog = catalog_of(ProgramContent(program(), courses=(course("One"),)))
    assert catalog.list_course_run_keys(UUID(int=0)) == frozenset()
    assert catalog.find_run_placement(UUID(int=0), run_key("One")) == NOWHERE


def test_a_program_is_listed_once_when_it_contains_several_of_the_runs(catalog_of):
    wanted = program("A")
    catalog = catalog_of(
        ProgramContent(wanted, courses=(course("One"), course("Two"))),
        ProgramContent(program("B"), courses=(course("Three"),)),
    )
    assert catalog.list_programs_with_course_runs([run_key("One"), run_key("Two")]) == [wanted]


def test_no_program_contains_no_run(catalog_of):
    assert catalog_of(ProgramContent(program(), courses=(course("One"),))).list_programs_with_course_runs([]) == []
