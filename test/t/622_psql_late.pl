# Scripts with \gset and \gexec, run by psql -f and by up(): the same objects and rows come of it, the same is said, or both refuse.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PsqlScripts;
use Test::More;

my $node = start_for_scripts('psql_late');

compare_scripts($node, 2, scripts_of(do { local $/; <DATA> }));
$node->stop;
done_testing();

__DATA__
=== a value as it is, as a literal, as a name: same
SELECT 1 AS a, 'it''s "so"' AS b, 'My Table' AS c, 'int' AS type, 1.50 AS n, true AS t, '{1,2}'::int[] AS array, '\x00ff'::bytea AS bytes \gset
CREATE TABLE :"c" (a :type DEFAULT :a, b text DEFAULT :'b', n numeric DEFAULT :n, t bool DEFAULT :'t', x int[] DEFAULT :'array', y bytea DEFAULT :'bytes');
INSERT INTO :"c" DEFAULT VALUES;
\echo ~:a :'b' :"c" :t :array :bytes
=== null takes a value away: same
\set a 1
\set b 2
SELECT NULL AS a, '' AS c \gset
CREATE TABLE t AS SELECT :{?a} AS a, :{?b} AS b, :{?c} AS c, :'c'::text AS d;
=== a prefix: same
\set a 1
SELECT 2 AS a, 3 AS "B" \gset p_
SELECT 4 AS a \gset 'q_'
CREATE TABLE t AS SELECT :a AS a, :p_a AS b, :p_B AS c, :q_a AS d, :{?B} AS e;
=== the last of two columns: same
SELECT 1 AS a, 2 AS a \gset
CREATE TABLE t AS SELECT :a AS a;
=== a value that changes: same
SELECT 1 AS a \gset
CREATE TABLE t AS SELECT :a AS i;
SELECT :a + 1 AS a \gset
INSERT INTO t VALUES (:a);
\set a :a 0
INSERT INTO t VALUES (:a);
\unset a
INSERT INTO t SELECT 99 WHERE NOT :{?a};
INSERT INTO t
SELECT 5
AS i
RETURNING i AS a \gset
INSERT INTO t VALUES (-:a);
=== values of values: same
\set q ':a + :b'
SELECT 1 AS a, ':c' AS b, 2 AS c \gset
CREATE TABLE t AS SELECT :q AS a, :b AS b, :'b'::text AS c;
=== words and parts of words: same
SELECT 'log_' AS prefix, 2024 AS year, 20 AS n, 'id' AS col, 'count(*)' AS expression, 'ORDER BY 1' AS rest, 'DESC' AS way \gset
CREATE TABLE :prefix:year (:col int, s varchar(:n));
CREATE TABLE x_:year (LIKE :prefix:year);
CREATE SEQUENCE s START :year INCREMENT BY :n;
INSERT INTO x_:year VALUES (:year, :'year'), (:n, 'n');
CREATE TABLE t AS SELECT :expression FROM x_:year;
CREATE VIEW v AS SELECT * FROM x_:year :rest :way;
ALTER TABLE t ADD :col text DEFAULT 'of ' || :'col';
COMMENT ON TABLE t IS :'expression';
=== a statement: same
SELECT 'CREATE TABLE t (s text)' AS make, 'INSERT INTO t' AS into, '' AS nothing, ' -- a comment' AS comment \gset
:make;
:into VALUES ('a');
:into VALUES ('b')
\g
:nothing;
:comment
;
=== several statements: ours several statements
SELECT 'CREATE TABLE t (i int); CREATE TABLE u (i int)' AS make \gset
:make;
=== if: same
CREATE TABLE t (s text);
SELECT true AS yes, false AS no, 'on' AS enabled, count(*) = 0 AS empty FROM t \gset
\if :yes
  INSERT INTO t VALUES ('yes');
  \if :no
    INSERT INTO t VALUES ('not this');
  \elif :enabled
    INSERT INTO t VALUES ('enabled');
  \else
    INSERT INTO t VALUES ('nor this');
  \endif
\else
  INSERT INTO t VALUES ('no');
\endif
\if :no
  SELECT 1 / 0 AS yes \gset
  SELECT 'SELECT 1/0' \gexec
  \set enabled off
  \echo ~not said
  INSERT INTO nowhere VALUES (:nobody);
\elif :{?nobody}
  INSERT INTO t VALUES ('somebody');
\elif :empty \\ INSERT INTO t VALUES ('empty');
\endif
\if :enabled \echo ~enabled \else \echo ~disabled \endif
\if false
  INSERT INTO t VALUES ('not this');
\elif :no
  INSERT INTO t VALUES ('nor this');
