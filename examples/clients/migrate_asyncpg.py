#!/usr/bin/env python3
"""migrate_asyncpg.py up|skip|assert|status [SOURCE]: what migrate.py does, with asyncpg."""
import asyncio
import json
import os
import sys

import asyncpg


async def connect():
    # Autocommit is what a query outside of connection.transaction() has. No command_timeout: a migration may take its time.
    connection = await asyncpg.connect(os.environ.get("DATABASE_URL"))
    connection.add_log_listener(lambda _, notice: print(f"{notice.severity}:  {notice.message}", file=sys.stderr))
    return connection


async def up(connection, source, if_locked=None):
    result = json.loads(await connection.fetchval("CALL migrator.up($1, if_locked => $2)", source, if_locked))
    print(f"{result['outcome']}: {result['applied']} applied")


async def skip(connection, source):
    await up(connection, source, "skip")


async def assert_current(connection, source):
    await connection.execute("SELECT migrator.assert_current($1)", source)


async def status(connection, source):
    for row in await connection.fetch("SELECT version, name, state, flags FROM migrator.status($1)", source):
        print(row["version"], row["name"], row["state"], *row["flags"])


async def main(command, source=None):
    connection = await connect()
    try:
        await commands[command](connection, source)
    finally:
        await connection.close()


commands = {"up": up, "skip": skip, "assert": assert_current, "status": status}
if len(sys.argv) not in (2, 3) or sys.argv[1] not in commands:
    sys.exit(__doc__)
try:
    asyncio.run(main(*sys.argv[1:]))
except asyncpg.PostgresError as error:
    # str(error) has message, DETAIL and HINT; CONTEXT is in error.context
    sys.exit("\n".join(filter(None, [f"{error.sqlstate}: {error}", error.context])))
except OSError as error:
    sys.exit(str(error))
