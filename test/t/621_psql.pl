# Scripts with psql's commands, run by psql -f and by up(): the same objects and rows come of it, the same is said, or both refuse.
# Where docs/psql.md has a difference, the script says so: "ours" is refused here and run by psql, "theirs" the other way.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Utils;
use PsqlScripts;
use Test::More;

my $node = start_for_scripts('psql');
my $psql = $node->installed_command('psql');
my $directive = "-- migrator: psql\n";
my @scripts = scripts_of(do { local $/; <DATA> });

# what cannot stand below as it is
my $crlf = "\\set a 'of CRLF'\n\\if true\nCREATE TABLE t (s text);\nINSERT INTO t VALUES (:'a');\n\\endif\nCOPY t FROM stdin;\none\n\\.\n"
	. "\\copy t from stdin\ntwo\n\\.\n\\copy t from parts/rows\n\\i parts/b.sql\n\\echo ~:a\n";
push @scripts,
	[ 'CRLF', 'same', '',
		{ map { s/\n/\r\n/gr } '1_a.sql' => "$directive$crlf", 'parts/rows' => "three\n", 'parts/b.sql' => "INSERT INTO t VALUES (:'a')\n;" } ],
	[ 'BOM', 'same', '',
		{ '1_a.sql' => "\xef\xbb\xbf$directive\\i parts/b.sql\nCREATE TABLE u (i int);\n", 'parts/b.sql' => "\xef\xbb\xbfCREATE TABLE t (i int);" } ],
	[ 'no line end, a statement', 'same', '', { '1_a.sql' => "${directive}CREATE TABLE t AS SELECT 1 AS i" } ],
	[ 'no line end, a command', 'same', '', { '1_a.sql' => "${directive}CREATE TABLE t AS SELECT 1 AS i \\g" } ],
	[ 'no line end, a message', 'same', '', { '1_a.sql' => "${directive}CREATE TABLE t (i int);\n\\echo ~'the end'" } ],
	[ 'no line end, a comment', 'same', '', { '1_a.sql' => "${directive}CREATE TABLE t (i int); -- :a" } ],
	[ 'no line end, rows', 'same', '', { '1_a.sql' => "${directive}CREATE TABLE t (i int);\nCOPY t FROM stdin;\n1\n2" } ],
	[ 'no line end, rows of a command', 'same', '', { '1_a.sql' => "${directive}CREATE TABLE t (i int);\n\\copy t from stdin\n1\n2" } ],
	[ 'no line end, rows of a file', 'same', '', { '1_a.sql' => "${directive}CREATE TABLE t (i int);\n\\copy t from parts/rows", 'parts/rows' => "1\n2" } ],
	[ 'blanks of all kinds', 'same', '', { '1_a.sql' => "${directive}\\set\ta\f1  \t b\t\nCREATE\tTABLE\ft AS SELECT :'a'::text AS s\t;\n" } ],
	[ 'nothing', 'same', '', { '1_a.sql' => $directive } ];

# psql has it since the minor releases of August 2025
if ((run_command([ $psql, '-X', '-d', $node->connstr('by_psql'), '-c', '\\restrict x' ]))[1] eq '')
{
	push @scripts,
		[ 'restrict', 'same', '', { '1_a.sql' => "$directive\\restrict abc\nCREATE TABLE t (i int);\nCOPY t FROM stdin;\n1\n\\.\n\\unrestrict abc\n\\echo ~x\n" } ],
		[ 'restrict, a command', 'both', 'psql\'s commands are restricted', { '1_a.sql' => "$directive\\restrict abc\n\\echo ~x\n\\unrestrict abc\n" } ],
		[ 'restrict, another key', 'both', 'another key', { '1_a.sql' => "$directive\\restrict abc\n\\unrestrict abd\n" } ];
}

compare_scripts($node, 2, @scripts);
$node->stop;
done_testing();

__DATA__
Same: psql runs it and up() too, with the same objects, rows and messages. Both: both refuse. Ours: up() refuses, and says so. Theirs: psql refuses.

