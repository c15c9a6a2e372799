"""What imports forget of a learner, and what they keep until they have ended (docs/privacy.md)."""

import gzip
from contextlib import closing

import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from imports.constants import ImportKind
from imports.exporting import list_rows
from imports.forgetting import MESSAGE_IS_GONE, forget_learners
from imports.models import Import
from imports.service import apply_import, undo_import
from program_enrollments.models import ProgramEnrollment
from tests.factories.learners import RUN_KEY
from tests.factories.program_enrollments import ProgramEnrollmentFactory

KEY, OTHER_KEY = "sid-4711", "sid-of-another"


@pytest.fixture
def forget(program, django_capture_on_commit_callbacks):
    """Forget learners; return what is left alone, since it is not finished."""

    def forget(*student_keys, names=(), is_urgent=True):
        with django_capture_on_commit_callbacks(execute=True):
            return forget_learners({program.uuid}, set(student_keys), set(names), is_urgent=is_urgent)

    return forget


@pytest.fixture
def store(program):
    """Store an import as it is before it is planned."""

    def store(content, state="failed", **fields):
        return Import.objects.create(
            program_uuid=program.uuid,
            kind=ImportKind.PROGRAM_ENROLLMENTS,
            state=state,
            file=ContentFile(content, name="x"),
            **fields,
        )

    return store


def preview(upload, *keys):
    return upload("student_key,status", *(f"{key},enrolled" for key in keys), mode="preview")


def has_file(item):
    item.refresh_from_db()
    return bool(item.file)


