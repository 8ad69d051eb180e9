#!/usr/bin/env python3
"""migrate.py up|skip|assert|status [SOURCE]: migrations from an application, with psycopg 3.

    up      run what is pending; waits while another instance does
    skip    the same, but leaves it to the other instance and goes on
    assert  fails unless the schema is current: before serving, or after skip
    status  what is applied, what is pending

SOURCE is a directory on the server or stage:NAME; without it that of the registered service. The database is DATABASE_URL,
or what PGHOST, PGDATABASE, PGUSER, ... say. Exit status: 0, or 1 after an error.
"""
import os
import sys

import psycopg


def connect():
    # without autocommit psycopg opens a transaction, in which CALL is refused
    connection = psycopg.connect(os.environ.get("DATABASE_URL", ""), autocommit=True)
    connection.add_notice_handler(lambda notice: print(f"{notice.severity}:  {notice.message_primary}", file=sys.stderr))
    return connection


def up(connection, source, if_locked=None):
    # jsonb arrives as a dict
    (result,) = connection.execute("CALL migrator.up(%s, if_locked => %s)", (source, if_locked)).fetchone()
    print(f"{result['outcome']}: {result['applied']} applied")


def skip(connection, source):
    up(connection, source, "skip")


def assert_current(connection, source):
    connection.execute("SELECT migrator.assert_current(%s)", (source,))


def status(connection, source):
    for version, name, state, flags in connection.execute("SELECT version, name, state, flags FROM migrator.status(%s)", (source,)):
        print(version, name, state, *flags)


commands = {"up": up, "skip": skip, "assert": assert_current, "status": status}
if len(sys.argv) not in (2, 3) or sys.argv[1] not in commands:
    sys.exit(__doc__)
try:
    with connect() as session:
        commands[sys.argv[1]](session, sys.argv[2] if len(sys.argv) > 2 else None)
except psycopg.Error as error:
    # str(error) has message, DETAIL and CONTEXT; error.diag has each by itself, such as diag.context and diag.message_hint
    sys.exit("\n".join(filter(None, [error.sqlstate, error.diag.message_primary or str(error), error.diag.message_detail,
                                     error.diag.message_hint, error.diag.context])))