=== a value as it is: same
\set a 1
\set n 20
\set type varchar
\set name t
CREATE TABLE :name (i int DEFAULT :a, s :type(:n), x numeric DEFAULT -:a);
INSERT INTO :name VALUES (:a+:a, 'x', :a*2), (2:a, 'y', :a.5);
\set s pg_catalog
INSERT INTO :name SELECT 1 FROM :s.pg_namespace WHERE nspname = :'s';
=== slices: same
\set lo 1
CREATE TABLE t AS SELECT x[1:2] AS a, x[:lo:2] AS b, x[2:] AS c, x[:2] AS d, x[:] AS e,
  x[lo : hi] AS f FROM (SELECT '{1,2,3}'::int[] AS x, 2 AS lo, 3 AS hi) AS q;
=== a slice with a name behind its colon: ours variable "hi" has no value
CREATE TABLE t AS SELECT x[lo:hi] AS a FROM (SELECT '{1,2,3}'::int[] AS x, 2 AS lo, 3 AS hi) AS q;
=== casts and named arguments: same
\set a 3
\set type text
CREATE FUNCTION f(a int, b int DEFAULT 0) RETURNS int LANGUAGE sql AS 'SELECT $1 * 10 + $2';
CREATE TABLE t AS SELECT :a::int AS a, :a::numeric(4,2) AS b, :'a'::int AS c,
  f(a := 1, b:=:a) AS d, f(a=>:a) AS e, '1':: int AS f, 1:::type AS g;
=== tests in SQL: same
\set a
CREATE TABLE t AS SELECT :{?a} AS a, :{?b} AS b, NOT :{?a}::bool AS c, ':{?a}' AS d;
=== names that are not Latin: same
\set größe 5
\set _x1 6
\set A 7
\set a 8
CREATE TABLE t AS SELECT :größe AS "größe", :_x1 AS b, :A AS c, :a AS d, :'größe' || 'ä' AS e;
=== a name of digits: ours invalid name of a variable
\set 1 x
CREATE TABLE t AS SELECT :'1'::text AS s;
=== no value: ours variable "nobody" has no value
CREATE TABLE t AS SELECT 1 AS i;
\echo ~:nobody
=== no value, in SQL: both variable "nobody" has no value
CREATE TABLE t AS SELECT :nobody AS i;
=== unset: same
\set a 1
\unset a
\unset nobody
CREATE TABLE t AS SELECT :{?a} AS a, :{?nobody} AS b;
=== a value that changes: same
\set a 1
CREATE TABLE t AS SELECT :a AS i;
\set a 2
INSERT INTO t VALUES (:a);
INSERT INTO t
\set a 3
VALUES (:a);
=== values of values: same
\set a 1
\set b :a
\set c ':a + :b'
\set d '(:c) * 2'
\set a 2
CREATE TABLE t AS SELECT :a AS a, :b AS b, :c AS c, :d AS d, :'d'::text AS e;
=== a value of itself: both refers to itself
\set a ':a'
CREATE TABLE t AS SELECT :a AS i;
=== statements in a value: same
\set two 'CREATE TABLE t (i int, s text); INSERT INTO t VALUES (1, $$a;b$$);'
\set rest ', ''x'')'
:two
INSERT INTO t VALUES (2 :rest;
=== a value that opens a quote: same
\set a ''''
CREATE TABLE t AS SELECT :a x'::text AS s;
=== a command in a value: ours the value of a variable has a command
\set a '\\echo ~x'
CREATE TABLE t (i int);
:a
=== a value beside a letter: same
\set a 'b\\n'
CREATE TABLE t AS SELECT 'a' || :'a' || 'c' AS s;
INSERT INTO t VALUES ('x'||:'a'||'y');
INSERT INTO t SELECT'x'FROM t WHERE s=:'a'OR s<>:'a'ORDER BY 1;
=== nothing within quotes and comments: same
\set a 1
CREATE TABLE t (":a" text, "x"":a" text);
INSERT INTO t VALUES (':a', $$:a :'a' :"a"$$),
  ($x$:a $$ :'a' $y$$x$, E':a\':a'), ('it''s :a', U&':a\0041'), (' :{?a} ', B'1'::text || ':a'), (':''a''', '"":"a"');
