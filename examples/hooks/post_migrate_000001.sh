#!/bin/sh
# After migration 000001: it is committed, so a failure here only stops what comes behind it.
set -eu
echo "migration $MIGRATOR_VERSION completed"
if [ "$(psql -X -A -t -c "SELECT to_regclass('user_service.users') IS NOT NULL")" != t ]; then
  echo "table user_service.users is not there" >&2
  exit 1
fi
