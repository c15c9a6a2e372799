from io import StringIO

import pytest
from django.core.management import call_command

from demo.catalog import CATALOG_FILE


@pytest.fixture
def demo_catalog(settings, db):
    settings.DEBUG = True
    call_command("load_catalog", str(CATALOG_FILE), stdout=StringIO())