-- :a :'a' :nobody
/* :a /* ; :nobody */ :'nobody' */
COMMENT ON TABLE t IS ':a -- :a /* :a';
=== strings of all kinds: same
\set a A
CREATE TABLE t (s text);
INSERT INTO t VALUES ('C:\dir\'), (E'it\'s :a \\'), (E'\\'), (:'a'), (U&'d\0061t\+000061'), (U&'d!0061t!!:a' UESCAPE '!'), (N'n:a'), (e'\x41');
INSERT INTO t VALUES ('first'
 ' second :a'), ('x' -- a comment :nobody '
 'y'), ('a;b'), ('
\set a in a string
\echo no message
'), ('--'), ('/*'), ($$'$$);
CREATE TABLE U&"d\0061ta" (U&"!0041;:a" UESCAPE '!' int, "semi;colon" int);
=== strings with escapes everywhere: same
\set a 'it''s \\ x'
CREATE TABLE t (s text);
SET standard_conforming_strings = off;
SET escape_string_warning = off;
INSERT INTO t VALUES ('it\'s :a'), ('\\'), ('a\\\'b;:nobody'), (:'a');
\echo ~between :a
INSERT INTO t VALUES ('\'
\echo :nobody
\'');
RESET standard_conforming_strings;
INSERT INTO t VALUES ('\'), (:'a');
=== strings with escapes, within a transaction: same
CREATE TABLE t (s text);
BEGIN;
SET LOCAL standard_conforming_strings TO off;
SET LOCAL escape_string_warning = off;
INSERT INTO t VALUES ('\':nobody');
COMMIT;
INSERT INTO t VALUES ('\');
\set a 1
INSERT INTO t VALUES (:a);
=== a string with escapes on two lines, of which psql loses the second: theirs
CREATE TABLE t (s text);
INSERT INTO t VALUES (E'it\'s'
 ' \'second\' :nobody');
=== dollars: same
\set a 1
CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql AS $f$
BEGIN
  -- $$ :a
  EXECUTE $$SELECT ':a;'$$;
  RETURN $1; -- \echo no message
/*
\echo no message either
*/
END $f$;
PREPARE p(int) AS SELECT $1 + :a;
CREATE TABLE a$b$c (i$ int);
DO $_$BEGIN PERFORM 1; END$_$; DO $ä$BEGIN END$ä$;
CREATE TABLE t AS SELECT f(:a) AS i, $$$$ AS s, $a$ $ $b$ $a$ AS u;
=== bodies of SQL: same
\set a 1
CREATE TABLE t (i int);
CREATE FUNCTION f(x int DEFAULT :a) RETURNS int LANGUAGE sql
BEGIN ATOMIC
  SELECT CASE WHEN x > :a THEN 1 ELSE 2 END;
  SELECT CASE x WHEN 1 THEN (SELECT CASE WHEN true THEN 3 END) END;
END;
CREATE OR REPLACE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC INSERT INTO t VALUES (f()); INSERT INTO t VALUES (f(5)); END; CALL p();
CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1;
\echo ~in a body
\set a 2
\if 1
SELECT :a;
\endif
END; \echo ~behind it
CREATE FUNCTION "end"() RETURNS int RETURN (SELECT max(i) FROM t);
INSERT INTO t SELECT "end"() \g
=== semicolons within parentheses: same
CREATE TABLE t (i int);
CREATE TABLE u (i int);
CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (NEW.i); INSERT INTO u VALUES (-NEW.i););
INSERT INTO t VALUES (1);;
; INSERT INTO t VALUES (2);
=== a parenthesis too many: both syntax error
CREATE TABLE t (i int));
=== a parenthesis that stays open: both syntax error
CREATE TABLE t (i int;
CREATE TABLE u (i int);
=== if: same
CREATE TABLE t (s text);
\if true
  INSERT INTO t VALUES ('true');
  \if false
    INSERT INTO t VALUES ('not this');
  \elif 0
    INSERT INTO t VALUES ('nor this');
  \elif on
    INSERT INTO t VALUES ('on');
  \else
    INSERT INTO t VALUES ('not this');
  \endif
  INSERT INTO t VALUES ('after');
\elif true
  INSERT INTO t VALUES ('not this');
\else
  INSERT INTO t VALUES ('nor this');
\endif
\if no \else \\ INSERT INTO t VALUES ('one line'); \endif
\if 1 \\ INSERT INTO t VALUES ('one'); \endif \\ INSERT INTO t VALUES ('behind');
INSERT INTO t VALUES ('a'
\if t
), ('b'
\else
), ('c'
\endif
);
\if y \echo ~y \endif
\if n \echo ~n \endif
\if off \echo ~off \elif TRUE \echo ~TRUE \else \echo ~else \endif
=== if of variables: same
\set yes on
\set no f
\if :yes
CREATE TABLE t (i int);
\endif
\if :no
CREATE TABLE u (i int);
\endif
\if :{?yes}
CREATE TABLE v (i int);
\endif
\if :{?nobody}
CREATE TABLE w (i int);
\endif
=== if, what does not count: same
CREATE TABLE t (i int);
\if false
  SELECT :nobody, :'nobody' FROM nowhere WHERE;
  \i nowhere.sql \copy nowhere from nowhere
  \echo ~not said
  \set a 1
  \connect nowhere
  \! exit 1
  \set b 'x' "y z" `exit 1`
  \q
  \restrict x
  'a string
\endif ~in it'
  $$ \endif $$ -- \endif
  /* \endif */
  ( ; \gx
  COPY t FROM stdin;
  \if nonsense
    INSERT INTO t VALUES (1);
  \elif nonsense
  \else
  \endif
\elif true
  INSERT INTO t VALUES (2);
\elif nonsense
\else
  \o /dev/null
\endif
\if :{?a} \echo ~a \else \echo ~no a \endif
=== if, neither true nor false: ours needs true or false
CREATE TABLE t (i int);
\if maybe
CREATE TABLE u (i int);
\endif
=== if, of a literal: ours needs true or false
\set yes on
\if :'yes'
\endif
CREATE TABLE t (i int);
=== if, unknown commands where nothing counts: theirs
\if false
\nonsense
\endif
CREATE TABLE t (i int);
=== if, of nothing: ours needs true or false
\if
CREATE TABLE u (i int);
\endif
CREATE TABLE t (i int);
=== if, an argument too many: ours needs true or false
\if true false
\endif
CREATE TABLE t (i int);
=== if without endif: both without .endif
CREATE TABLE t (i int);
\if true
=== if in a file: both without .endif
\i parts/b.sql
\endif
--- parts/b.sql
\if true
CREATE TABLE t (i int);
=== endif without if: both without .if
\endif
=== else without if: both without .if
\else
CREATE TABLE t (i int);
=== elif behind else: both behind .else
\if true
\else
\elif true
\endif
=== else behind else: both behind .else
\if true
\else
\else
\endif
=== files: same
\set a top
CREATE TABLE t (s text, x text);
\i parts/b.sql
INSERT INTO t VALUES (:'a'); \ir parts/c.sql
\include 'parts/it''s \x64.sql'
\if 1 \include_relative parts/e.sql \endif
\set b 1 \i parts/f.sql
\set b 1 \\ INSERT INTO t VALUES ('
g'); \i parts/f.sql
INSERT INTO t VALUES ('end');
--- parts/b.sql
INSERT INTO t VALUES ('b', :'a') ON CONFLICT DO NOTHING
--- parts/c.sql
\set a 'of c'
\ir c/d.sql
\i parts/../parts/c/d.sql
INSERT INTO t VALUES (:'a')
--- parts/c/d.sql
INSERT INTO t VALUES (:'a');
\set a 'of d'
--- parts/it's d.sql
INSERT INTO t VALUES ('quotes');
--- parts/e.sql
INSERT INTO t VALUES ('e');
--- parts/f.sql
INSERT INTO t VALUES ('f');
=== a file in double quotes, which psql takes for a part of the name: theirs
\i "parts/b c.sql"
--- parts/b c.sql
CREATE TABLE t (i int);
=== a file that is not there: both could not open file
\i parts/none.sql
=== a file within a statement: ours cannot be included within a statement
CREATE TABLE t
\i parts/b.sql
(i int);
--- parts/b.sql
CREATE TABLE u (i int);
=== a file within a body: ours cannot be included within a statement
CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC
  SELECT 1;
\i parts/b.sql
  SELECT 2;
END;
--- parts/b.sql
CREATE TABLE u AS SELECT 3 AS i;
=== a file of a variable: ours cannot depend on a variable
\set file parts/b.sql
\i :file
--- parts/b.sql
CREATE TABLE u (i int);
=== a file that leaves a quote open: both unterminated
\i parts/b.sql
';
--- parts/b.sql
CREATE TABLE t AS SELECT 'x
=== a file in itself: both in itself
\i parts/b.sql
--- parts/b.sql
\ir b.sql
=== rows: same
\set a 1
CREATE TABLE t (a text, b text);
COPY t (a, b) FROM stdin;
\\set	\\echo
:a	:'nobody'
'	"
$$	;
--	/*
\N	\t\\x
	
\\.	x
\.
INSERT INTO t VALUES (:'a');
copy t
from
STDIN
with (format csv, header, delimiter ':'); -- rows follow
a:b
\set x y:"\echo ""~no message"""
\echo:2
\.
\echo ~said
COPY t FROM stdin \g
g	:a
\.
COPY t (a) FROM stdin WITH (FORMAT csv);
\.
COPY t (a) FROM stdin;
=== rows behind more of their line: ours unexpected text behind COPY
CREATE TABLE t (i int);
COPY t FROM stdin; INSERT INTO t VALUES (2);
1
\.
=== rows to a client: ours
CREATE TABLE t (i int);
COPY t TO stdout;
=== rows of a command: same
CREATE TABLE t (a text, b text DEFAULT 'd');
CREATE TABLE "T x" ("a b" int, b int);
\copy t from parts/rows
\copy t (a) from 'parts/a b.csv' with (format csv, header);
\copy t(b,a) from parts/rows.csv csv
  \copy "T x" ("a b") from parts/numbers where "a b" > 1
--- parts/rows
1	2
x	\N
--- parts/a b.csv
a
"quoted, 1"
:a
--- parts/rows.csv
1,:b
2,"\echo ~x"
--- parts/numbers
1
2
=== rows that follow a command: same
\set a 1
CREATE TABLE t (a text, b text DEFAULT 'd');
\copy t from stdin
\\echo	:a
'	x
\.
\copy t (a) from stdin with (format csv)
"a
:nobody
"
\i none
\.
INSERT INTO t VALUES (:'a');
\i parts/b.sql
INSERT INTO t VALUES ('end');
--- parts/b.sql
\copy t from stdin
of	b
\.
COPY t FROM stdin;
of	copy
\.
\copy t from parts/rows
--- parts/rows
of	rows
\.
not	this
=== a command with a variable: both syntax error
\set a t
CREATE TABLE t (i int);
\copy :a from parts/rows
--- parts/rows
1
=== a command that writes: ours writes to a file
CREATE TABLE t (i int);
\copy t to /dev/null
=== a command that runs a program: ours runs a program
CREATE TABLE t (i int);
\copy t from program 'echo 1'
=== a command whose file is not there: both could not open file
CREATE TABLE t (i int);
\copy t from parts/none
=== rows that do not fit: both invalid input syntax
CREATE TABLE t (i int);
\copy t from stdin
1
x
\.
=== messages: same
\set a 'the value'
CREATE TABLE t (i int);
\echo ~one  two 'three  four' "five  six"
\echo ~:a :'a' :"a" ':a' ":a" x:a :a:a
\echo ~'it''s\ta\nnew ~line' \echo ~second \echo ~third
\echo ~a;b; 'c;';
\echo ~x::a :: :=  : a: :{?a} :{?nobody} :{a} :1
\echo ~-- no comment /* none */ $$ $1 ( )
\qecho ~qecho :a
\warn + warn :a
SELECT 1
\echo ~within a statement
;
\echo '~' "-n" -n
\echo ~ä '\x41\101\\'
\echo ~end \\ SELECT 1; \echo ~again
=== messages and statements: same
\warn + first
DO 'BEGIN RAISE NOTICE ''+ a statement''; END';
\warn + second
=== an unknown escape: same
\echo ~'a\qb\'c'
CREATE TABLE t (i int);
=== g: same
CREATE TABLE t (i int) \g
INSERT INTO t VALUES (1) \gx
INSERT INTO t VALUES (2) \g \\ INSERT INTO t VALUES (3) \g
INSERT INTO t VALUES (4) RETURNING i \g (format=unaligned tuples_only=on)
INSERT INTO t VALUES (5); INSERT INTO t
VALUES (6)
\g
=== g behind nothing: ours stands behind no statement
CREATE TABLE t (i int);
SELECT 1;
\g
=== g to a file: ours cannot write the result
CREATE TABLE t AS SELECT 1 AS i;
SELECT 1 \g /dev/null
=== how results look: same
\x
\a \t
\pset format csv
\pset null 'none' \pset border 2
\timing off
\f ';'
\C 'a title'
\T
\H
\encoding UTF8
\encoding 'utf-8'
\encoding unicode
CREATE TABLE t (i int);
=== another encoding: ours is not supported
\encoding LATIN1
CREATE TABLE t (i int);
=== arguments: same
\set a b 'c d' "e f" g\set z 1
\set b 'it''s' "x'y" 'x"y' ''
\set c 'a'b'c'"d":z':z'
\set d :'a' :"b" ":z" x:z:z
\set e ;x; 'y;';
\set f -- no comment
\set g $$ (  :: := :
\set h '\n\t\b\f\r\x41\x4a4\1014\\\''
CREATE TABLE t AS SELECT :'a'::text AS a, :'b'::text AS b, :'c'::text AS c, :'e'::text AS e, :'f'::text AS f, :'g'::text AS g, :'h'::text AS h;
=== an argument too many: ours has an argument too many
\unset a b
CREATE TABLE t (i int);
=== an open quote in an argument: ours unterminated quoted string
\set a 'x
CREATE TABLE t (i int);
=== an open double quote in an argument: ours unterminated quoted string
\set a "x
CREATE TABLE t (i int);
=== backquotes: ours backquotes
\set a `echo 1`
CREATE TABLE t AS SELECT :a AS i;
=== a separator: same
\set a 1 \\ CREATE TABLE t AS SELECT :a AS i; \set a 2 \\ INSERT INTO t VALUES (:a);
INSERT INTO t VALUES \echo ~x \\ (3);
\set b \\ INSERT INTO t VALUES (4);
=== a semicolon in a statement: ours is not supported
CREATE TABLE t (i int)\; INSERT INTO t VALUES (1);
=== unknown: both is not supported
CREATE TABLE t (i int);
\nonsense
=== a semicolon behind a command: both is not supported
CREATE TABLE t (i int)
\g;
=== what is left to a terminal: ours is not supported
CREATE TABLE t (i int);
\d t
=== the end: ours is not supported
CREATE TABLE t (i int);
\q
nonsense
=== the shell: ours is not supported
\! true
=== nothing of what was begun: ours syntax error
nonsense
\r
CREATE TABLE t (i int);
=== other ways: ours cannot have this value
\set AUTOCOMMIT off
CREATE TABLE t (i int);
=== errors that do not count: ours cannot have this value
\set ON_ERROR_STOP off
CREATE TABLE t (i int);
=== what psql sets itself: same
CREATE TABLE t AS SELECT :'DBNAME'::text AS a, :'USER'::text AS b, :'ENCODING'::text AS c, :SERVER_VERSION_NUM AS d, :'AUTOCOMMIT'::text AS e,
  :'ON_ERROR_STOP'::bool AS f, :'ON_ERROR_ROLLBACK'::text AS g, :'QUIET'::text AS h, :'VERBOSITY'::text AS i, :'SHOW_CONTEXT'::text AS j,
  :'SERVER_VERSION_NAME'::text AS k, :FETCH_COUNT AS l, :'ECHO'::text AS m, :'ECHO_HIDDEN'::text AS n, :'SINGLELINE'::text AS o;
\set ON_ERROR_STOP on
\set AUTOCOMMIT 1
\set ON_ERROR_STOP
\set QUIET off
\set VERBOSITY verbose
INSERT INTO t (a) VALUES (:'VERBOSITY');
=== transactions: same
BEGIN;
CREATE TABLE t (i int);
\set a 1
\if true
INSERT INTO t VALUES (:a);
\endif
\echo ~:a
COMMIT;
=== several transactions: same
CREATE TABLE t (i int);
BEGIN;
INSERT INTO t VALUES (1);
\echo ~one
END;
START TRANSACTION;
INSERT INTO t VALUES (2);
\echo ~two
COMMIT;
\echo ~three
VACUUM t;
=== an open quote: both unterminated quoted string
CREATE TABLE t (i int);
SELECT 'x;
=== an open dollar quote: both unterminated dollar-quoted string
CREATE TABLE t (i int);
SELECT $a$x; $$
=== an open identifier: both unterminated quoted identifier
CREATE TABLE t (i int);
SELECT "x;
=== an open comment: both unterminated /. comment
CREATE TABLE t (i int);
SELECT 1 /* /* */;
=== an open comment alone: both unterminated /. comment
CREATE TABLE t (i int);
/* /* */;
=== what psql keeps from the server in no quote: both syntax error
CREATE TABLE t (i int);
SELECT :;
=== a mistake of SQL: both division by zero
CREATE TABLE t (i int);
\echo ~x
SELECT 1/0;
