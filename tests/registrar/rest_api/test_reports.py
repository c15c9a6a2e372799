"""Reports (registrar page, section 11)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.registrar.conftest import API, try_link

FOLDER = "reports_v2"


@pytest.fixture
def add(settings, program, school):
    """Put a report into the program's folder."""

    def add(name, content="a report", folder=FOLDER):
        path = settings.MEDIA_ROOT / folder / school.key / program.uuid.hex / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    return add


@pytest.fixture
def path(program_path):
    return f"{program_path}/reports"


def names(response):
    assert response.status_code == 200, response.content
    return [report["name"] for report in response.json()]


@pytest.mark.parametrize("rest", ["", "/", "X", "/any/thing"])
def test_reports_are_listed_by_name_whatever_follows(reader, path, add, rest):
    add("b__2026-11-24.csv")
    add("a__2026-11-24.csv")

    response = reader.get(f"{path}{rest}")

    link = f"http://testserver{API}report_files/masters-in-cs/a__2026-11-24.csv?token="
    assert names(response) == ["a__2026-11-24.csv", "b__2026-11-24.csv"]
    first = response.json()[0]
    assert first["download_url"].startswith(link)
    assert first == {
        "name": "a__2026-11-24.csv",
        "created_date": "2026-11-24",
        "download_url": first["download_url"],
    }


def test_the_reports_of_every_type_of_program_are_listed(reader, path, program, add):
    program.type = "MicroMasters"
    program.save()
    add("a__2026-11-24.csv")

    assert names(reader.get(path)) == ["a__2026-11-24.csv"]


@pytest.mark.parametrize(
    ("name", "created"),
    [
        ("a__2026-1-2.csv", "2026-01-02"),
        ("a__2025-01-01__2026-01-01.csv", "2026-01-01"),
        ("__2026-01-01", "2026-01-01"),
        ("a__2026-01-01__2026-13-01.csv", "2026-01-01"),
        ("a_2026-01-01.csv", None),
        ("a__2026-02-30.csv", None),
        ("a__notes.csv", None),
        ("a__0000-01-01.csv", None),
    ],
)
def test_the_date_is_told_by_the_name(reader, path, add, name, created):
    add(name)

    assert [report["created_date"] for report in reader.get(path).json()] == ([created] if created else [])


def test_only_files_of_the_folder_itself_are_listed(reader, path, add):
    add("more__2026-01-01/a__2026-01-01.csv")

    assert names(reader.get(path)) == []


def test_no_folder_is_no_report(reader, path, program):
    assert names(reader.get(path)) == []
    program.authoring_organizations.clear()
    assert names(reader.get(path)) == []


def test_an_organizations_key_leads_to_no_other_folder(reader, path, school, settings):
    school.key = "../../.."
    school.save()

    assert names(reader.get(path)) == []


@pytest.mark.parametrize(
    ("oldest", "expected"),
    [("2026-11-23", ["a", "b"]), ("2026-11-24", ["b"]), ("2026-11-25", [])],
)
def test_reports_of_a_day_or_later(reader, path, add, oldest, expected):
    add("a__2026-11-23.csv")
    add("b__2026-11-24.csv")

    assert [name[0] for name in names(reader.get(f"{path}?min_created_date={oldest}"))] == expected


@pytest.mark.parametrize("oldest", ["", "yesterday", "2026-02-30", "2026-1-1", "20260101"])
def test_what_is_no_date_is_told(reader, path, oldest):
    response = reader.get(f"{path}?min_created_date={oldest}")

    assert (response.status_code, response.json()) == (400, ["min_created_date must be a date, like 2026-11-25"])


def test_the_folder_is_the_sites_choice(reader, path, add, settings):
    settings.REGISTRAR_REPORTS_FOLDER = "elsewhere"
    add("a__2026-11-24.csv", folder="elsewhere")

    assert names(reader.get(path)) == ["a__2026-11-24.csv"]


def test_strangers_see_no_reports(learner_client, path, add):
    add("a__2026-11-24.csv")

    assert learner_client.get(path).status_code == 403


class TestLinks:
    @pytest.fixture
    def link(self, reader, path, add):
        add("ünder scored__2026-11-24.csv", "content")
        return reader.get(path).json()[0]["download_url"]

    def test_the_file_comes_as_a_download(self, reader, link):
        response = reader.get(link, headers={"accept": "text/html"})

        assert b"".join(response.streaming_content) == b"content"
        assert response["Content-Disposition"].startswith("attachment; filename")
        assert response["Cache-Control"] == "private, no-store"

    def test_it_is_for_the_one_who_asked(self, reader, writer, anonymous_client, link):
        assert try_link(anonymous_client, link) == 401
        assert try_link(writer, link) == 403
        assert try_link(reader, link.partition("?")[0]) == 403

    def test_it_is_for_one_file(self, reader, link, add):
        add("other__2026-11-24.csv")
        token = link.partition("?")[2]

        for name in ("other__2026-11-24.csv", "..%2F..%2Fa", "none"):
            assert reader.get(f"{API}report_files/masters-in-cs/{name}?{token}").status_code in {403, 404}

    def test_it_expires(self, reader, link, settings):
        with time_machine.travel(timezone.now() + timedelta(minutes=settings.REGISTRAR_LINK_MINUTES, seconds=5)):
            response = reader.get(link)

        assert response.status_code == 403
        assert response.json() == {"detail": "The link has expired; ask for the job or the reports again."}

    def test_it_leads_nowhere_once_the_report_is_gone(self, reader, link, settings):
        for file in settings.MEDIA_ROOT.rglob("*.csv"):
            file.unlink()

        assert try_link(reader, link) == 404

    def test_it_is_worth_nothing_once_the_role_is_gone(self, reader, link):
        reader.user.role_assignments.all().delete()

        assert try_link(reader, link) == 403


def test_names_that_are_no_text_are_left_out(reader, path, add, settings, program, school):
    add("a__2026-11-24.csv")
    folder = settings.MEDIA_ROOT / FOLDER / school.key / program.uuid.hex
    (folder / "\udcff__2026-11-24.csv").write_text("")

    assert names(reader.get(path)) == ["a__2026-11-24.csv"]
