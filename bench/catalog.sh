# shellcheck shell=bash
# shellcheck disable=SC2154 # what run.sh and setup.sh set
# The live schema, object by object, and what it costs a run to keep it. Each table has six columns, three constraints and two
# indexes; there is a view for each ten. Sourced by run.sh.

# catalog_database N: database "catalogN" with N tables, once
catalog_database() {
  [ -e "catalog$1.made" ] && return 0
  psql -c "CREATE DATABASE catalog$1"
  psql -d "catalog$1" -c "CREATE EXTENSION migrator" -c "CREATE FUNCTION processor_ms() RETURNS float8 LANGUAGE sql
    AS 'SELECT split_part(pg_read_file(''/proc/self/schedstat''), '' '', 1)::float8 / 1e6'"
  psql -d "catalog$1" -c "DO \$\$BEGIN FOR i IN 1 .. $1 LOOP
      EXECUTE format('CREATE TABLE t%s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL CHECK (email LIKE ''%%@%%''),
        name varchar(40) DEFAULT ''x'', created_at timestamptz DEFAULT now(), ref bigint REFERENCES t%s, amount numeric(10,2))', i, i);
      EXECUTE format('CREATE INDEX ON t%s (name, created_at)', i);
      IF i % 10 = 0 THEN EXECUTE format('CREATE VIEW v%s AS SELECT a.id, b.name FROM t%s a JOIN t%s b USING (id)', i, i, i - 1); END IF;
      IF i % 100 = 0 THEN COMMIT; END IF;
    END LOOP; END\$\$" -c "VACUUM ANALYZE" -c CHECKPOINT
  touch "catalog$1.made"
}

# of one backend, behind a first call
fingerprint() { # fingerprint N
  psql -d "catalog$1" -At <<SQL | tail -n 1
SELECT migrator.schema_fingerprint() \g /dev/null
SELECT processor_ms() AS start \gset
SELECT migrator.schema_fingerprint() \g /dev/null
SELECT processor_ms() - :start;
SQL
}

# the definitions that the server prints, and no more: what any such query has to do
plain_sql() { # plain_sql N
  psql -d "catalog$1" -At <<'SQL' | tail -n 1
SET search_path = pg_catalog;
PREPARE plain AS SELECT md5(string_agg(d, ',' ORDER BY d COLLATE "C")) FROM (
  SELECT format('%s %s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid >= 16384 AND a.attnum > 0
  UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE oid >= 16384
  UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid >= 16384
  UNION ALL SELECT pg_get_viewdef(oid) FROM pg_class WHERE oid >= 16384 AND relkind = 'v') x (d);
EXECUTE plain \g /dev/null
SELECT public.processor_ms() AS start \gset
EXECUTE plain \g /dev/null
SELECT public.processor_ms() - :start;
SQL
}

# 10 migrations of a table each, behind a run that was kept
tracked() { # tracked on|off
  local name i
  # a subshell: the number has to be another one in each
  name=s$(date +%s%N | tail -c 10)
  rm -rf "$name.dir"
  mkdir "$name.dir"
  for i in 1 2 3 4 5 6 7 8 9 10; do
    echo "CREATE TABLE ${name}_$i (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL);
      CREATE INDEX ON ${name}_$i (email);" >"$name.dir/${i}_x.sql"
  done
  chmod -R a+rX "$name.dir"
  took command "$BIN/psql" -X -q -At -d catalog1000 -c "SET migrator.track_schema = $1" -c "CALL migrator.up('$dir/$name.dir', '$name')"
  # what the other way left is nothing to look for
  psql -d catalog1000 -At -c "SELECT migrator.accept_drift('$name')" >/dev/null
}

group_catalog() {
  catalog_database 1000
  catalog_database 10000
  compare "fingerprint of 1,000 tables, and the same definitions by plain SQL; processor time" "" "fingerprint 1000" "plain_sql 1000"
  compare "fingerprint of 10,000 tables and of 1,000; processor time" "1.00" "fingerprint 10000" "fingerprint 1000" 10000 1000
  compare "up of 10 over 1,000 tables, with and without track_schema" "1.30" "tracked on" "tracked off"
}
