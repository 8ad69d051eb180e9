#!/usr/bin/env python3
"""push.py DIR [NAME]: stages the migrations in DIR as stage:NAME, sending what the server lacks, and runs them.

The database is DATABASE_URL, or what PGHOST, PGDATABASE, PGUSER, ... say. Needs psycopg 3.
"""
import hashlib
import os
import sys
from pathlib import Path

import psycopg


def read_files(directory):
    """Contents by path. Layouts have folders one level deep; dot entries (.git, ..data) are left out."""
    files = {}
    for path in [*directory.iterdir(), *directory.glob("*/*")]:
        name = path.relative_to(directory).as_posix()
        if "/." not in f"/{name}" and not path.is_dir():
            files[name] = path.read_bytes()
    return files


def stage(connection, name, files):
    """Make the files the whole of the set; returns how many had to be sent."""
    paths = list(files)
    checksums = [hashlib.sha256(content).hexdigest() for content in files.values()]
    with connection.transaction():
        rows = connection.execute("SELECT migrator.stage_missing(%s, %s::text[], %s::text[])", (name, paths, checksums))
        missing = {path for (path,) in rows}
        # a NULL content is one that the server has: it is found by its checksum, or stage() fails
        contents = [content if path in missing else None for path, content in files.items()]
        connection.execute("SELECT migrator.stage(%s, %s::text[], %s::bytea[], %s::text[])", (name, paths, contents, checksums))
    return len(missing)


def main(directory, name="default"):
    files = read_files(Path(directory))
    # autocommit: each migration is a transaction of its own, so CALL must not be sent within one of ours
    with psycopg.connect(os.environ.get("DATABASE_URL", ""), autocommit=True) as connection:
        connection.add_notice_handler(lambda notice: print(f"{notice.severity}:  {notice.message_primary}", file=sys.stderr))
        print(f"{stage(connection, name, files)} of {len(files)} files were sent to stage:{name}")
        (result,) = connection.execute("CALL migrator.up(%s, options => '{\"verbose\": true}')", (f"stage:{name}",)).fetchone()
    for m in result["migrations"]:
        print(f"{m['version']:<20} {m['name']:<30} {m['outcome']:<10} {m['execution_time_ms']:>10.3f} ms")
    print(f"{result['outcome']}: {result['applied']} applied")


if len(sys.argv) not in (2, 3):
    sys.exit(__doc__)
try:
    main(*sys.argv[1:])
except (psycopg.Error, OSError) as error:
    # the exit code is 1; the server's message names migration, file and line
    sys.exit(str(error))
