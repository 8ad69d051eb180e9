--
-- A script's text cut into statements (src/script/lexer.c, src/script/split.c).
--
-- Needs only the library: its windows for tests are declared here.
--
\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS splitter_test CASCADE;
RESET client_min_messages;
CREATE SCHEMA splitter_test;
SET search_path = splitter_test;

CREATE FUNCTION probe_split(script text, conforming boolean DEFAULT true)
RETURNS TABLE (n int, line int, col int, kind text, statement text, data text)
LANGUAGE C STRICT AS 'migrator_probe', 'migrator_probe_split';

CREATE FUNCTION probe_script(script text, conforming boolean DEFAULT true,
	OUT form text, OUT outside text, OUT isolation_line int, OUT second_line int,
	OUT description text, OUT fingerprint text, OUT directives text[],
	OUT problems text[], OUT locks int)
LANGUAGE C STRICT AS 'migrator_probe', 'migrator_probe_script';

CREATE FUNCTION probe_oracle(script text)
RETURNS TABLE (n int, statement text)
LANGUAGE C STRICT AS 'migrator_probe', 'migrator_probe_oracle';

--
-- Cases that the server's parser can read as a whole: it must find the same
-- statements, and as many as the table says.
--
CREATE TABLE same (name text PRIMARY KEY, n int NOT NULL, script text NOT NULL,
				   conforming boolean NOT NULL DEFAULT true);

