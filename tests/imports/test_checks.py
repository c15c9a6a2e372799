"""Checks before the service starts."""

import os
from pathlib import Path

import pytest
from django.core.checks import run_checks


def list_errors():
    return [message.id for message in run_checks(include_deployment_checks=True) if message.id == "imports.E001"]


@pytest.mark.parametrize("folder", ["", "not/there/yet"])
def test_a_folder_that_can_be_written_or_made_passes(settings, tmp_path, folder):
    settings.MEDIA_ROOT = tmp_path / folder

    assert list_errors() == []


def test_a_folder_in_the_place_of_a_file_is_an_error(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file" / "folder"

    assert list_errors() == ["imports.E001"]


def test_a_folder_that_cannot_be_written_is_an_error(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)

    assert list_errors() == ["imports.E001"]
