"""The example alerts: what they ask for is there, and the operators' page explains them."""

import errno
import re
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from django.conf import settings as django_settings
from django.core.files.storage import FileSystemStorage
from django.test import Client

from config.metrics import WATCHED_LOGGERS
from limits.service import count_request
from tests.factories.catalog import CurriculumFactory, OrganizationFactory, ProgramFactory

BASE = "/api/program_enrollments/v1"
MADE_BY_PROMETHEUS = {"up"}
WORDS_OF_PROMQL = {"by", "le", "view", "kind", "outcome", "or", "unless", "offset"}
WORDS_OF_PROMQL |= {"sum", "min", "max", "rate", "increase", "delta", "absent", "histogram_quantile"}


def read(relative_path):
    return (Path(django_settings.BASE_DIR) / relative_path).read_text(encoding="utf-8")


def list_rules():
    (group,) = yaml.safe_load(read("docs/alerts.yml"))["groups"]
    return group["rules"]


def list_selectors():
    """Return (metric, what stands in its braces) of all expressions."""
    return [
        (name, labels)
        for rule in list_rules()
        for name, labels in re.findall(r"\b([a-z_]+)\b(?:\{([^}]*)\})?(?![^{]*\})", rule["expr"])
        if name not in WORDS_OF_PROMQL and not re.fullmatch("[smhd]", name)
    ]


def list_runbook_names():
    section = read("docs/operations.md").split("\n## Alerts\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_the_runbook_explains_every_alert_and_no_other_in_their_order():
    names = [rule["alert"] for rule in list_rules()]

    assert names
    assert list_runbook_names() == names


def test_every_metric_that_alerts_ask_for_is_there(scrape, settings, staff_client):
    settings.MIDDLEWARE = [
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        *settings.MIDDLEWARE,
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ]  # as settings do where METRICS_TOKEN is set
    staff_client.get(f"{BASE}/programs/enrollments/")

    asked = {name for name, _ in list_selectors()}
    assert {"django_http_responses_total_by_status_view_method_total", "enrollments_database_up", "up"} <= asked
    assert asked - {name for name, *_ in scrape()} == MADE_BY_PROMETHEUS


def test_every_label_that_alerts_ask_of_our_metrics_is_there_from_the_beginning(scrape):
    series = list(scrape())

    asked = [
        (name, operator, value)
        for name, labels in list_selectors()
        if name.startswith("enrollments_")
        for operator, value in re.findall(r'\w+(=~?)"([^"]*)"', labels)
    ]
    assert asked
    for name, operator, value in asked:
        pattern = value if operator == "=~" else re.escape(value)
        known = [label for other, *labels in series if other == name for label in labels]
        assert any(re.fullmatch(pattern, label) for label in known), (name, value)


def test_the_job_that_alerts_ask_for_is_the_one_that_the_operators_page_sets_up():
    jobs = set(re.findall('job="([^"]*)"', read("docs/alerts.yml")))

    assert jobs == set(re.findall(r"job_name: (\w+)", read("docs/operations.md")))


def test_every_logger_that_is_watched_is_asked_for():
    patterns = re.findall('logger=~?"([^"]*)"', read("docs/alerts.yml"))

    assert patterns
    assert all(any(re.fullmatch(pattern, name) for pattern in patterns) for name in WATCHED_LOGGERS)


def get_error_lines(metrics, logger):
    return metrics["enrollments_error_lines_total", logger]


class FullStorage(FileSystemStorage):
    """Takes nothing."""

    def _save(self, name, content):
        raise OSError(errno.ENOSPC, "full")


@pytest.mark.parametrize(
    ("path", "logger"),
    [
        (BASE + "/programs/{uuid}/imports/", "imports.rest_api.errors"),
        ("/api/v1/programs/{key}/enrollments/upload/", "registrar.rest_api.errors"),
    ],
)
def test_an_upload_that_finds_no_space_is_counted(scrape, settings, staff, path, logger):
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": f"{__name__}.FullStorage"}}
    program = CurriculumFactory(program=ProgramFactory(organizations=[OrganizationFactory()])).program
    uploader = Client()
    uploader.force_login(staff)
    before = scrape()
    file = BytesIO(b"student_key,status\nabc,enrolled\n")
    file.name = "roster.csv"
    response = uploader.post(path.format(uuid=program.uuid, key=program.key), {"file": file})

    assert response.status_code == 503
    assert get_error_lines(scrape(), logger) == get_error_lines(before, logger) + 1


def test_a_request_that_is_not_limited_is_counted(scrape, settings):
    before = scrape()
    settings.CACHES = {
        "requests": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    count_request("read", "user:1")

    assert get_error_lines(scrape(), "limits.counting") == get_error_lines(before, "limits.counting") + 1