INSERT INTO same (name, n, script) VALUES
('empty', 0, ''),
('blanks', 0, E' \t\n\r\n '),
('only semicolons', 0, ';;; ;'),
('only comments', 0, E'-- one\n/* two */ -- three'),
('semicolon in a comment', 1, E'-- a; b\nSELECT 1 /* ; */;'),
('one', 1, 'SELECT 1;'),
('no last semicolon', 2, E'SELECT 1;\nSELECT 2'),
('empty statements vanish', 2, ';SELECT 1;; ;SELECT 2;;'),
('comment behind', 1, 'SELECT 1; -- done'),
('comment before the semicolon', 2, E'SELECT 1 -- one\n;SELECT 2 /* two */;'),
('comment at the end of the file', 1, E'SELECT 1 -- end'),
('CRLF', 2, E'SELECT 1;\r\nSELECT 2;\r\n'),
('lone CR ends a comment', 2, E'-- one\rSELECT 1; -- two\rSELECT 2;'),
('nested comment', 2, E'/* a /* b; */ c; */ SELECT 1; SELECT 2;'),
('comment, slash star slash', 1, E'/*/ ; */ SELECT 1;'),
('comment, stars', 1, E'/***;***/ SELECT 1 /**/;'),
('comment, star slash star', 1, E'/* /**/ ; */ SELECT 1;'),
('comment in a line comment', 2, E'-- /* \nSELECT 1; SELECT 2; -- */'),
('line comment in a comment', 1, E'/* -- */ SELECT 1;'),
('quote in a comment', 2, E'-- it''s\nSELECT 1; /* don''t " $$ */ SELECT 2;'),
('string', 2, $$SELECT 'a;b'; SELECT 2;$$),
('string, doubled quote', 2, $$SELECT 'a'';b'; SELECT ''';';$$),
('string, empty', 2, $$SELECT ''; SELECT '';$$),
('string, backslash', 2, $$SELECT 'a\'; SELECT 'b';$$),
('string, dashes', 2, $$SELECT '--;'; SELECT '/*;';$$),
('string, several lines', 2, E'SELECT ''a\n;\n'';\nSELECT 2;'),
('string continued', 2, E'SELECT ''a;''\n''b;'' AS x; SELECT 2;'),
('E string', 2, $$SELECT E'a\';b'; SELECT 2;$$),
('E string, doubled quote', 2, $$SELECT e'a'';\\'; SELECT 2;$$),
('E string, backslash at the end', 2, $$SELECT E'a\\'; SELECT 2;$$),
('E string continued', 2, E'SELECT E''a''\n''b\\'';c''; SELECT 2;'),
('E string continued behind a comment', 2, E'SELECT E''a'' -- x\n -- y\n''b\\'';c''; SELECT 2;'),
('E string, then an alias line', 2, E'SELECT E''a''\nAS b, ''c\\''; SELECT 2;'),
('string continued has no escapes', 2, E'SELECT ''a''\n''b\\''; SELECT 2;'),
('E is the end of a word', 2, $$SELECT 1 AS fine; SELECT date'2020-01-01\';$$),
('bit strings', 2, $$SELECT B'01', b'1', X'1F', x'a'; SELECT 2;$$),
('national string', 2, $$SELECT N'a;b', n'\'; SELECT 2;$$),
('Unicode string', 2, $$SELECT U&'a;\0041', u&'x'; SELECT 2;$$),
('Unicode string, other escape', 2, $$SELECT U&'!0041;\' UESCAPE '!'; SELECT 2;$$),
('Unicode identifier', 2, $$SELECT 1 AS U&"a;\0041"; SELECT 2;$$),
('u and an operator', 2, $$SELECT u & 'x;' FROM t; SELECT u&x;$$),
('quoted identifier', 2, $$SELECT 1 AS "a;b"; SELECT 2 AS "--";$$),
('quoted identifier, doubled quote', 2, $$SELECT 1 AS "a"";b"; SELECT 2;$$),
('quoted identifier, backslash', 2, $$SELECT 1 AS "a\"; SELECT 2;$$),
('dollar quote', 2, 'SELECT $$a;b$$; SELECT 2;'),
('dollar quote, tag', 2, 'SELECT $x$a;$$;$x$; SELECT 2;'),
('dollar quote, tag in a tag', 2, 'SELECT $a$ $b$ ; $a$; SELECT 2;'),
('dollar quote, ended by another''s dollar', 2, 'SELECT $a$ ; $b$a$; SELECT 2;'),
('dollar quote, tag differs in case', 1, 'SELECT $a$ ; $A$ ; $a$;'),
('dollar quote, digits and high bytes', 2, 'SELECT $_é1$ ; $é$ ; $_é1$; SELECT 2;'),
('dollar quote, quotes inside', 2, $x$SELECT $$it's "so" /* -- $$; SELECT 2;$x$),
('dollar quote, backslash inside', 2, $x$SELECT $$\$$; SELECT 2;$x$),
('dollar in a word', 2, 'SELECT a$b$ FROM t; SELECT c$ FROM u;'),
('dollar in a word, no quote', 2, 'SELECT a$$ FROM t; SELECT b$$ FROM t;'),
('parameter', 2, 'SELECT $1, $2; SELECT $3;'),
('parameter before a dollar quote', 2, 'SELECT $1||$a$;$a$ FROM t; SELECT 2;'),
('number before a dollar quote', 2, 'SELECT 1, 2.5e3, .5, 1.; SELECT 2;'),
('range of numbers', 1, 'SELECT a[1:2], b[1 : .5];'),
('operators and comments', 2, E'SELECT 1 +-- ;\n2; SELECT 3 */* ; */ 4;'),
('operator, at and sign', 2, 'SELECT 1 @- 2; SELECT a->>''b;'' FROM t;'),
('operators, a run of signs', 1, 'SELECT ' || repeat('+', 200) || '1;'),
('typecast', 2, 'SELECT a::int, b :: text; SELECT f(x := 1, y => 2);'),
('colon in a slice', 1, 'SELECT a[b:c];'),
('parentheses', 2, 'SELECT (1 + (2)); SELECT 2;'),
('rule with two actions', 2, 'CREATE RULE r AS ON INSERT TO t DO (INSERT INTO a VALUES (1); DELETE FROM b); SELECT 2;'),
('rule, actions with empty ones', 2, 'CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1;; SELECT 2;); SELECT 2;'),
('rule, strings with parentheses', 2, $$CREATE RULE r AS ON INSERT TO t DO (SELECT ')'; SELECT 2); SELECT '(';$$),
('function, dollar quote', 2, 'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1; END;$$; SELECT 2;'),
('do block with nested quotes', 2, 'DO $do$BEGIN EXECUTE $x$SELECT 1;$x$; END$do$; SELECT 2;'),
('body', 2, 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 2;'),
('body, or replace, lower case', 2, E'create or replace function f()\nreturns int\nbegin atomic select 1; end; select 2;'),
('body of a procedure', 2, 'CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END; SELECT 2;'),
('body, empty', 2, 'CREATE PROCEDURE p() BEGIN ATOMIC END; SELECT 2;'),
('body, comment between the words', 2, E'CREATE FUNCTION f() RETURNS int BEGIN /* x */ -- y\nATOMIC SELECT 1; /* ; */ END; SELECT 2;'),
('body with CASE', 2,
  'CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN CASE a WHEN 2 THEN 3 END ELSE 4 END; SELECT 5; END; SELECT 2;'),
('body with CASE in parentheses', 2, 'CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT (CASE WHEN a > 1 THEN 2 END); END; SELECT 2;'),
('body with END as a label', 2, 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT x.end FROM x; END; SELECT 2;'),
('body with END as a bare label', 2, 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 end; SELECT 2 AS case; END; SELECT 2;'),
('body with RETURN', 2, 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC RETURN 1; END; SELECT 2;'),
('body in a body', 2, 'CREATE PROCEDURE p() BEGIN ATOMIC CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; SELECT 2; END; SELECT 2;'),
('body with begin and atomic as names', 2, 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT begin atomic FROM t; END; SELECT begin atomic FROM t;'),
('body with a rule', 2, 'CREATE PROCEDURE p() BEGIN ATOMIC CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); END; SELECT 2;'),
('body, options before', 2, $$CREATE FUNCTION f(a text DEFAULT ';') RETURNS int LANGUAGE SQL IMMUTABLE BEGIN ATOMIC SELECT 1; END; SELECT 2;$$),
('function with RETURN', 2, 'CREATE FUNCTION f(a int) RETURNS int RETURN CASE WHEN a > 1 THEN 2 END; SELECT 2;'),
('begin is no body', 4, 'BEGIN; SELECT 1; END; SELECT 2;'),
('begin atomic without a function', 2, 'SELECT begin atomic; SELECT 2;'),
('function called begin', 2, 'CREATE FUNCTION begin() RETURNS int AS ''SELECT 1;'' LANGUAGE sql; SELECT 2;'),
('parameter called begin', 2, 'CREATE FUNCTION f(begin atomic) RETURNS int AS ''SELECT 1;'' LANGUAGE sql; SELECT 2;'),
('a table called function', 2, 'CREATE TABLE function (begin int, atomic int); SELECT 2;'),
('high bytes', 3, 'SELECT 1 AS ä; CREATE TABLE ñandú (日本 int); SELECT ''é;'';'),
('vertical things', 2, E'SELECT\f1;\fSELECT 2;'),
('explain', 2, 'EXPLAIN SELECT 1; ANALYZE t;'),
('copy from a file', 2, $$COPY t FROM '/x;y'; SELECT 2;$$),
('set and go on', 3, $$SET x.y = 'a;\'; RESET x.y; SELECT 1;$$),
('copy is a name', 2, 'SELECT copy FROM stdin; SELECT 2;');

INSERT INTO same (name, n, script, conforming) VALUES
('off: string, backslash', 2, $$SELECT 'a\';b'; SELECT 2;$$, false),
('off: string, two backslashes', 2, $$SELECT 'a\\'; SELECT 2;$$, false),
('off: national string', 2, $$SELECT N'a\';b'; SELECT 2;$$, false),
('off: string continued', 2, E'SELECT ''a''\n''b\\'';c''; SELECT 2;', false),
('off: bit string continued', 2, E'SELECT B''0''\n''1''; SELECT ''\\'';'';', false),
('off: dollar quote', 2, 'SELECT $$\$$; SELECT 2;', false),
('off: quoted identifier', 2, $$SELECT 1 AS "a\"; SELECT 2;$$, false);

CREATE FUNCTION check_same() RETURNS TABLE (problem_case text, split text, oracle text)
LANGUAGE plpgsql AS $$
DECLARE
	c same;
	mine text[];
	theirs text[];
	problems text[];
BEGIN
	PERFORM set_config('escape_string_warning', 'off', true);
	FOR c IN SELECT * FROM same LOOP
		PERFORM set_config('standard_conforming_strings', c.conforming::text, true);
		mine := array(SELECT s.statement FROM probe_split(c.script, c.conforming) s ORDER BY s.n);
		BEGIN
			theirs := array(SELECT o.statement FROM probe_oracle(c.script) o ORDER BY o.n);
		EXCEPTION WHEN OTHERS THEN
			theirs := array[SQLERRM];
		END;
		problems := (probe_script(c.script, c.conforming)).problems;
		IF mine <> theirs OR cardinality(mine) <> c.n OR problems <> '{}' THEN
			RETURN QUERY SELECT c.name, mine::text || problems::text, theirs::text;
		END IF;
	END LOOP;
	PERFORM set_config('standard_conforming_strings', 'on', true);
END
$$;

SELECT count(*) FROM same;
SELECT * FROM check_same();

--
-- Cases for which only we can say what is right.  A statement is written
-- "line:column kind text", with "|data" if it has some.
--
CREATE TABLE special (name text PRIMARY KEY, script text NOT NULL,
					  statements text[] NOT NULL, problems text[] NOT NULL DEFAULT '{}',
					  conforming boolean NOT NULL DEFAULT true);

INSERT INTO special (name, script, statements, problems) VALUES
('positions', E'\n -- c\n  SELECT 1; SELECT\n2;\n\tSELECT 3',
	array['3:3 ordinary SELECT 1', E'3:13 ordinary SELECT\n2', '5:2 ordinary SELECT 3'], '{}'),
('positions, CRLF', E'SELECT\r\n1;\r\n\r\nSELECT 2;',
	array[E'1:1 ordinary SELECT\r\n1', '4:1 ordinary SELECT 2'], '{}'),
('positions, lone CR', E'SELECT 1;\r\rSELECT 2;',
	array['1:1 ordinary SELECT 1', '3:1 ordinary SELECT 2'], '{}'),
('positions, characters', E'SELECT ''äöü日''; SELECT 2; /* é */ SELECT 3;',
	array['1:1 ordinary SELECT ''äöü日''', '1:16 ordinary SELECT 2', '1:34 ordinary SELECT 3'], '{}'),
