import ast
import re
from pathlib import Path

from django.conf import settings
from django.core.management import get_commands

OUR_APPS = ("access", "catalog", "demo", "grades", "imports", "learners", "limits", "program_enrollments", "registrar")
ONLY_FOR_COMPOSE = {"POSTGRES_PASSWORD"}


def read(relative_path: str) -> str:
    return (Path(settings.BASE_DIR) / relative_path).read_text(encoding="utf-8")


def list_variables_that_settings_read() -> set[str]:
    return {
        call.args[0].value
        for file in ("config/settings.py", "config/logging.py")
        for call in ast.walk(ast.parse(read(file)))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
    }


def test_the_readme_names_every_environment_variable_and_no_other():
    section = read("README.md").split("## Settings")[1].split("\n## ")[0]

    assert set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)) == list_variables_that_settings_read()


def test_the_example_environment_names_every_environment_variable_and_no_other():
    names = set(re.findall(r"^#? ?([A-Z_]+)=", read(".env.example"), re.MULTILINE))

    assert names - ONLY_FOR_COMPOSE == list_variables_that_settings_read()


def test_the_operators_page_names_every_command():
    page = read("docs/operations.md")

    commands = {name for name, app in get_commands().items() if app in OUR_APPS}
    assert commands
    assert {name for name in commands if f"`{name}" not in page} == set()


def test_relative_links_of_the_documentation_lead_somewhere():
    folder = Path(settings.BASE_DIR)
    pages = [folder / "README.md", folder / "CONTRIBUTING.md", *folder.glob("docs/**/*.md")]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    ]

    assert links
    assert [(str(page), link) for page, link in links if not (page.parent / link).exists()] == []
