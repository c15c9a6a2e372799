"""What is known of people is listed, and forgotten wherever it was (docs/privacy.md)."""

import re
from base64 import urlsafe_b64decode
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
import time_machine
import yaml
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth import authenticate
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from rest_framework.test import APIClient
from social_django.models import Code, Partial

from imports.models import Import
from imports.running import run_imports_of_program
from learners.models import Certificate, CourseEnrollment, User
from program_enrollments import api
from registrar.models import Job
from tests.factories.catalog import (
    CourseFactory,
    CourseRunFactory,
    CurriculumFactory,
    OrganizationFactory,
    ProgramFactory,
)
from tests.factories.learners import (
    RUN_KEY,
    CertificateFactory,
    CourseEnrollmentFactory,
    IdentityFactory,
    IdentityProviderFactory,
    StaffFactory,
    UserFactory,
)
from tests.factories.program_enrollments import ProgramEnrollmentFactory
from tests.live_service import database_url
from tests.log_guard import guarded_log_lines
from tests.own_database import dump

PASSWORD = "the-right-password-of-jane"
KEY, OLD_KEY, OTHER_KEY = "sid-4711", "sid-old-0815", "sid-of-another"
NAMES = ("jdoe", "JDoe", "jane", "Jane", "Doe", KEY, OLD_KEY)
API = "/api/program_enrollments/v1"


def read_table(heading):
    page = (Path(settings.BASE_DIR) / "docs/privacy.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([\w.]+)` \| (.*?) \|", section, re.MULTILINE)
    assert rows
    return [(model, field) for model, fields in rows for field in re.findall(r"`(\w+)`", fields)]


def test_every_field_of_every_table_is_listed_once_as_personal_or_not():
    listed = read_table("Personal fields") + read_table("Other fields")
    fields = {
        (model._meta.label, field.name)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
    }

    assert set(listed) == fields
    assert len(listed) == len(set(listed))


@pytest.fixture
def school(transactional_db):
    return OrganizationFactory(key="UCDavis")


@pytest.fixture
def program(school):
    return ProgramFactory(key="masters-in-cs", organizations=[school])


@pytest.fixture
def curriculum(program):
    course = CourseFactory()
    CourseRunFactory(course=course, key=RUN_KEY)
    return CurriculumFactory(program=program, courses=[course], is_active=True)


@pytest.fixture
def partner():
    client = APIClient()
    client.force_authenticate(StaffFactory(username="partner"))
    return client


@pytest.fixture
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def enroll(partner, program, curriculum):
    """Enroll a key over HTTP, so that its answer is stored, and by a roster of two, whose file is stored."""

    def enroll(key, note=""):
        path = f"{API}/programs/{program.uuid}"
        traced = {"x-request-id": f"sync-{key}"}
        once = {"idempotency-key": f"for-{key}", **traced}
        record = {"student_key": key, "status": "pending", "curriculum_uuid": str(curriculum.uuid)}
        assert partner.put(f"{path}/enrollments/", [record], headers=once).status_code == 200
        run_record = [{"student_key": key, "status": "active", "course_staff": True}]
        assert partner.put(f"{path}/courses/{RUN_KEY}/enrollments/", run_record, headers=traced).status_code == 200
        for roster in (
            f"student_key,status\n{key},enrolled\n{OTHER_KEY},enrolled\nwrong,nonsense\n",
            f"{key}, without a header\n",
            f"status,student_key\n{key},enrolled\n",
            f"student_key,status,curriculum_uuid\n{OTHER_KEY},enrolled,{key}\n",
            f"student_key,status,{key}\n{OTHER_KEY},enrolled,\n",
            f"student_key,status,note\n{OTHER_KEY},enrolled,{note}\n",
        ):
            assert partner.post(f"{path}/imports/", roster, content_type="text/csv").status_code == 202
        run_roster = f"course_id,student_key,status\n{key},{RUN_KEY},active\n{RUN_KEY},{OTHER_KEY},active\n"
        run_path = f"{path}/imports/?kind=course_enrollments"
        assert partner.post(run_path, run_roster, content_type="text/csv").status_code == 202
        run_imports_of_program(program.uuid)
        for unread in (f"never planned\n{key}", f'{{"student_key": "{in_json_escapes(key)}"}}'):
            Import.objects.create(
                program_uuid=program.uuid,
                kind="program_enrollments",
                state="failed",
                file=ContentFile(unread.encode(), name="x"),
                file_name=f"{key}.csv",
                request_id=f"sync-{key}",
            )
        Partial.objects.create(token=key, backend="saml", data={"kwargs": {"uid": f"school:{key}"}})
        for name, content in ((key, f"{key},enrolled\n"), ("other", f"{OTHER_KEY},enrolled\n")):
            Job.objects.create(
                operation="list_program_enrollments",
                program_uuid=program.uuid,
                program_key=program.key,
                fmt="csv",
                state="Succeeded",
                file=ContentFile(content.encode(), name=f"{name[:3]}.csv"),
            )
        DBTaskResult.objects.filter(task_path__contains="run_imports").update(traceback=f"Key (student)=({key})")

    return enroll


