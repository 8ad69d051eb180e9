-- Variables of scripts: psql's references, where their values come from, how they are quoted, what stays as it is.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE TABLE files.rows (name text, body text);
CREATE FUNCTION files.saw(name text, VARIADIC body text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO files.rows VALUES (name, array_to_string(body, ' | ', 'NULL'))
$$;

-- Only where the script says so; without the directive nothing changes.
CALL files.make('m/d', '1_a.sql', 'SELECT files.saw(''none'', '':name'', (ARRAY[1,2,3])[1:2]::text);');
SELECT version, outcome FROM migrator.apply('m/d', variables => '{"name": "value"}');
CALL files.make('m/d', '1_a.sql', 'SELECT :name;');
SELECT check_name, severity, line, message, hint FROM migrator.validate('m/d') WHERE check_name IN ('syntax', 'variables') AND severity <> 'ok';

-- The lexical rules of psql.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.sql', $s$-- migrator: variables
SELECT files.saw('raw', (:number + 1)::text, :text_type'typed', '1'::int::text);
SELECT files.saw('literal', :'name', :'quote', :'back', :'empty');
SELECT files.saw('identifier', x.:"column", ":name") FROM (SELECT 'found', ':name') AS x(:"column", ":name");
/* :name /* :'name' */ :nothing */ -- :nothing
SELECT files.saw('quoted', ':name', E':name\':nothing', U&':name', $$:nothing$$, $tag$ :'nothing' $tag$);
SELECT files.saw('slice', (ARRAY[1,2,3])[1:2]::text, (ARRAY[1,2,3])[:number:3]::text, (ARRAY[1,2,3])[:2]::text);
SELECT files.saw('dollar', '$' || :'dollar', :dollar$x$:nothing$x$);
SELECT files.saw('adjacent', (date:'day'::date)::text, 'a'||:'quote'||:'name', (time:'time')::text);
SELECT files.saw('assigned', VARIADIC body:=ARRAY[:'name']);
SELECT files.saw('again', :'colon', :raw_colon);
SELECT files.saw('boolean', (:yes)::text, :'no');
CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT :'name'; SELECT :'number'; END;
SELECT files.saw('body', f());
$s$);
SELECT version, outcome, message FROM migrator.apply('m/d', variables => $${"number": 2, "name": "plain", "quote": "it's",
  "back": "a\\b'c", "empty": "", "column": "My \"Column\"", "text_type": "text ", "dollar": "'$', ", "colon": ":name",
  "raw_colon": "':name'", "yes": true, "no": false,
  "day": "2025-02-01", "time": "10:30"}$$);
SELECT * FROM files.rows;

-- The order of those who give a value: argument, registration.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nSELECT files.saw(''order'', :''a'', :''b'');');
SELECT migrator.register('svc', 'm/d', options => '{"variables": {"a": "registered", "b": "registered"}}');
SELECT outcome FROM migrator.apply(service => 'svc', variables => '{"a": "argument", "more": 1}');
SELECT * FROM files.rows;
SELECT options FROM migrator.services;
SELECT migrator.register('svc', 'm/d', options => '{"variables": null}');
SELECT options FROM migrator.services;

-- And the environment.
CALL files.make('m/d', 'environments.json', '{"environments": {"dev": {"config": {"variables": {"a": "dev", "b": true, "c": 1.50}}}, "prod":
  {"config": {"variables": {"a": "prod"}}}}}', 'common/1_a.sql', E'-- migrator: variables\nSELECT files.saw(''order'', :''a'', :''b'', :''c'');');
TRUNCATE files.rows, migrator.migrations, migrator.services;
SELECT outcome FROM migrator.apply('m/d', environment => 'prod', variables => '{"b": "argument"}');
SELECT severity, line, message FROM migrator.validate('m/d', environment => 'dev') WHERE check_name = 'variables';
SELECT severity, line, message FROM migrator.validate('m/d', environment => 'prod') WHERE check_name = 'variables';
SELECT migrator.register('svc', 'm/d', options => '{"variables": {"b": "registered"}}');
SELECT outcome FROM migrator.apply(service => 'svc', environment => 'dev', variables => '{"a": "argument"}');
SELECT * FROM files.rows;
CALL files.make('m/d', 'environments.json', '{"environments": {"dev": {"config": {"variables": {"2": "dev"}}}}}', 'common/1_a.sql', 'SELECT 1;');
SELECT severity, line, message, hint FROM migrator.validate('m/d', environment => 'dev') WHERE check_name = 'environments' AND severity = 'error';

