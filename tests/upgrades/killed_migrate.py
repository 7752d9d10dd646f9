"""`manage.py migrate`, killed after each few changes of tables and begun again until it ends.

`python -m tests.upgrades.killed_migrate CHANGES` prints how often it was killed.
"""

import os
import signal
import sys

import django
from django.core.management import call_command
from django.db import connections
from django.db.backends.mysql.schema import DatabaseSchemaEditor

MOST_KILLS = 200


def main(changes: int) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagestore.settings")
    django.setup()
    for kills in range(MOST_KILLS):
        child = os.fork()
        if not child:
            kill_after(changes)
            call_command("migrate", interactive=False, verbosity=0)
            connections.close_all()
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if not os.WIFSIGNALED(status):
            print(kills)
            return os.waitstatus_to_exitcode(status)
    return 1


def kill_after(changes: int) -> None:
    """Only changes that the database carries out count, so that each run comes further than the one before."""
    execute, done = DatabaseSchemaEditor.execute, 0

    def counted(self, sql, params=()):
        nonlocal done
        execute(self, sql, params)
        done += 1
        if done == changes:
            os.kill(os.getpid(), signal.SIGKILL)

    DatabaseSchemaEditor.execute = counted


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