\else
  INSERT INTO t VALUES ('else');
\endif
=== if, what is set in it: same
SELECT true AS yes, false AS no \gset
\set a 1
\set b 1
\if :yes
\set a 2
SELECT 3 AS c \gset
\unset b
\endif
\if :no
\set a 4
SELECT 5 AS c \gset
\unset a
\endif
CREATE TABLE t AS SELECT :a AS a, :{?b} AS b, :c AS c;
=== if, rows: same
CREATE TABLE t (s text);
SELECT true AS yes, false AS no \gset
\if :yes
COPY t FROM stdin;
one
\.
\copy t from parts/rows
\endif
\if :no
\copy t from parts/rows
\else
INSERT INTO t VALUES ('four');
\endif
--- parts/rows
two
three
=== if, files: same
CREATE TABLE t (s text);
SELECT true AS yes, false AS no \gset
\if :yes
\i parts/b.sql
\else
\i parts/c.sql
\endif
INSERT INTO t VALUES (:'b');
--- parts/b.sql
SELECT 'of b' AS b \gset
INSERT INTO t VALUES ('b');
--- parts/c.sql
SELECT 'of c' AS b \gset
INSERT INTO t VALUES ('c');
=== if, neither true nor false: ours needs true or false
SELECT 2 AS a \gset
CREATE TABLE t (i int);
\if :a
\endif
=== if, within a statement: ours stands within a statement
SELECT true AS a \gset
CREATE TABLE t (i int
\if :a
, j int
\endif
);
=== no row: both no rows returned
CREATE TABLE t (i int);
SELECT i FROM t \gset
CREATE TABLE u (i int);
=== two rows: both more than one row
SELECT i FROM generate_series(1, 2) i \gset
CREATE TABLE u (i int);
=== a column without a name: both cannot set a variable
SELECT 1 \gset
CREATE TABLE t (i int);
=== a special variable: ours of psql's own
SELECT 'verbose' AS "VERBOSITY" \gset
CREATE TABLE t (i int);
=== no value: both variable "a" has no value
SELECT NULL AS a \gset
CREATE TABLE t AS SELECT :a AS i;
=== no value, of an argument: ours variable "b" has no value
SELECT 1 AS a \gset
\echo ~:b
=== nothing that returns rows, gset: ours returns no rows
CREATE TABLE t (i int) \gset
=== nothing that returns rows, gexec: ours returns no rows
CREATE TABLE t (i int) \gexec
=== nothing at all: ours stands behind no statement
SELECT 1 AS a;
\gset
=== what statements give back: same
CREATE TABLE t (i serial, s text);
INSERT INTO t (s) VALUES ('a') RETURNING i, s || 'b' AS s \gset
UPDATE t SET s = s || :'s' RETURNING s AS u \gset
DELETE FROM t WHERE i = :i RETURNING i AS d \gset
SHOW server_encoding \gset
VALUES (1) \gset v_
WITH w AS (SELECT 2 AS w) SELECT w FROM w \gset
CREATE TABLE u AS SELECT :i AS i, :'s' AS s, :'u' AS u, :d AS d, :'server_encoding' AS e, :v_column1 AS v, :w AS w;
=== a column with a blank in its name: both cannot set a variable
CREATE TABLE t (i int);
EXPLAIN (COSTS off) SELECT 1 \gset
=== gexec: same
SELECT format('CREATE TABLE t%s (i int)', i), NULL, format('INSERT INTO t%s VALUES (%s);', i, i) FROM generate_series(1, 5) i ORDER BY i DESC
\gexec
SELECT 'CREATE TABLE u (i int); INSERT INTO u VALUES (1); INSERT INTO u VALUES (2)', '', '-- nothing', ';' \gexec
SELECT 'INSERT INTO u VALUES (3)' WHERE false \gexec
SELECT 'INSERT INTO u SELECT count(*) FROM u' FROM generate_series(1, 5) \gexec
=== gexec, from left to right: same
CREATE TABLE t (n serial, s text);
SELECT format('INSERT INTO t (s) VALUES (%L)', i || 'a'), format('INSERT INTO t (s) VALUES (%L)', i || 'b') FROM generate_series(1, 3) i \gexec
=== gexec, no references: same
\set a 1
SELECT 2 AS b \gset
CREATE TABLE t (s text);
SELECT 'INSERT INTO t VALUES ('':a :b'')', $$INSERT INTO t VALUES ('\echo x')$$, format('INSERT INTO t VALUES (%L)', :'a' || :b) \gexec
=== gexec, what its rows came of goes: same
CREATE TABLE t AS SELECT 'ALTER TABLE t RENAME TO t' || i AS s FROM generate_series(1, 1) i;
INSERT INTO t VALUES ('DROP TABLE t1'), ('CREATE TABLE t (s text)'), ('INSERT INTO t VALUES (''new'')');
TABLE t \gexec
=== gexec, types: same
SELECT 1 AS a \gset
CREATE FUNCTION f() RETURNS name LANGUAGE sql AS $$ SELECT 'CREATE TABLE t (i int)'::name $$;
SELECT f(), NULL::int, 'SELECT 1'::varchar, 'SELECT 2'::char(20) \gexec
=== gexec, blocks and calls: same
CREATE TABLE t (s text);
CREATE PROCEDURE p(s text) LANGUAGE sql AS 'INSERT INTO t VALUES ($1)';
SELECT 'CALL p(''p'')', 'DO $x$ BEGIN INSERT INTO t VALUES (''do''); END $x$', 'SELECT * FROM t', 'EXPLAIN ANALYZE INSERT INTO t VALUES (''explained'')' \gexec
=== gexec, an error: both division by zero
CREATE TABLE t (i int);
SELECT 'INSERT INTO t VALUES (1)', 'SELECT 1/0', 'INSERT INTO t VALUES (2)' \gexec
=== gexec, a syntax error: both syntax error
SELECT 'nonsense' \gexec
=== gexec, a transaction: ours cannot come of a result
SELECT 'BEGIN', 'CREATE TABLE t (i int)', 'COMMIT' \gexec
=== gexec, what refuses a transaction block: ours cannot come of a result
CREATE TABLE t (i int);
SELECT 'VACUUM t' \gexec
=== gexec, rows: ours cannot come of a result
CREATE TABLE t (i int);
SELECT 'COPY t FROM stdin' \gexec
=== messages: same
SELECT 'a' AS a, 'b c' AS b, NULL AS n \gset
\echo ~:a :b :'b' ':b' ":b" :{?n} x:a.y
\echo ~ :a:b
\qecho ~:a
\warn +:b
\set a again :a
\echo ~:a
CREATE TABLE t (i int);
=== a backslash in a message: same
\set s 'x\\y'
\echo ~:'s' ~:"s" ~:s
SELECT E'x\\y' AS a \gset
\echo ~:'a' ~:"a" ~:a
\set b a:'a'
\echo ~:b
CREATE TABLE t AS SELECT :'b'::text AS b;
=== gexec, of a type that goes: same
CREATE TABLE t (s text);
CREATE TYPE e AS ENUM ('DROP TYPE e', 'INSERT INTO t VALUES (1)');
SELECT unnest(enum_range(NULL::e)) \gexec
=== in transactions: same
CREATE TABLE t (s text);
SELECT 'before' AS a, true AS yes \gset
BEGIN;
INSERT INTO t VALUES (:'a');
SELECT 'within' AS a \gset
COMMIT;
INSERT INTO t VALUES (:'a');
\if :yes
INSERT INTO t VALUES ('between');
\else
INSERT INTO nowhere VALUES (1);
\endif
BEGIN;
SELECT format('INSERT INTO t VALUES (%L)', i) FROM generate_series(1, 2) i \gexec
END;
CREATE INDEX CONCURRENTLY i_:a ON t (s);
\if :yes
VACUUM t;
CREATE UNIQUE INDEX CONCURRENTLY :"a" ON t (s) WHERE s = :'a';
\endif
=== begin in a branch: ours stands in a branch
SELECT true AS yes \gset
CREATE TABLE t (i int);
\if :yes
BEGIN;
COMMIT;
\endif
=== strings with escapes: same
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT 'it\'s' AS a, 'b\\c' AS b \gset
CREATE TABLE t AS SELECT :'a'::text AS a, :'b'::text AS b, '\'' AS c;
SELECT format('INSERT INTO t VALUES (%L, %L, E''\\'''')', 'it\'s', 'b\\c') \gexec
RESET standard_conforming_strings;
INSERT INTO t VALUES ('\', :'a', :'b');
=== names that are not Latin: same
SELECT 1 AS "größe" \gset
CREATE TABLE t AS SELECT :größe AS "größe", :'größe'::text AS b;
=== settings: same
SELECT 'de_DE' AS a, 'app.x' AS name, current_setting('search_path') AS path \gset
SET app.y = :'a';
SELECT set_config('app.x', :'a', false) AS set \gset
CREATE TABLE t AS SELECT current_setting('app.y') AS y, current_setting(:'name') AS x, :'set' AS set;
SET search_path = :path;
CREATE TABLE u (i int);