-- Rows of COPY are left alone, whatever the statement has.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nCOPY files.:"table" (name, :column) FROM stdin WITH (DELIMITER :''delimiter'');\n'
  ':name,:''name''\n:nothing,::\n\\.\nSELECT files.saw(''behind'', :''table'');\n');
SELECT outcome FROM migrator.apply('m/d', variables => '{"table": "rows", "column": "body", "delimiter": ","}');
SELECT * FROM files.rows;

-- Checksum and fingerprint are the file's: other values are no change.
SELECT checksum = encode(sha256(pg_read_binary_file('m/d/1_a.sql')), 'hex') AS of_file FROM migrator.migrations;
SELECT outcome FROM migrator.apply('m/d', variables => '{"table": "other", "column": "x", "delimiter": ";"}');
SELECT version, state, flags FROM migrator.status('m/d');
CALL files.write('m/d/1_a.sql', convert_from(pg_read_binary_file('m/d/1_a.sql'), 'UTF8') || E'\n-- more\n');
SELECT version, state, flags FROM migrator.status('m/d');

-- A raw value is seen by all checks, and so is run what was checked: here two statements.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\nSELECT files.saw(''one'', ''a'') :rest;\nSELECT files.saw(''last'', ''c'');');
SELECT outcome FROM migrator.apply('m/d', variables => '{"rest": "; SELECT files.saw(''two'', ''b'')"}');
SELECT * FROM files.rows;
SELECT statement_total FROM migrator.migrations;

-- up(), a dry run, a hook, a script that goes down.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.up.sql', E'-- migrator: variables\nSELECT files.saw(''up'', :''a'');',
  '1_a.down.sql', E'-- migrator: variables\nSELECT files.saw(''down'', :''a'');',
  'pre_migrate.sql', E'-- migrator: variables\nSELECT files.saw(''hook'', :''a'');');
SELECT version, outcome, message FROM migrator.apply('m/d', dry_run => true, variables => '{"a": "dry"}');
SELECT * FROM files.rows;
CALL migrator.up('m/d', variables => '{"a": "value"}') \gset
SELECT * FROM files.rows;
SELECT down_script FROM migrator.migrations;

-- bootstrap.sql and seed.sql.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.sql', 'SELECT 1;', 'bootstrap.sql', E'-- migrator: variables\nSELECT files.saw(''bootstrap'', :''a'');',
  'seed.sql', E'-- migrator: variables\nSELECT files.saw(''seed'', :''a'');');
SELECT outcome FROM migrator.apply('m/d');
CALL migrator.up('m/d', variables => '{"a": "value"}') \gset
SELECT file, outcome FROM migrator.seed('m/d', variables => '{"a": "other"}');
SELECT file, outcome FROM migrator.seed('m/d');
SELECT * FROM files.rows;

-- Part by part; other settings than those of the file: standard_conforming_strings.
CALL files.forget();
TRUNCATE files.rows;
CALL files.make('m/d', '1_a.sql', E'-- migrator: variables\n-- migrator: no-transaction\nSELECT files.saw(''first'', :''a'');\n'
  'SET standard_conforming_strings = off;\nSELECT files.saw(''second'', ''it'''':nothing'', :''a'');\nVACUUM files.:"table";\n');
CALL migrator.up('m/d', variables => '{"a": "back\\slash''", "table": "rows"}') \gset
SELECT * FROM files.rows;

-- All services at once get the same values.
SELECT migrator.register('one', 'm/d'), migrator.register('two', 'm/d');
TRUNCATE files.rows, migrator.migrations;
CALL migrator.up(service => '*', variables => '{"a": "x", "table": "rows"}') \gset
SELECT count(*) FROM files.rows;
CALL files.forget();
CALL files.remove('m');
