"""What migrations do to the rows that stand."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@pytest.fixture
def migrate_catalog():
    """A function that takes the catalog's tables to a migration and returns the apps as of then."""

    def migrate(name):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # tables with triggers that wait cannot be altered
        executor = MigrationExecutor(connection)
        executor.migrate([("catalog", name)])
        return MigrationExecutor(connection).loader.project_state([("catalog", name)]).apps

    return migrate


def test_programs_that_stand_get_unique_keys(migrate_catalog):
    old_program = migrate_catalog("0001_initial").get_model("catalog", "Program")
    old_program.objects.bulk_create(
        old_program(title=title, marketing_slug=slug)
        for title, slug in [("A", "masters/mba"), ("B", "mba"), ("Máster «C»", ""), ("D", "mba"), ("E", "MBA-2/")]
    )
    program = migrate_catalog("0002_program_key").get_model("catalog", "Program")
    keys = program.objects.order_by("id").values_list("key", flat=True)
    assert list(keys) == ["mba", "mba-2", "master-c", "mba-3", "mba-2-2"]
