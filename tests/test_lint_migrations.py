"""The check of migrations in `make lint`: what locks a table in use is refused."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from django_migration_linter.sql_analyser import analyse_sql_statements

SCRIPT = Path(__file__).resolve().parent.parent / ".ci" / "lint_migrations.py"
CREATE = 'CREATE TABLE "new" ("id" bigint NOT NULL PRIMARY KEY)'
FOREIGN_KEY = 'ADD CONSTRAINT "c" FOREIGN KEY ("x_id") REFERENCES "other" ("id") DEFERRABLE INITIALLY DEFERRED'


@pytest.fixture(scope="module")
def lint_migrations():
    return SimpleNamespace(**runpy.run_path(str(SCRIPT)))


@pytest.fixture
def find_faults(lint_migrations):
    def find_faults(*statements):
        linter = lint_migrations.make_linter()
        errors, _, warnings = analyse_sql_statements(linter.sql_analyser_class, list(statements))
        return [fault.code for fault in [*errors, *(warnings if linter.all_warnings_as_errors else [])]]

    return find_faults


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ('CREATE INDEX "i" ON "old" ("x")', "CREATE_INDEX"),
        ('DROP INDEX IF EXISTS "i"', "DROP_INDEX"),
        (f'ALTER TABLE "old" {FOREIGN_KEY}', "VALIDATED_CONSTRAINT"),
        ('ALTER TABLE "old" ADD CONSTRAINT "c" CHECK ("x" > 0)', "VALIDATED_CONSTRAINT"),
        ('ALTER TABLE "old" ADD COLUMN "x_id" bigint NULL CONSTRAINT "c" REFERENCES "o"("id")', "VALIDATED_CONSTRAINT"),
        ('ALTER TABLE "old" ADD COLUMN "x" integer NOT NULL', "NOT_NULL"),
        ('ALTER TABLE "old" DROP COLUMN "x"', "DROP_COLUMN"),
        ('ALTER TABLE "old" ALTER COLUMN "x" TYPE varchar(9)', "ALTER_COLUMN"),
    ],
)
def test_what_locks_a_table_in_use_or_breaks_the_version_before_is_refused(find_faults, statement, code):
    assert code in find_faults(statement)


@pytest.mark.parametrize(
    "statements",
    [
        [CREATE, 'CREATE INDEX "i" ON "new" ("x")', f'ALTER TABLE "new" {FOREIGN_KEY}'],
        ['CREATE INDEX CONCURRENTLY "i" ON "old" ("x")'],
        [f'ALTER TABLE "old" {FOREIGN_KEY} NOT VALID'],
        ['ALTER TABLE "old" VALIDATE CONSTRAINT "c"'],
        ['ALTER TABLE "old" ADD COLUMN "x" integer NULL'],
    ],
)
def test_what_others_can_work_beside_is_let_through(find_faults, statements):
    assert find_faults(*statements) == []
