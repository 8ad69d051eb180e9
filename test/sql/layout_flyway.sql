-- Flyway's directories: V1.2__description.sql, U1.2__ for its way back, R__description.sql.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.wrong AS
  SELECT file, check_name AS check, severity, line, message FROM migrator.validate('m/d')
  WHERE severity IN ('error', 'blocked') ORDER BY file COLLATE "C", line;
CREATE VIEW files.found AS SELECT version, name, file FROM migrator.pending('m/d');
CREATE VIEW files.layout AS SELECT message FROM migrator.validate('m/d') WHERE check_name = 'readable';

-- Names, good and bad: versions of numbers with dots or underscores, what has none behind them; folders count as the top does.
CALL files.names('m/d', 'V1__first.sql', 'V1.10__third.sql', 'V1_9__second.sql', 'V2.0.1__x.SQL', 'V02__y.sql', 'R__views.sql', 'R__A view.sql',
  'U1__first.sql', '2024/V20240101.1200__a.sql', '2024/q2/V20240401__b.sql', '2024/R__c.sql', 'README.md');
TABLE files.layout;
TABLE files.found;
CALL files.names('m/d', 'V1__a.sql', 'V1_b.sql', 'v3__c.sql', 'V4__.sql', 'V5__e.sql.bak', 'V6__f.java', 'V__g.sql', '2024/V7__h.sql', '2024/V8_i.sql',
  'util.sql', 'V10__x.sql', 'V11__x.sql', 'V12__x.sql', 'V13__x.sql');
TABLE files.wrong;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.names('m/d', 'V1__a.sql', 'V1.0__b.sql', 'V01__c.sql');
TABLE files.wrong;
-- folders that have nothing but folders; of another layout these are refused as before, and so is what such a folder has of another
CALL files.names('m/deep', '2024/q1/V1__a.sql', '2024/q2/x/V2__b.sql', '2025/x/y/R__c.sql');
SELECT version, file FROM migrator.pending('m/deep');
CALL files.names('m/deep', '2024/q1/V1__a.sql', '2024/q2/2_a.up.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/deep')$$);
CALL files.names('m/deep', '2024/q1/V1__a.sql', 'x/01/2_a.up.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/deep')$$);
CALL files.names('m/deep', '1_a.up.sql', '2_b.up.sql', 'x/old/V1__a.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/deep', options => '{"layout": "golang-migrate"}')$$);
SELECT files.error($$SELECT * FROM migrator.apply('m/deep')$$);
-- a link to a folder is not followed, and not passed over
CALL files.names('m/gone', 'V1__a.sql', 'x/V2__b.sql');
CALL files.run('ln -s . m/gone/x/up; ln -s V2__b.sql m/gone/x/V3__link.sql');
SELECT files.error($$SELECT * FROM migrator.apply('m/gone')$$);
-- in folders nothing is passed over without a word either
CALL files.make('m/d', 'V1__a.sql', 'SELECT 1;', 'x/V2__b.sql', 'SELECT 2;', 'x/util.sql', 'SELECT 3;', 'x/y/afterVersioned.sql', 'SELECT 4;',
  'x/y/afterMigrate.sql', 'CREATE TABLE app.after_deep();', 'x/y/README.md', '');
SELECT file, severity, message FROM migrator.validate('m/d') WHERE severity <> 'ok' ORDER BY file COLLATE "C";
SELECT outcome FROM migrator.apply('m/d', options => '{"ignore": "x/y/afterVersioned.sql"}');
SELECT to_regclass('app.after_deep');
CALL files.forget();
-- without letters, when all have two underscores
CALL files.names('m/d', '20170101000000000__a.sql', '20170102__b.sql');
TABLE files.layout;
TABLE files.found;
CALL files.names('m/d', '20170101__a.sql', '20170102_b.sql');
TABLE files.layout;

