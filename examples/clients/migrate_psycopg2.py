#!/usr/bin/env python3
"""migrate_psycopg2.py up|skip|assert|status [SOURCE]: what migrate.py does, with psycopg 2."""
import os
import sys

import psycopg2


class Notices:
    """psycopg2 keeps the last 50 in connection.notices; this has each printed as it comes."""

    def append(self, message):
        sys.stderr.write(message)


def connect():
    connection = psycopg2.connect(os.environ.get("DATABASE_URL", ""))
    # without autocommit psycopg2 opens a transaction, in which CALL is refused
    connection.autocommit = True
    connection.notices = Notices()
    return connection


def up(cursor, source, if_locked=None):
    cursor.execute("CALL migrator.up(%s, if_locked => %s)", (source, if_locked))
    (result,) = cursor.fetchone()  # jsonb arrives as a dict
    print(f"{result['outcome']}: {result['applied']} applied")


def skip(cursor, source):
    up(cursor, source, "skip")


def assert_current(cursor, source):
    cursor.execute("SELECT migrator.assert_current(%s)", (source,))


def status(cursor, source):
    cursor.execute("SELECT version, name, state, flags FROM migrator.status(%s)", (source,))
    for version, name, state, flags in cursor:
        print(version, name, state, *flags)


commands = {"up": up, "skip": skip, "assert": assert_current, "status": status}
if len(sys.argv) not in (2, 3) or sys.argv[1] not in commands:
    sys.exit(__doc__)
try:
    # "with connection" is a transaction in psycopg2, so no with
    commands[sys.argv[1]](connect().cursor(), sys.argv[2] if len(sys.argv) > 2 else None)
except psycopg2.Error as error:
    # pgerror is all that psql would show, with DETAIL, HINT and CONTEXT; error.diag has each by itself, as diag.context
    sys.exit("\n".join(filter(None, [error.pgcode, error.pgerror or str(error)])))