def everything_told_of(item):
    """What the tables have of an import and its rows, in lower case."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT i::text FROM imports_import i WHERE id = %(id)s) || "
            "(SELECT coalesce(string_agg(r::text, ' '), '') FROM imports_importrow r WHERE owner_id = %(id)s)",
            {"id": item.pk},
        )
        return cursor.fetchone()[0].lower()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"never planned\n" + KEY.encode(), id="text"),
        pytest.param(rb'{"student_key": "sid\u002d4711"}', id="escaped JSON"),
        pytest.param(gzip.compress(KEY.encode()), id="gzip"),
        pytest.param(KEY.encode("utf-16"), id="UTF-16"),
        pytest.param(b"\x00\xff\x81 no text at all", id="no text"),
    ],
)
def test_a_file_that_was_never_planned_is_deleted_if_it_names_a_learner_or_may(forget, store, content):
    item = store(content)
    storage, name = item.file.storage, item.file.name

    assert forget(KEY) == {}

    assert not has_file(item)
    assert not storage.exists(name)


def test_a_file_that_names_others_only_stays(forget, store):
    item = store(OTHER_KEY.encode())

    forget(KEY)

    assert has_file(item)


def test_a_planned_file_is_deleted_if_a_line_that_could_not_be_read_names_a_learner(forget, upload):
    item = upload(
        f'{{"student_key": "{OTHER_KEY}", "status": "enrolled"}}', f'{{"student_key": "{KEY}", "status": "enrolled",}}'
    )
    assert item.counts == {"create": 1, "reject": 1}

    forget(KEY)

    assert not has_file(item)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param([f"{KEY}, enrolled"], {KEY}, id="no header"),
        pytest.param(["status,student_key", f"{KEY},enrolled"], {KEY}, id="swapped columns"),
        pytest.param(["student_key,status", f"{OTHER_KEY},{KEY}"], {KEY}, id="another learner's status"),
        pytest.param(["student_key,status,curriculum_uuid", f"{OTHER_KEY},enrolled,{KEY}"], {KEY}, id="uuid"),
        pytest.param(
            ["student_key,status,curriculum_uuid", f"{OTHER_KEY},enrolled,{'0' * 60} {KEY * 9}"], {KEY * 9}, id="cut"
        ),
        pytest.param([f"student_key,status,{KEY}", f"{OTHER_KEY},enrolled,"], {KEY}, id="header"),
        pytest.param(["student_key,status", f"{KEY};enrolled"], {KEY}, id="wrong separator"),
        pytest.param(
            ["student_key,status,note", f"{OTHER_KEY},enrolled,Jane@Example.edu"], {"jane@example.edu"}, id="address"
        ),
        pytest.param(["student_key,status,first,last", f"{OTHER_KEY},enrolled,Jane,Doe"], {"Jane Doe"}, id="full name"),
        pytest.param([f'{{"student_key": "{OTHER_KEY}", "status": "enrolled", "{KEY}": 1}}'], {KEY}, id="member"),
        pytest.param([f'{{"student_key": "{OTHER_KEY}", "status": {{"of": "{KEY}"}}}}'], {KEY}, id="nested"),
    ],
)
def test_a_word_is_forgotten_wherever_a_file_has_it(forget, upload, lines, words):
    item = upload(*lines)

    assert forget(*words) == {}

    assert not has_file(item)
    assert [word for word in words if word[:50].lower() in everything_told_of(item)] == []


def test_a_key_in_the_column_of_course_runs_is_forgotten(forget, upload, program, curriculum):
    ProgramEnrollmentFactory(
        program_uuid=program.uuid, curriculum_uuid=curriculum.uuid, external_user_key=OTHER_KEY, status="enrolled"
    )
    item = upload(
        "course_id,student_key,status",
        f"{RUN_KEY},{OTHER_KEY},active",
        f"{KEY},{RUN_KEY},active",
        kind=ImportKind.COURSE_ENROLLMENTS,
    )
    assert item.done_course_key == KEY

    forget(KEY)

    item.refresh_from_db()
    assert KEY not in everything_told_of(item)
    assert [row.told_result for row in list_rows(item)] == ["active", "course_not_in_program"]
    assert (item.done_course_key, item.done_position) == (str(RUN_KEY), 2)


def test_what_the_row_of_another_learner_holds_is_forgotten_when_the_file_is_gone(forget, upload):
    item = upload("status,student_key", f"{KEY},enrolled", f"{OTHER_KEY},enrolled")

    forget(KEY)
    forget(OTHER_KEY)

    assert OTHER_KEY not in everything_told_of(item)


def test_what_is_wrong_with_the_rows_of_others_stays(forget, upload):
    item = upload("student_key,status,curriculum_uuid", f"{KEY},enrolled,", "other,enroled,", "third,enrolled,tomorrow")

    forget(KEY)

    rows = list(item.rows.order_by("position").values_list("student_key", "status", "error_message"))
    assert rows == [
        ("", "enrolled", ""),
        ("other", "enroled", "The status is not one of those that can be set."),
        ("third", "enrolled", 'The curriculum_uuid "tomorrow" is not a uuid.'),
    ]


def test_why_a_file_was_refused_is_told_by_its_code_only(forget, upload):
    item = upload(f"{KEY},enrolled")

    forget(KEY)

    item.refresh_from_db()
    assert (item.error_code, item.error_message) == ("no_header", MESSAGE_IS_GONE)


def test_a_file_whose_name_names_a_learner_is_deleted(forget, upload):
    item = upload("student_key,status", f"{OTHER_KEY},enrolled", file_name=f"late {KEY}.csv")

    forget(KEY)

    item.refresh_from_db()
    assert (bool(item.file), item.file_name) == (False, "")


def test_a_longer_key_is_that_of_another_learner(forget, upload):
    item = upload("student_key,status", f"{KEY}0,enrolled", f"{KEY}0,nonsense")

    forget(KEY)

    assert has_file(item)
    assert item.rows.filter(student_key=f"{KEY}0").count() == 2


def test_an_import_under_way_is_told_if_its_file_holds_a_name(forget, upload):
    item = upload("student_key,status,note", f"{OTHER_KEY},enrolled,of jdoe", mode="preview")
    apply_import(item.pk)

    assert forget(KEY, names={"jdoe"}) == {f"import {item.pk}": {KEY}}
    assert forget(names={"jdoe"}) == {f"import {item.pk}": set()}

    assert has_file(item)


def test_files_are_not_read_where_rows_name_the_learner(forget, upload):
    item = upload("student_key,status", f"{KEY},enrolled")
    item.file.storage.delete(item.file.name)

    assert forget(KEY) == {}

    assert not has_file(item)


@pytest.mark.parametrize("state", ["queued", "planning"])
@pytest.mark.parametrize("is_urgent", [True, False])
def test_an_import_that_is_to_run_stays_whole_and_is_told(forget, store, state, is_urgent):
    item = store(f"student_key,status\n{KEY},enrolled\n".encode(), state=state)

    assert forget(KEY, OTHER_KEY, is_urgent=is_urgent) == {f"import {item.pk}": {KEY}}

    assert has_file(item)


def test_an_import_under_way_stays_whole_and_is_told(forget, upload):
    item = preview(upload, KEY, OTHER_KEY)
    apply_import(item.pk)

    assert forget(KEY) == {f"import {item.pk}": {KEY}}

    assert has_file(item)
    assert item.rows.filter(student_key=KEY).exists()


def test_a_snapshot_that_is_being_planned_may_be_about_to_drop_anybody(forget, store):
    item = store(b"student_key,status\n", state="planning", is_snapshot=True)

    assert forget(KEY) == {f"import {item.pk}": {KEY}}


def test_an_undo_names_whom_the_undone_import_names(forget, upload):
    undo = undo_import(upload("student_key,status", f"{KEY},enrolled").pk)

    assert forget(KEY) == {f"import {undo.pk}": {KEY}}


def test_an_import_that_is_to_run_and_names_others_only_holds_up_nothing(forget, store):
    store(f"student_key,status\n{OTHER_KEY},enrolled\n".encode(), state="queued")

    assert forget(KEY) == {}


def test_a_plan_that_waits_for_a_decision_goes_for_the_others_only(forget, upload, run):
    item = preview(upload, KEY, OTHER_KEY)

    assert forget(KEY) == {}

    assert not has_file(item)
    assert (item.state, item.counts, item.rows_total) == ("planned", {"create": 1}, 1)
    apply_import(item.pk)
    run()
    assert ProgramEnrollment.objects.get().external_user_key == OTHER_KEY
    item.refresh_from_db()
    assert (item.state, item.rows_done) == ("applied", 1)


def test_a_held_import_goes_for_the_others_only(forget, upload):
    item = preview(upload, KEY, OTHER_KEY)
    Import.objects.filter(pk=item.pk).update(state="held")

    assert forget(KEY) == {}

    item.refresh_from_db()
    assert (item.state, item.rows.get().student_key) == ("held", OTHER_KEY)


def test_a_learner_who_is_to_be_dropped_is_taken_out_of_the_plan(forget, upload, curriculum, program):
    place = {"program_uuid": program.uuid, "curriculum_uuid": curriculum.uuid, "status": "enrolled"}
    ProgramEnrollmentFactory(external_user_key=KEY, **place)
    item = upload("student_key,status", f"{OTHER_KEY},enrolled", is_snapshot=True, max_drop=0)
    assert (item.state, item.counts) == ("held", {"create": 1, "drop": 1})

    assert forget(KEY) == {}

    item.refresh_from_db()
    assert item.counts == {"create": 1}
    assert item.rows.get().student_key == OTHER_KEY


@pytest.mark.django_db(transaction=True)
def test_nobody_decides_about_an_import_while_it_forgets_learners(program, upload):
    preview(upload, OTHER_KEY)

    with transaction.atomic(), closing(connection.copy()) as other_connection:
        forget_learners({program.uuid}, {KEY}, set(), is_urgent=True)
        with other_connection.cursor() as cursor, pytest.raises(OperationalError):
            cursor.execute("SET lock_timeout = '50ms'; UPDATE imports_import SET state = 'applying'")


@pytest.mark.parametrize("state", ["planned", "held"])
def test_a_plan_that_waits_for_a_decision_is_left_alone_where_that_can_wait(forget, upload, state):
    item = preview(upload, KEY)
    Import.objects.filter(pk=item.pk).update(state=state)

    assert forget(KEY, is_urgent=False) == {f"import {item.pk}": {KEY}}

    assert has_file(item)
    assert item.rows.get().student_key == KEY


@pytest.mark.parametrize("word", [KEY, KEY.upper(), "jdoe"])
def test_the_id_of_a_request_is_forgotten_if_it_holds_a_name(forget, store, word):
    item = store(b"x", state="applied", planned_at=timezone.now(), request_id=f"sync-{word}")
    other = store(b"x", state="applied", planned_at=timezone.now(), request_id="sync-2026")

    forget(KEY, names={"jdoe"})

    item.refresh_from_db()
    other.refresh_from_db()
    assert (item.request_id, other.request_id) == ("", "sync-2026")


@pytest.mark.parametrize("size", [1, 3])
def test_the_cost_does_not_grow_with_imports(forget, upload, size, django_assert_num_queries):
    for _ in range(size):
        preview(upload, KEY)
        upload("student_key,status", f"{KEY},enrolled")

    with django_assert_num_queries(13):
        forget(KEY)