-- Up runs V, then R; U is the way back.
CALL files.make('m/d',
  'V1__users.sql', 'CREATE TABLE users(name text);', 'U1__users.sql', 'DROP TABLE users;',
  'V2__rows.sql', 'INSERT INTO users VALUES (''two'');', 'R__names.sql', E'-- all of them\nCREATE OR REPLACE VIEW names AS SELECT name FROM users;');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, name, layout, state, repeatable, down_script FROM migrator.migrations ORDER BY version;
SELECT version, state, flags FROM migrator.status('m/d');
-- again when it changes, also in its comments; behind what is new
CALL files.write('m/d/R__names.sql', 'CREATE OR REPLACE VIEW names AS SELECT name, upper(name) AS large FROM users;');
CALL files.write('m/d/V1.5__late.sql', 'SELECT 1.5;');
SELECT version, state, flags, message FROM migrator.status('m/d');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.remove('m/d/V1.5__late.sql');
CALL files.write('m/d/V3__more.sql', 'INSERT INTO users VALUES (''three'');');
SELECT migrator.is_current('m/d');
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT :'result'::jsonb ->> 'outcome' AS outcome, :'result'::jsonb ->> 'applied' AS applied;
TABLE names;
SELECT version, event FROM migrator.history ORDER BY id;
SELECT outcome FROM migrator.apply('m/d');
-- one that fails is tried again, and what it replaces is as it was
CALL files.write('m/d/R__names.sql', 'CREATE OR REPLACE VIEW names AS SELECT nobody FROM users;');
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT version, state, flags FROM migrator.status('m/d') WHERE version = 'R__names';
TABLE names;
CALL files.write('m/d/R__names.sql', 'CREATE OR REPLACE VIEW names AS SELECT name, upper(name) AS large, 1 AS one FROM users;');
SELECT version, outcome FROM migrator.apply('m/d');
-- the way back passes over it
CALL files.write('m/d/U3__more.sql', 'DELETE FROM users WHERE name = ''three'';');
SELECT version, outcome FROM migrator.rollback('m/d', options => '{"down_source": "file"}');
TABLE names;
SELECT file FROM migrator.new_migration('m/d', 'next one', down => 'SELECT 1;');
CALL files.forget();

-- Any layout's script can say that it is repeatable; it goes behind the others then.
CALL files.make('m/d', '1_a.sql', 'CREATE TABLE a(i int);', '2_view.sql', E'-- migrator: repeatable\nCREATE OR REPLACE VIEW v AS SELECT * FROM a, b;',
  '3_b.sql', 'CREATE TABLE b(j int);');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.write('m/d/4_c.sql', 'SELECT 4;');
CALL files.write('m/d/2_view.sql', E'-- migrator: repeatable\nCREATE OR REPLACE VIEW v AS SELECT i, j, 1 AS k FROM a, b;');
SELECT version, state, flags FROM migrator.status('m/d');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.forget();

-- Settings of one script.
CALL files.make('m/d', 'V1__a.sql', 'CREATE TABLE a(i int);',
  'V2__b.sql', 'CREATE INDEX CONCURRENTLY ON a (i); SELECT 2;', 'V2__b.sql.conf', 'executeInTransaction=false',
  'V3__c.sql', 'SELECT ''${x}'';', 'V3__c.sql.conf', E'# as it stands\r\nplaceholderReplacement=false\r\n');
SELECT version, transactional FROM migrator.pending('m/d');
CALL migrator.up('m/d', options => '{"verbose": false}') \gset
SELECT version, non_transactional FROM migrator.migrations ORDER BY 1;
CALL files.forget();
CALL files.make('m/d', 'V1__a.sql', ' ', 'V1__a.sql.conf', 'encoding=ISO-8859-1', 'V2__b.sql', '', 'V2__b.sql.conf', 'shouldExecute=${no}', 'V3__c.sql', '',
  'V3__c.sql.conf', 'what=ever', 'V4__d.sql.conf', 'encoding=UTF-8', 'x/V5__e.sql', '', 'x/V5__e.sql.conf', 'encoding=LATIN1');
TABLE files.wrong;

