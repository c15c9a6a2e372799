"""The signing key of development."""

import stat
from concurrent.futures import ThreadPoolExecutor

from config.development_key import load_development_key


def test_the_key_is_made_once_for_its_owner_only(tmp_path):
    first = load_development_key(tmp_path / "var")

    file = tmp_path / "var" / "development_signing_key.pem"
    assert first.startswith("-----BEGIN PRIVATE KEY-----")
    assert load_development_key(tmp_path / "var") == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_processes_that_start_together_get_the_same_key(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        keys = set(pool.map(lambda _: load_development_key(tmp_path), range(4)))

    assert len(keys) == 1