def in_json_escapes(text):
    return "".join(f"\\u{ord(sign):04x}" for sign in text)


def everything_stored(files):
    """The database, every stored file, also as JSON reads it, and the claims of every token that stands in the dump."""
    text = dump(database_url(), "--data-only").decode()
    claims = [
        urlsafe_b64decode(f"{part}===").decode(errors="replace")
        for part in re.findall(r"eyJ[\w-]+\.(eyJ[\w-]+)\.", text)
    ]
    stored = [file.read_text(errors="replace") for file in files.rglob("*") if file.is_file()]
    read = [re.sub(r"\\u(\w{4})", lambda escape: chr(int(escape[1], 16)), content) for content in stored]
    return "\n".join([text, *claims, *stored, *read])


def names_in(text, names=NAMES):
    return [name for name in names if name in text]


def test_a_retired_learner_is_named_nowhere(files, school, program, enroll, client):
    person = UserFactory(username="jdoe", email="jane@example.edu", first_name="Jane", last_name="Doe")
    person.set_password(PASSWORD)
    person.save()
    provider = IdentityProviderFactory(organization=school)
    identity = IdentityFactory(user=person, identity_provider=provider, student_key=OLD_KEY)
    enroll(OLD_KEY, note="friend of Jane@Example.edu")
    identity.uid = f"{provider.slug}:{KEY}"
    identity.save()
    enrollment = person.program_enrollments.get()
    enrollment.external_user_key = KEY
    enrollment.save()
    CourseEnrollment.objects.filter(user=person).delete()
    CourseEnrollmentFactory(user=person, resume_url="/learn/jdoe")
    CertificateFactory(user=person, download_url="/certificates/jdoe.pdf")
    for reason in ("Jane called", "The mother of sid-4711 called"):
        api.change_program_enrollment_status(enrollment, "suspended", source=api.ChangeSource(reason=reason))
        api.change_program_course_enrollment_status(
            enrollment.program_course_enrollments.get(), "inactive", source=api.ChangeSource(reason=reason)
        )
    LogEntry.objects.create(user=person, object_repr="Blacklisted token for jdoe", action_flag=DELETION)
    Code.objects.create(email="jane@example.edu", code="1")
    Partial.objects.create(token="1", backend="saml", data={"kwargs": {"details": {"email": "jane@example.edu"}}})
    boss = Client()
    boss.force_login(StaffFactory(username="boss", is_superuser=True))
    answer = boss.post(f"/admin/learners/user/{person.pk}/password/", {"password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 302
    password = {"username": "jdoe", "password": PASSWORD}
    assert client.post("/api/token/", password, content_type="application/json").status_code == 200
    for username in ("jdoe", "JDoe", "Jane@Example.edu"):
        authenticate(client.get("/admin/login/").wsgi_request, username=username, password="wrong")
    assert names_in(everything_stored(files)) == list(NAMES)

    with guarded_log_lines() as guard:
        call_command("retire_user", "jdoe")

    left = everything_stored(files)
    assert names_in(left) == []
    assert names_in("\n".join(guard.lines)) == []
    assert OTHER_KEY in left
    assert User.objects.get(pk=person.pk).program_enrollments.count() == 1
    assert Certificate.objects.filter(user=person).exists()


def test_a_learner_who_never_came_is_named_nowhere(files, enroll, partner, program):
    enroll(KEY)
    assert names_in(everything_stored(files), [KEY]) == [KEY]
    applied = Import.objects.filter(state="applied_with_errors").earliest("created")

    with time_machine.travel(timezone.now() + timedelta(days=61)), guarded_log_lines() as guard:
        call_command("expire_waiting_enrollments")

    assert names_in(everything_stored(files) + "\n".join(guard.lines), [KEY]) == []
    results = partner.get(f"{API}/imports/{applied.pk}/results.csv")
    assert results.status_code == 200
    rejected = b"".join(partner.get(f"{API}/imports/{applied.pk}/rejected.csv").streaming_content).decode()
    assert "invalid-status" in rejected


def test_a_key_under_which_somebody_is_still_enrolled_keeps_its_traces(files, enroll, program):
    enroll(KEY)
    with time_machine.travel(timezone.now() + timedelta(days=61)):
        ProgramEnrollmentFactory(external_user_key=KEY, program_uuid=program.uuid)
        call_command("expire_waiting_enrollments")

    assert Import.objects.filter(state="applied_with_errors", rows__student_key=KEY).exists()


def preview(partner, program):
    """Upload a preview of a roster that names the learner and another."""
    roster = f"student_key,status\n{KEY},enrolled\n{OTHER_KEY},enrolled\n"
    path = f"{API}/programs/{program.uuid}/imports/?mode=preview"
    assert partner.post(path, roster, content_type="text/csv").status_code == 202


def test_learners_whom_an_unfinished_import_names_are_left_until_it_has_ended(files, enroll, partner, program):
    enroll(KEY)
    preview(partner, program)
    run_imports_of_program(program.uuid)

    with time_machine.travel(timezone.now() + timedelta(days=61)):
        call_command("expire_waiting_enrollments")
        (planned,) = Import.objects.filter(state="planned")
        assert planned.rows.filter(student_key=KEY).exists()
        with planned.file.open() as file:
            assert KEY.encode() in file.read()
        assert partner.post(f"{API}/imports/{planned.pk}/discard/").status_code == 200
        call_command("expire_waiting_enrollments")

    assert names_in(everything_stored(files), [KEY]) == []


def test_a_retired_learner_is_named_nowhere_once_unfinished_work_has_ended(files, school, enroll, partner, program):
    person = UserFactory(username="jdoe")
    IdentityFactory(user=person, identity_provider=IdentityProviderFactory(organization=school), student_key=KEY)
    enroll(KEY)
    preview(partner, program)

    with pytest.raises(CommandError, match="Unfinished work"):
        call_command("retire_user", "jdoe")
    run_imports_of_program(program.uuid)
    call_command("retire_user", "jdoe")

    assert names_in(everything_stored(files)) == []
    assert Import.objects.get(state="planned").rows.get().student_key == OTHER_KEY


def fail_with(key, url, options=""):
    """Let a statement fail that holds a student key, in a session with options."""
    with closing(psycopg2.connect(url, options=options)) as session, session.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE keys (student_key text PRIMARY KEY)")
        cursor.execute("INSERT INTO keys VALUES (%s)", [key])
        with pytest.raises(psycopg2.errors.UniqueViolation):
            cursor.execute("INSERT INTO keys VALUES (%s)", [key])


def test_the_database_of_the_compose_file_does_not_log_what_a_failing_statement_held(own_database):
    compose = (Path(settings.BASE_DIR) / "docker-compose.yml").read_text(encoding="utf-8")
    command = yaml.safe_load(compose)["services"]["db"]["command"]
    options = " ".join(f"-c {setting}" for setting in command if setting.startswith("log_"))

    fail_with(OTHER_KEY, own_database.url)
    fail_with(KEY, own_database.url, options)

    log = own_database.server.log.read_text()
    assert log.count("duplicate key value") == 2
    assert names_in(log, [KEY, OTHER_KEY]) == [OTHER_KEY]