-- Placeholders, wherever they stand; what is built in; none without a value.
CALL files.make('m/d', 'V1__a.sql', E'CREATE TABLE ${name} (t text DEFAULT \'${word}\');\nDO $$BEGIN INSERT INTO ${name} VALUES (\'in ${word}\'); END$$;',
  'V2__b.sql', 'INSERT INTO a SELECT ''${flyway:filename} ${flyway:table} ${flyway:defaultSchema}'';'
    'SELECT ''${flyway:user}'' = current_user, ''${flyway:database}'' = current_database(), '
    '''${flyway:timestamp}''::timestamp;');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT file, line, message FROM migrator.validate('m/d') WHERE check_name = 'variables';
SELECT version, outcome FROM migrator.apply('m/d', variables => '{"name": "a", "word": "secret"}');
INSERT INTO a DEFAULT VALUES;
TABLE a;
CALL files.forget();

-- Callbacks are hooks: round the run, and round each migration.
CALL files.make('m/d', 'V1__a.sql', 'INSERT INTO app.said VALUES (''V1'');', 'V2__b.sql', 'INSERT INTO app.said VALUES (''V2'');',
  'R__r.sql', 'INSERT INTO app.said VALUES (''R'');',
  'beforeMigrate.sql', 'CREATE TABLE IF NOT EXISTS app.said(t text); INSERT INTO app.said VALUES (''before'');',
  'afterMigrate__note.sql', 'INSERT INTO app.said VALUES (''${word}'');',
  'beforeEachMigrate.sql', 'INSERT INTO app.said VALUES (''each'');');
SELECT version, outcome FROM migrator.apply('m/d', variables => '{"word": "after"}');
TABLE app.said;
CALL files.write('m/d/afterVersioned.sql', 'SELECT 1');
CALL files.write('m/d/pre_migrate.sql', 'SELECT 1');
CALL files.write('m/d/afterEachMigrate__2.sql.orig', 'SELECT 1');
TABLE files.wrong;
CALL files.forget();
-- Several of one event run in the order of their words, with blanks for underscores; afterMigrateApplied comes before afterMigrate.
CALL files.make('m/d', 'V1__a.sql', 'CREATE TABLE app.told(id serial, t text);', 'V2__b.sql', 'INSERT INTO app.told(t) VALUES (''V2'');',
  'U2__b.sql', 'INSERT INTO app.told(t) VALUES (''U2'');',
  'afterMigrate__2_b.sql', 'INSERT INTO app.told(t) VALUES (''2 b'');', 'afterMigrate__2-b.sql', 'INSERT INTO app.told(t) VALUES (''2-b'');',
  'afterMigrate__2Z.sql', 'INSERT INTO app.told(t) VALUES (''2Z'');', 'afterMigrate.sql', 'INSERT INTO app.told(t) VALUES (''none'');',
  'afterMigrateApplied__9.sql', 'INSERT INTO app.told(t) VALUES (''applied'');',
  'afterEachMigrate__1.sql', 'INSERT INTO app.told(t) VALUES (''each 1'');', 'afterEachMigrate__2.sql', 'INSERT INTO app.told(t) VALUES (''each 2'');',
  'beforeEachUndo__x.sql', 'INSERT INTO app.told(t) VALUES (''back x'');', 'beforeEachUndo__y.sql', 'INSERT INTO app.told(t) VALUES (''back y ${z}'');');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT files.error($$SELECT * FROM migrator.rollback('m/d', steps => 1)$$);
SELECT version, outcome FROM migrator.rollback('m/d', steps => 1, variables => '{"z": "z"}');
SELECT string_agg(t, ', ' ORDER BY id) FROM app.told;
SELECT file, message FROM migrator.validate('m/d') WHERE check_name = 'variables';
-- each of them is checked
CALL files.write('m/d/afterMigrate__3.sql', 'DROP TABLE app.told');
CALL files.write('m/d/afterMigrate__4.sql', 'SELEC');
CALL files.write('m/d/V3__c.sql', 'SELECT 3');
SELECT check_name, file, message FROM migrator.validate('m/d') WHERE check_name IN ('destructive', 'syntax') AND severity <> 'ok';
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL files.forget();

-- A B stands for all up to its version where nothing ran, and for nothing elsewhere.
CALL files.make('m/d', 'V1__a.sql', 'CREATE TABLE a();', 'V2__b.sql', 'CREATE TABLE b();', 'V3__c.sql', 'CREATE TABLE c();',
  'B1__base.sql', 'CREATE TABLE a();', 'B2__base.sql', 'CREATE TABLE a(); CREATE TABLE b();');
-- up to a target behind it, it is what those before it are
SELECT version, outcome FROM migrator.apply('m/d', target => '3', dry_run => true);
SELECT version, outcome FROM migrator.apply('m/d', target => '2', dry_run => true);
SELECT version, state, flags, message FROM migrator.status('m/d');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT version, state, flags, message FROM migrator.status('m/d');
SELECT outcome FROM migrator.apply('m/d');
SELECT migrator.is_current('m/d');
SELECT files.error($$SELECT * FROM migrator.apply('m/d', versions => '{1}')$$);
CALL files.write('m/d/B3__base.sql', 'CREATE TABLE a(); CREATE TABLE b(); CREATE TABLE c();');
SELECT version, state, flags, message FROM migrator.status('m/d') WHERE version = 'B3';
CALL files.forget();
CALL files.run('rm m/d/B*');
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
CALL files.write('m/d/B2__base.sql', 'CREATE TABLE a(); CREATE TABLE b();');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.forget();
-- Up to a target before it, those up to there run; is_current() and baseline() mean the same.
CALL files.make('m/d', 'V1__a.sql', 'CREATE TABLE a();', 'V2__b.sql', 'CREATE TABLE b();', 'V3__c.sql', 'CREATE TABLE c();',
  'B2__base.sql', 'CREATE TABLE a(); CREATE TABLE b();', 'B3__base.sql', 'CREATE TABLE a(); CREATE TABLE b(); CREATE TABLE c();');
SELECT target, version, outcome FROM unnest('{1,2,3,B2,B3}'::text[]) target, migrator.apply('m/d', target => target, dry_run => true);
SELECT migrator.is_current('m/d', version => '1');
SELECT files.error($$SELECT migrator.assert_current('m/d', version => '2')$$);
SELECT version, outcome FROM migrator.apply('m/d', target => '1');
SELECT version, state, flags, message FROM migrator.status('m/d');
SELECT migrator.is_current('m/d', version => '1'), migrator.is_current('m/d', version => '2');
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.forget();
SELECT migrator.baseline('m/d', version => '1');
SELECT version, state FROM migrator.status('m/d');
CALL files.forget();
SELECT migrator.baseline('m/d', version => '2');
SELECT version, state, message FROM migrator.status('m/d');

CALL files.forget();
-- A description may be missing, and what it says of going back it does not say of the script: the letter does.
CALL files.make('m/d', 'V1__.sql', 'CREATE TABLE a();', 'V2.sql', 'CREATE TABLE b();', 'V2.1.sql', 'SELECT 1',
  'V3__b_revert.sql', 'DROP TABLE b;', 'V4__x.rollback.sql', 'SELECT 4',
  'R__view_down.sql', 'SELECT 1');
SELECT version, name, outcome FROM migrator.apply('m/d');
CALL files.forget();
CALL files.make('m/d', 'V1.sql', 'SELECT 1', 'U1.sql', 'SELECT 1', 'U1__.sql', '');
TABLE files.wrong;
SELECT version, outcome FROM migrator.apply('m/d', options => '{"ignore": ["U1__.sql"]}');
SELECT version, outcome FROM migrator.rollback('m/d', steps => 1, options => '{"ignore": ["U1__.sql"]}');
CALL files.forget();
CALL files.make('m/d', '20250101__.sql', 'SELECT 1', '20250102__b.sql', 'SELECT 2');
SELECT version, name, file FROM migrator.pending('m/d');
CALL files.make('m/d', 'V1__a.sql', 'SELECT 1', '20250101__a_undo.sql', 'SELECT 1', 'V2_b.sql', '', 'V_1__undo.sql', '', 'W1__x_down.sql', '');
TABLE files.wrong;

-- Repeatable scripts run in the order of their descriptions, which are the same with a blank.
CALL files.make('m/d', 'V1__a.sql', '', 'R__aB.sql', '', 'R__a_b.sql', '', 'R__a-b.sql', '', 'x/R__a.sql', '', 'R__b.sql', '');
SELECT version, outcome FROM migrator.apply('m/d', dry_run => true);
CALL files.write('m/d/x/R__a b.sql', '');
TABLE files.wrong;

-- What a file of settings may say.
CALL files.make('m/d', 'V1__a.sql', '', 'V1__a.sql.conf', 'executeInTransaction = falsehood', 'V2__b.sql', '', 'V2__b.sql.conf', 'placeholderReplacement=no',
  'V3__c.sql', '', 'V3__c.sql.conf', 'executeInTransaction',
  'V4__d.sql', 'CREATE INDEX CONCURRENTLY ON pg_class (oid);', 'V4__d.sql.conf', E'executeInTransaction = true \t',
  'V5__e.sql', '', 'V5__e.sql.conf', 'shouldExecute=false');
TABLE files.wrong;

-- Settings of the whole are not followed: those that change anything stop a run.
CALL files.make('m/d', 'V1__a.sql', 'SELECT 1;',
  'flyway.conf', E'# flyway.placeholderPrefix=@{\nflyway.url=jdbc:postgresql://localhost/x\nflyway.placeholderPrefix=${\n'
  'flyway.encoding=utf-8\nflyway.placeholderPrefix = @{\nflyway.sqlMigrationPrefix=M\nflyway.target=\n',
  'flyway.toml', E'[flyway]\nsqlMigrationSuffixes = [".sql"]\nplaceholderSuffix = "}}"\n[environments.x]\nuser = "x"\nschemas = ["app"]\n');
TABLE files.wrong;
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT outcome FROM migrator.apply('m/d', options => '{"ignore": ["flyway.*"]}');
CALL files.forget();

-- Callbacks of the way back; what none here is.
CALL files.make('m/d', 'V1__a.sql', 'CREATE TABLE app.t();', 'U1__a.sql', 'DROP TABLE app.t;', 'beforeUndo.sql', 'CREATE TABLE app.undone();',
  'afterEachUndo.sql', 'ALTER TABLE app.undone ADD ${x} int;', 'afterMigrateApplied.sql', 'CREATE TABLE app.applied();');
SELECT version, outcome FROM migrator.apply('m/d');
SELECT to_regclass('app.applied');
SELECT version, outcome FROM migrator.rollback('m/d', variables => '{"x": "x"}');
SELECT count(*) FROM pg_attribute WHERE attrelid = 'app.undone'::regclass AND attname = 'x';
CALL files.make('m/d', 'V1__a.sql', '', 'afterMigrate.sql', '', 'afterMigrateApplied.sql', '', 'beforeEachMigrate.sql', '', 'beforeEachMigrate__2.sql', '',
  'createSchema.sql', '', 'beforeCreateSchema__x.sql', '', 'beforeConnect.sql', '', 'afterValidate.sql', '', 'beforeRepeatables.sql', '',
  'afterEachMigrateError.sql', '', 'afterMigrateError.sql', '', 'beforeEachMigrateStatement.sql', '', 'x/V2__b.sql', '', 'x/createSchema.sql', '');
TABLE files.wrong;

-- What is built in and has no value in a server.
CALL files.make('m/d', 'V1__a.sql', 'SELECT ''${flyway:workingDirectory}'';', 'V2__b.sql', 'SELECT ''${flyway:environment}'';',
  'V3__c.sql', 'SELECT ''${flyway:FileName}'';',
  'V4__d.sql', 'SELECT ''${db.user-name}'';');
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
SELECT file, line, message FROM migrator.validate('m/d') WHERE check_name = 'variables';
SELECT outcome FROM migrator.apply('m/d',
  variables => '{"flyway:workingDirectory": "/", "flyway:FileName": "f", "db.user-name": "d", "flyway:environment": "e"}');
CALL files.forget();