('positions, lines in quotes', E'SELECT ''\n\r\n'', $$\n\n$$, "a\n", E''\\\n'' /* \n */;SELECT 2;',
	array[E'1:1 ordinary SELECT ''\n\r\n'', $$\n\n$$, "a\n", E''\\\n''', '8:5 ordinary SELECT 2'], '{}'),
('off in the middle', $$SET standard_conforming_strings = off; SELECT 'a\';b'; SET standard_conforming_strings TO on; SELECT 'a\'; SELECT 2;$$,
	array['1:1 set SET standard_conforming_strings = off', $$1:40 ordinary SELECT 'a\';b'$$,
		  '1:56 set SET standard_conforming_strings TO on', $$1:95 ordinary SELECT 'a\'$$,
		  '1:108 ordinary SELECT 2'], '{}'),
('off, other spellings',
  $$set session "standard_conforming_strings" to 'false'; SELECT '\';'; RESET standard_conforming_strings; SELECT '\'; SET Standard_Conforming_Strings=0; $$ ||
    $$SELECT '\';'; RESET ALL; SELECT '\'; $$ ||
    $$SET SESSION standard_conforming_strings TO f; SELECT '\';'; SET standard_conforming_strings TO DEFAULT; SELECT '\';$$,
	array[$$1:1 set set session "standard_conforming_strings" to 'false'$$, $$1:55 ordinary SELECT '\';'$$,
		  '1:69 set RESET standard_conforming_strings', $$1:104 ordinary SELECT '\'$$,
		  '1:116 set SET Standard_Conforming_Strings=0', $$1:151 ordinary SELECT '\';'$$,
		  '1:165 set RESET ALL', $$1:176 ordinary SELECT '\'$$,
		  '1:188 set SET SESSION standard_conforming_strings TO f', $$1:234 ordinary SELECT '\';'$$,
		  '1:248 set SET standard_conforming_strings TO DEFAULT', $$1:292 ordinary SELECT '\'$$], '{}'),
('off for a transaction', $$BEGIN; SET LOCAL standard_conforming_strings = off; SELECT '\';'; COMMIT; SELECT '\';$$,
	array['1:1 begin BEGIN', '1:8 set SET LOCAL standard_conforming_strings = off',
		  $$1:53 ordinary SELECT '\';'$$, '1:67 commit COMMIT', $$1:75 ordinary SELECT '\'$$], '{}'),
('off, not quite', $$SET standard_conforming_strings = maybe; SELECT '\'; SET x.standard_conforming_strings = off; SELECT '\';$$,
	array['1:1 set SET standard_conforming_strings = maybe', $$1:42 ordinary SELECT '\'$$,
		  '1:54 set SET x.standard_conforming_strings = off', $$1:95 ordinary SELECT '\'$$], '{}'),
('copy', E'COPY t FROM stdin;\n1\ta;b\n2\t''c\n\\.\nSELECT 1;',
	array[E'1:1 copy in COPY t FROM stdin|1\ta;b\n2\t''c\n', '5:1 ordinary SELECT 1'], '{}'),
('copy, CRLF', E'COPY t FROM stdin;\r\n1\r\n\\.\r\nSELECT 1;\r\n',
	array[E'1:1 copy in COPY t FROM stdin|1\r\n', '4:1 ordinary SELECT 1'], '{}'),
('copy, lone CR', E'COPY t FROM stdin;\r1\r\\.\rSELECT 1;',
	array[E'1:1 copy in COPY t FROM stdin|1\r', '4:1 ordinary SELECT 1'], '{}'),
('copy, no rows', E'COPY t FROM stdin;\n\\.\nSELECT 1;',
	array['1:1 copy in COPY t FROM stdin|', '3:1 ordinary SELECT 1'], '{}'),
('copy, end of file', E'COPY t FROM stdin;\n1\n2', array[E'1:1 copy in COPY t FROM stdin|1\n2'], '{}'),
('copy, marker at the end of the file', E'COPY t FROM stdin;\n1\n\\.', array[E'1:1 copy in COPY t FROM stdin|1\n'], '{}'),
('copy, nothing behind', 'COPY t FROM stdin;', array['1:1 copy in COPY t FROM stdin'], '{}'),
('copy, no semicolon', 'COPY t FROM stdin', array['1:1 copy in COPY t FROM stdin'], '{}'),
('copy, only an empty line', E'COPY t FROM stdin;\n', array['1:1 copy in COPY t FROM stdin|'], '{}'),
('copy, lines like the marker', E'COPY t FROM stdin;\n\\.x\n \\.\n\\. \na\\.\n\\\\.\n\\.\nSELECT 1;',
	array[E'1:1 copy in COPY t FROM stdin|\\.x\n \\.\n\\. \na\\.\n\\\\.\n', '8:1 ordinary SELECT 1'], '{}'),
('copy, comment behind', E'COPY t FROM stdin; -- rows\n1\n\\.\nCOPY t FROM stdin /* x */ ; /* y */ -- z\n2\n\\.\n',
	array[E'1:1 copy in COPY t FROM stdin|1\n', E'4:1 copy in COPY t FROM stdin|2\n'], '{}'),
('copy, text behind', E'COPY t FROM stdin; SELECT 1;\n1\n\\.\nSELECT 2;',
	array[E'1:1 copy in COPY t FROM stdin|1\n', '4:1 ordinary SELECT 2'],
	array['1:20 42601 unexpected text behind COPY ... FROM stdin']),
('copy, comment over the line end', E'COPY t FROM stdin; /* a\n*/\n\\.\nSELECT 2;',
	array[E'1:1 copy in COPY t FROM stdin|*/\n', '4:1 ordinary SELECT 2'],
	array['1:20 42601 unexpected text behind COPY ... FROM stdin']),
('copy, quote behind', E'COPY t FROM stdin; ''a\n''\n\\.\nSELECT 2;',
	array[E'1:1 copy in COPY t FROM stdin|''\n', '4:1 ordinary SELECT 2'],
	array['1:20 42601 unexpected text behind COPY ... FROM stdin']),
('copy, options', E'copy public."T" (a, "b;")\n FROM STDIN WITH (FORMAT csv, NULL '';'');\n"x;\n"\n\\.\nSELECT 1;',
	array[E'1:1 copy in copy public."T" (a, "b;")\n FROM STDIN WITH (FORMAT csv, NULL '';'')|"x;\n"\n', '6:1 ordinary SELECT 1'], '{}'),
('copy, in a transaction', E'BEGIN;COPY t FROM stdin;\n1\n\\.\nCOMMIT;',
	array['1:1 begin BEGIN', E'1:7 copy in COPY t FROM stdin|1\n', '4:1 commit COMMIT'], '{}'),
('copy from a program', E'COPY t FROM PROGRAM ''cat'';\nSELECT 1;',
	array['1:1 ordinary COPY t FROM PROGRAM ''cat''', '2:1 ordinary SELECT 1'], '{}'),
('copy to stdout', E'SELECT 1;\n COPY t TO stdout;\nCOPY (SELECT 1) TO stdout;',
	array['1:1 ordinary SELECT 1', '2:2 copy out COPY t TO stdout', '3:1 copy out COPY (SELECT 1) TO stdout'],
	array['2:2 0A000 COPY ... TO stdout is not supported in a migration', '3:1 0A000 COPY ... TO stdout is not supported in a migration']),
('copy with a syntax error', E'COPY t FROM FROM stdin;\nSELECT 1;',
	array['1:1 ordinary COPY t FROM FROM stdin', '2:1 ordinary SELECT 1'],
	array['1:13 42601 syntax error at or near "FROM"']),
('restrict', E'\\restrict abc''"$$\nSELECT 1;\n  \\unrestrict abc\n',
	array['2:1 ordinary SELECT 1'], '{}'),
('restrict, CRLF', E'\\restrict x\r\nSELECT 1;\r\n\\unrestrict x\r\n', array['2:1 ordinary SELECT 1'], '{}'),
('restrict at the end of the file', E'SELECT 1;\n\\unrestrict x', array['1:1 ordinary SELECT 1'], '{}'),
('restrict behind a statement', E'SELECT 1; \\restrict x\nSELECT 2;',
	array['1:1 ordinary SELECT 1', '2:1 ordinary SELECT 2'],
	array['1:11 0A000 psql command "\restrict" is not supported']),
('restrict in a statement', E'SELECT\n\\restrict x\n1;', array[E'1:1 ordinary SELECT\n\\restrict x\n1'],
	array['2:1 0A000 psql command "\restrict" is not supported']),
('restricted', E'\\restricted\nSELECT 1;', array['2:1 ordinary SELECT 1'],
	array['1:1 0A000 psql command "\restricted" is not supported']),
('psql commands', E'\\set ON_ERROR_STOP on\n\\connect db ''x\nSELECT 1;\n  \\i file.sql\n\\!ls\n',
	array['3:1 ordinary SELECT 1'],
	array['1:1 0A000 psql command "\set" is not supported', '2:1 0A000 psql command "\connect" is not supported',
		  '4:3 0A000 psql command "\i" is not supported', '5:1 0A000 psql command "\!ls" is not supported']),
('psql commands that send', E'SELECT 1 \\gset p_\nSELECT 2 \\g\nSELECT 3;',
	array['1:1 ordinary SELECT 1', '2:1 ordinary SELECT 2', '3:1 ordinary SELECT 3'],
	array['1:10 0A000 psql command "\gset" is not supported', '2:10 0A000 psql command "\g" is not supported']),
('psql command in a statement', E'SELECT \\echo x\n1; SELECT 2;',
	array[E'1:1 ordinary SELECT \\echo x\n1', '2:4 ordinary SELECT 2'],
	array['1:8 0A000 psql command "\echo" is not supported']),
('psql commands on a line', E'\\set a 1 \\\\ \\echo\nSELECT 2;', array['2:1 ordinary SELECT 2'],
	array['1:1 0A000 psql command "\set" is not supported']),
('end marker without copy', E'SELECT 1;\n\\.\nSELECT 2;', array['1:1 ordinary SELECT 1', '3:1 ordinary SELECT 2'],
	array['2:1 0A000 psql command "\." is not supported']),
('backslash only', E'\\', '{}', array['1:1 0A000 psql command "\" is not supported']),
('string not closed', E'SELECT 1;\nSELECT ''a;\nb;', array['1:1 ordinary SELECT 1', E'2:1 ordinary SELECT ''a;\nb;'],
	array['2:8 42601 unterminated quoted string']),
('E string not closed', E'SELECT E''a\\'';', array[E'1:1 ordinary SELECT E''a\\'';'], array['1:8 42601 unterminated quoted string']),
('E string ends in a backslash', E'SELECT E''a\\', array[E'1:1 ordinary SELECT E''a\\'], array['1:8 42601 unterminated quoted string']),
('bit string not closed', E'SELECT B''1;', array['1:1 ordinary SELECT B''1;'], array['1:8 42601 unterminated bit string literal']),
('hexadecimal string not closed', E'X''1;', array['1:1 ordinary X''1;'], array['1:1 42601 unterminated hexadecimal string literal']),
('identifier not closed', E'SELECT 1 AS\n  "a;', array[E'1:1 ordinary SELECT 1 AS\n  "a;'], array['2:3 42601 unterminated quoted identifier']),
('dollar quote not closed', E'SELECT 1;\n\nDO $x$ BEGIN; END $y$;', array['1:1 ordinary SELECT 1', '3:1 ordinary DO $x$ BEGIN; END $y$;'],
	array['3:4 42601 unterminated dollar-quoted string']),
('dollar quote ends in a dollar', 'SELECT $a$ $a', array['1:1 ordinary SELECT $a$ $a'], array['1:8 42601 unterminated dollar-quoted string']),
('comment not closed', E'SELECT 1;\n /* /* */ ;', array['1:1 ordinary SELECT 1'], array['2:2 42601 unterminated /* comment']),
('comment not closed in a statement', E'SELECT 1 /* ; ', array['1:1 ordinary SELECT 1'], array['1:10 42601 unterminated /* comment']),
('parenthesis not closed', 'SELECT (1; SELECT 2;', array['1:1 ordinary SELECT (1; SELECT 2;'], array['1:10 42601 syntax error at or near ";"']),
('parenthesis not opened', 'SELECT 1); SELECT 2;', array['1:1 ordinary SELECT 1)', '1:12 ordinary SELECT 2'], array['1:9 42601 syntax error at or near ")"']),
('body not closed', 'CREATE PROCEDURE p() BEGIN ATOMIC SELECT 1; SELECT 2;',
	array['1:1 ordinary CREATE PROCEDURE p() BEGIN ATOMIC SELECT 1; SELECT 2;'], array['1:54 42601 syntax error at end of input']),
('syntax errors', E'SELECT 1;\nSELEC 2;\n  SELECT\n é é\n é + ;\nSELECT $1 :x;',
	array['1:1 ordinary SELECT 1', '2:1 ordinary SELEC 2', E'3:3 ordinary SELECT\n é é\n é +', '6:1 ordinary SELECT $1 :x'],
	array['2:1 42601 syntax error at or near "SELEC"', '5:2 42601 syntax error at or near "é"', '6:11 42601 syntax error at or near ":"']),
('error at the end of a statement', E'SELECT 1 +;', array['1:1 ordinary SELECT 1 +'], array['1:11 42601 syntax error at end of input']),
('problems in order', E'SELEC 1;\n\\x\nSELEC 2;', array['1:1 ordinary SELEC 1', '3:1 ordinary SELEC 2'],
	array['1:1 42601 syntax error at or near "SELEC"', '2:1 0A000 psql command "\x" is not supported', '3:1 42601 syntax error at or near "SELEC"']),
('string not continued on one line', $$SELECT E'a' 'b\'; SELECT 2;$$, array[$$1:1 ordinary SELECT E'a' 'b\'$$, '1:19 ordinary SELECT 2'],
	array[$$1:13 42601 syntax error at or near "'b\'"$$]),
('string not continued behind another', E'SELECT E''a'' $$b$$\n''c\\''; SELECT 2;',
  array[E'1:1 ordinary SELECT E''a'' $$b$$\n''c\\''', '2:7 ordinary SELECT 2'],
	array['1:13 42601 syntax error at or near "$$b$$"']),
('other errors of the parser', E'SELECT E''\\xZ'', U&''\\00zz'';\nSELECT U&''\\D800'';\nSELECT "";',
	array[E'1:1 ordinary SELECT E''\\xZ'', U&''\\00zz''', E'2:1 ordinary SELECT U&''\\D800''', '3:1 ordinary SELECT ""'],
	array['1:19 42601 invalid Unicode escape', '2:16 42601 invalid Unicode surrogate pair', '3:8 42601 zero-length delimited identifier at or near """"']);

INSERT INTO special (name, script, statements, problems, conforming) VALUES
('starts off', $$SELECT 'a\';'; SET standard_conforming_strings = on; SELECT '\'; RESET standard_conforming_strings; SELECT '\';';$$,
	array[$$1:1 ordinary SELECT 'a\';'$$, '1:16 set SET standard_conforming_strings = on', $$1:54 ordinary SELECT '\'$$,
		  '1:66 set RESET standard_conforming_strings', $$1:101 ordinary SELECT '\';'$$], '{}', false),
('starts off, Unicode string', $$SELECT U&'a';$$, array[$$1:1 ordinary SELECT U&'a'$$],
	array['1:8 0A000 unsafe use of string constant with Unicode escapes'], false);

CREATE FUNCTION check_special() RETURNS TABLE (problem_case text, got text, expected text)
LANGUAGE plpgsql AS $$
DECLARE
	c special;
	mine text[];
	problems text[];
BEGIN
	FOR c IN SELECT * FROM special LOOP
		mine := array(SELECT concat(line, ':', col, ' ', kind, ' ', statement, '|' || data)
					  FROM probe_split(c.script, c.conforming) ORDER BY n);
		problems := (probe_script(c.script, c.conforming)).problems;
		IF mine <> c.statements OR problems <> c.problems THEN
			RETURN QUERY SELECT c.name, mine::text || ' ' || problems::text,
								c.statements::text || ' ' || c.problems::text;
		END IF;
	END LOOP;
END
$$;

SELECT count(*) FROM special;
SELECT * FROM check_special();

-- the settings of the session are left alone, and the check emits nothing
SET standard_conforming_strings = on;
SELECT n, kind, statement FROM probe_split($$SELECT 'a\'b';$$ || 'SELECT ' || repeat('x', 70), false);
SHOW standard_conforming_strings;
SHOW escape_string_warning;
SHOW client_min_messages;

-- no more than so many problems
SELECT cardinality((probe_script(repeat(E'\\x\n', 100) || repeat('SELEC 1;', 100))).problems);

--
-- Directives and description
--
CREATE TABLE words (name text PRIMARY KEY, script text NOT NULL, directives text[] NOT NULL,
					description text);
INSERT INTO words VALUES
('none', 'SELECT 1;', '{}', NULL),
('line comments', E'-- Adds users.\n--   and more \n--\n-- Last.\nSELECT 1; -- not this', '{}', E'Adds users.\n  and more\n\nLast.'),
('a blank line ends it', E'\n\n-- One.\n\n-- Two.\nSELECT 1;', '{}', 'One.'),
('dump header', E'--\n-- PostgreSQL database dump\n--\n\nSET x.y = 1;', '{}', 'PostgreSQL database dump'),
('block comment', E'/*\n * Adds users.\n *\n *  More.\n */\nSELECT 1;', '{}', E'Adds users.\n\n More.'),
('block comment, one line', E'/** Adds users. **/ SELECT 1;', '{}', 'Adds users.'),
('block comment, CRLF', E'/* One\r\n   two */\r\nSELECT 1;', '{}', E'One\ntwo'),
('block behind lines', E'-- One.\n/* two */\nSELECT 1;', '{}', 'One.'),
('lines behind block', E'/* One */\n-- two\nSELECT 1;', '{}', 'One'),
('comment behind the first statement', E'SELECT 1;\n-- late\n', '{}', NULL),
('comment inside the first statement', E'SELECT -- late\n1', '{}', NULL),
('empty comments', E'--\n/**/ -- \n', '{}', NULL),
('empty comments and then', E'--\n\n/* */\n-- Here\n', '{}', 'Here'),
('only a comment', E'-- Nothing to do', '{}', 'Nothing to do'),
('dashes', E'------\n-- One\n------\nSELECT 1;', '{}', 'One'),
('directive', E'-- migrator: no-transaction\nSELECT 1;', array['1:no-transaction '], NULL),
('directives', E'-- One\n-- MIGRATOR:Depends-On   a b  c  \r\n--migrator:x\n-- Two\nSELECT 1; -- Migrator: y z\nSELECT -- migrator: inside\n1;',
	array['2:depends-on a b  c', '3:x ', '5:y z', '6:inside '], E'One\nTwo'),
('directive, then description', E'-- migrator: a\n\n-- One\nSELECT 1;', array['1:a '], 'One'),
('no directives', E'-- migrator:\n-- migrator a: b\n/* migrator: c */\nSELECT ''\n-- migrator: d\n'', $$\n-- migrator: e\n$$;', '{}',
  E'migrator:\nmigrator a: b'),
('directive between rows', E'COPY t FROM stdin; -- migrator: a\n-- migrator: b\n\\.\n-- migrator: c\n', array['1:a ', '4:c '], NULL);

SELECT w.name, p.directives, p.description
FROM words w, probe_script(w.script) p
WHERE p.directives <> w.directives OR p.description IS DISTINCT FROM w.description
ORDER BY 1;
SELECT count(*) FROM words;

--
-- Fingerprints: which changes count
--
CREATE TABLE pair (name text PRIMARY KEY, equal boolean NOT NULL, a text NOT NULL, b text NOT NULL);
INSERT INTO pair VALUES
('blanks', true, 'SELECT a,b FROM t;', E'\n  SELECT  a , b\nFROM t ;\n'),
('comments', true, 'SELECT 1;', E'-- one\nSELECT /* two */ 1; -- three'),
('case of words', true, 'select A from T;', 'SELECT a FROM t;'),
('last semicolon', true, 'SELECT 1; SELECT 2', 'SELECT 1; SELECT 2;'),
('empty statements', true, 'SELECT 1; SELECT 2;', ';;SELECT 1;;; SELECT 2; ; ;'),
('CRLF between', true, E'SELECT 1;\nSELECT 2;', E'SELECT 1;\r\nSELECT 2;\r\n'),
('CRLF in a string', true, E'SELECT ''a\nb'';', E'SELECT ''a\r\nb'';'),
('CRLF in a body', true, E'DO $$\nBEGIN\nEND$$', E'DO $$\r\nBEGIN\r\nEND$$'),
('CRLF in rows', true, E'COPY t FROM stdin;\n1\n\\.\n', E'COPY t FROM stdin;\r\n1\r\n\\.\r\n'),
('restrict', true, E'SELECT 1;', E'\\restrict a\nSELECT 1;\n\\unrestrict a\n'),
('operator and sign', true, 'SELECT a=-1', 'SELECT a = - 1'),
('range', true, 'SELECT 1..2', 'SELECT 1 .. 2'),
('dots and casts', true, 'SELECT a.b::int', 'SELECT a . b :: int'),
('directive, its blanks', true, E'-- migrator: a b\nSELECT 1', E'--MIGRATOR:A  b  \n\nSELECT 1'),
('end of the rows', true, E'COPY t FROM stdin;\n1\n', E'COPY t FROM stdin;\n1\n\\.\n'),
('nothing', true, '', E'-- nothing\n;'),
('word boundary', false, 'SELECT ab', 'SELECT a b'),
('statement boundary', false, 'SELECT 1 AS a; TABLE b', 'SELECT 1 AS a TABLE b'),
('order', false, 'SELECT 1; SELECT 2', 'SELECT 2; SELECT 1'),
('case of a string', false, 'SELECT ''a''', 'SELECT ''A'''),
('case of a quoted identifier', false, 'SELECT "a"', 'SELECT "A"'),
('blanks in a string', false, 'SELECT ''a b''', 'SELECT ''a  b'''),
('body', false, 'DO $$ begin end $$', 'DO $$ BEGIN END $$'),
('comment in a body', false, E'DO $$ begin end $$', E'DO $$ begin /* */ end $$'),
('lone CR in a string', false, E'SELECT ''a\rb''', E'SELECT ''a\nb'''),
('rows', false, E'COPY t FROM stdin;\n1\n\\.\n', E'COPY t FROM stdin;\n2\n\\.\n'),
('blanks in rows', false, E'COPY t FROM stdin;\n1 \n\\.\n', E'COPY t FROM stdin;\n1\n\\.\n'),
('directive', false, E'-- migrator: a\nSELECT 1', E'SELECT 1'),
('directive, its argument', false, E'-- migrator: a b\nSELECT 1', E'-- migrator: a B\nSELECT 1'),
('directive or word', false, E'-- migrator: a\n', 'a'),
('operators', false, 'SELECT a <- b', 'SELECT a @- b'),
('operator split at a sign', false, 'SELECT a @- b', 'SELECT a @ - b'),
('cast split', false, 'SELECT a::b', 'SELECT a: :b'),
('parameter split', false, 'SELECT $1', 'SELECT $ 1'),
('Unicode string split', false, $$SELECT U&'a'$$, $$SELECT U & 'a'$$),
('operator split', false, 'SELECT a -> b', 'SELECT a - > b'),
('number split', false, 'SELECT 1.5', 'SELECT 1 .5'),
('number', false, 'SELECT 12', 'SELECT 1 2'),
('quoted or not', false, 'SELECT a', 'SELECT "a"'),
('high bytes keep their case', false, 'SELECT ä', 'SELECT Ä'),
('string prefix', false, $$SELECT 'a\n'$$, $$SELECT E'a\n'$$);

SELECT name, equal FROM pair
WHERE equal <> ((probe_script(a)).fingerprint = (probe_script(b)).fingerprint)
ORDER BY 1;
SELECT count(*), count(*) FILTER (WHERE equal) AS equal FROM pair;

-- known values: the tokens of algorithm 1, each ended by a zero byte
SELECT (probe_script('SELECT a,''B'';')).fingerprint =
	   '1:' || encode(sha256('select\000a\000,\000''B''\000'::bytea), 'hex') AS tokens,
	   (probe_script(E'-- migrator: X y\nCOPY t FROM stdin;\n1\n\\.\nCOMMIT;')).fingerprint =
	   '1:' || encode(sha256('\002x\000y\000copy\000t\000from\000stdin\000\0011\012\000;\000commit\000'::bytea), 'hex') AS rows,
	   (probe_script('')).fingerprint = '1:' || encode(sha256(''), 'hex') AS nothing,
	   (probe_script(repeat('SELECT abc;', 10000))).fingerprint =
	   '1:' || encode(sha256(decode(repeat('73656c656374006162630' || '03b00', 9999) || '73656c6563740061626300', 'hex')), 'hex') AS many;

-- positions stay cheap on one long line, and a run of signs is no trap
SELECT count(*), max(col), max(line) FROM probe_split(repeat('SELECT ''é'';', 20000));

SET client_min_messages = warning;
DROP SCHEMA splitter_test CASCADE;
