from io import StringIO

import pytest
from django.core.management import call_command

from demo.catalog import CATALOG_FILE


@pytest.fixture
def demo_catalog(settings, db):
    settings.DEBUG = True
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",  # quick, as the real one must not be
        "access.hashers.ClientSecretHasher",
    ]
    call_command("load_catalog", str(CATALOG_FILE), stdout=StringIO())
