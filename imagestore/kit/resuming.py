"""Goes on with a migration that was killed half way on MySQL, which cannot roll back changes of tables.

Django repeats a migration from its first statement until it has recorded the whole. This editor leaves out what is
done already.
"""

from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.mysql.schema import DatabaseSchemaEditor
from django.db.migrations.recorder import MigrationRecorder

# Of MySQL: the table, column, index or foreign key is there already; the table, column or index has gone already.
_DONE_ERRORS = {1050, 1060, 1061, 1826, 1051, 1091}
# What InnoDB says of a foreign key that is there already, to MariaDB.
_DUPLICATE_KEY = "errno: 121"


def resume_on(connection: BaseDatabaseWrapper, first_migration: tuple[str, str]) -> None:
    """Let this connection's migrations go on where one was killed.

    Not in a database without `first_migration`: a table that is there already may be another project's.
    """
    if connection.vendor == "mysql" and first_migration in MigrationRecorder(connection).applied_migrations():
        connection.SchemaEditorClass = ResumingSchemaEditor


class ResumingSchemaEditor(DatabaseSchemaEditor):
    def execute(self, sql: Any, params: Any = ()) -> None:
        try:
            super().execute(sql, params)
        except DatabaseError as error:
            if not _is_done(error):
                raise


def _is_done(error: DatabaseError) -> bool:
    return error.args[0] in _DONE_ERRORS or (error.args[0] == 1005 and _DUPLICATE_KEY in error.args[1])
