#!/bin/bash
# generate.sh N DIR [up]: writes N small migrations as golang-migrate pairs into the new directory DIR; with `up`, no down
# scripts. In turn: CREATE TABLE with a key, ALTER TABLE with an index, INSERT of three rows.
set -euo pipefail

n=$1 dir=$2 kind=${3:-pairs}
mkdir "$dir"
# one awk for all files: a process each would take longer than the benchmark
awk -v n="$n" -v dir="$dir" -v kind="$kind" '
function put(v, name, direction, text,    file)
{
	file = sprintf("%s/%06d_%s.%s.sql", dir, v, name, direction)
	print text > file
	close(file)
}
BEGIN {
	for (v = 1; v <= n; v++) {
		t = "t" int((v + 2) / 3)
		if (v % 3 == 1) {
			name = "create_" t
			up = "CREATE TABLE " t " (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n" \
			     "    name text NOT NULL,\n    created_at timestamptz NOT NULL DEFAULT now()\n);"
			down = "DROP TABLE " t ";"
		} else if (v % 3 == 2) {
			name = "alter_" t
			up = "ALTER TABLE " t " ADD COLUMN amount numeric(10, 2) NOT NULL DEFAULT 0;\n" \
			     "CREATE INDEX " t "_amount_idx ON " t " (amount);"
			down = "ALTER TABLE " t " DROP COLUMN amount;"
		} else {
			name = "fill_" t
			up = "INSERT INTO " t " (name, amount) VALUES (\047one\047, 1), (\047two\047, 2), (\047three\047, 3);"
			down = "DELETE FROM " t ";"
		}
		put(v, name, "up", up)
		if (kind != "up") put(v, name, "down", down)
	}
}'
