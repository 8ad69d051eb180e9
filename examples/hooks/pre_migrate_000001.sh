#!/bin/sh
# Before migration 000001, on the machine that runs migrator-push --hooks: note the size, take a backup, tell the team.
# psql and pg_dump find the database by PGHOST, PGDATABASE, ...
set -eu
echo "starting migration $MIGRATOR_VERSION"
echo "database size: $(psql -X -A -t -c 'SELECT pg_size_pretty(pg_database_size(current_database()))')"
if [ -n "${BACKUP_DIRECTORY:-}" ]; then
  "$(dirname "$0")/../backup.sh" "$BACKUP_DIRECTORY"
fi
if [ -n "${WEBHOOK_URL:-}" ]; then
  curl -sf -X POST -H 'Content-type: application/json' --data "{\"text\": \"Starting migration $MIGRATOR_VERSION\"}" "$WEBHOOK_URL"
fi
