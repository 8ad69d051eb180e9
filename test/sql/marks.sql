-- Scripts that another tool divides into a way up and a way back are not run whole.
\getenv dir PG_ABS_SRCDIR
\i :dir/include/setup.sql
CREATE VIEW files.marks AS
  SELECT file, severity, line, message FROM migrator.validate('m/d') WHERE check_name = 'marks' AND severity <> 'ok' ORDER BY file COLLATE "C";

-- one file for each tool, as its own documentation writes it
CALL files.make('m/d',
  '01_dbmate.sql', E'-- migrate:up\nCREATE TABLE a();\n\n-- migrate:down\nDROP TABLE a;\n',
  '02_dbmate.sql', E'-- migrate:up transaction:false\nCREATE TABLE a();\n',
  '03_goose.sql', E'-- +goose Up\nCREATE TABLE a();\n-- +goose Down\nDROP TABLE a;\n',
  '04_goose.sql', E'-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n',
  '05_sql_migrate.sql', E'-- +migrate Down\nDROP TABLE a;\n-- +migrate Up\nCREATE TABLE a();\n',
  '06_tern.sql', E'CREATE TABLE a();\n\n---- create above / drop below ----\n\nDROP TABLE a;\n',
  '07_node.sql', E'-- Up Migration\nCREATE TABLE a();\n-- Down Migration\nDROP TABLE a;\n',
  '08_node.sql', E'CREATE TABLE a();\n---- Down Migration\nDROP TABLE a;\n',
  '09_shmig.sql', E'-- Migration: x\n-- Created at: 2014-01-01\n-- ====  UP  ====\nCREATE TABLE a();\n-- ==== DOWN ====\nDROP TABLE a;\n',
  '10_mybatis.sql', E'-- // Bug 1\n-- Migration SQL that makes the change goes here.\nCREATE TABLE a();\n-- //@UNDO\nDROP TABLE a;\n',
  '11_dbdeploy.sql', E'CREATE TABLE a();\n--//@UNDO\nDROP TABLE a;\n',
  '12_play.sql', E'# Users schema\n\n# --- !Ups\nCREATE TABLE a();\n# --- !Downs\nDROP TABLE a;\n',
  '13_play.sql', E'-- !Ups\nCREATE TABLE a();\n-- !Downs\nDROP TABLE a;\n',
  '14_rambler.sql', E'-- rambler up\nCREATE TABLE a();\n-- rambler down\nDROP TABLE a;\n',
  '15_liquibase.sql', E'--liquibase formatted sql\n\n--changeset nvoxland:1\nCREATE TABLE a();\n--rollback DROP TABLE a;\n',
  '16_liquibase.sql', E'-- changeset some.body:add-a runOnChange:true\nCREATE TABLE a();\n',
  '17_liquibase.sql', E'CREATE TABLE a();\n--rollback DROP TABLE a;\n',
  '18_liquibase.sql', E'CREATE TABLE a();\n/* liquibase rollback\nDROP TABLE a;\n*/\n',
  '19_micrate.sql', E'-- +micrate Up\nCREATE TABLE a();\n-- +micrate Down\nDROP TABLE a;\n',
  '20_graphile.sql', E'--! Previous: -\n--! Hash: sha1:1234\n\nCREATE TABLE a();\n',
  '21_atlas.sql', E'-- atlas:txtar\n\n-- checks.sql --\nSELECT 1;\n-- migration.sql --\nCREATE TABLE a();\n-- down.sql --\nDROP TABLE a;\n',
  '22_atlas.sql', E'-- atlas:checkpoint\nCREATE TABLE a();\n',
  '23_sem.sql', E'-- sem.attribute.transaction = none\nCREATE TABLE a();\n',
  '24_section.sql', E'CREATE TABLE a();\n-- @DOWN\nDROP TABLE a;\n',
  '25_section.sql', E'-- UP\nCREATE TABLE a();\n\n-- ---- DOWN ----\n-- as it was\nDROP TABLE a;\n',
  '26_section.sql', E'CREATE TABLE a();\n--- Rollback:\n\nDROP TABLE a;\n');
TABLE files.marks;
-- nothing runs, whichever way, nor do those before it; each names the place
SELECT files.error($$SELECT * FROM migrator.apply('m/d')$$);
CALL migrator.up('m/d');
\echo :LAST_ERROR_SQLSTATE
CALL migrator.up('m/d', versions => '{21}', on_error => 'continue');
SELECT count(*) FROM migrator.history;

-- case, indentation, line ends and spacing do not matter
CALL files.make('m/d',
  '1_a.sql', E'   -- MIGRATE:UP\r\nSELECT 1;\r\n\t--migrate:down\r\nSELECT 2;\r\n',
  '2_b.sql', E'--+GOOSE   up\rSELECT 1;\r--+goose down\rSELECT 2;',
  '3_c.sql', E'\uFEFF--   +migrate   up   notransaction\nSELECT 1;',
  '4_d.sql', E'SELECT 1;\n  ----   Create Above/Drop Below ----\nSELECT 2;',
  '5_e.sql', E'SELECT 1;\n--   -- down   MIGRATION (keeps the data)\nSELECT 2;',
  '6_f.sql', E'SELECT 1;\n--==down==\nSELECT 2;',
  '7_g.sql', E'SELECT 1;\n#!Downs\nSELECT 2;',
  '8_h.sql', E'-- LIQUIBASE  Formatted  SQL logicalFilePath:x\nSELECT 1;',
  '9_i.sql', E'CREATE TABLE a(\n-- migrate:down\n);');
TABLE files.marks;

-- the same in quotes, COPY data, block comments, and behind code; and words that only resemble a mark
CALL files.make('m/d',
  '1_a.sql', E'SELECT ''\n-- migrate:up\n-- migrate:down\n'';\nDO $x$\nBEGIN\n-- +goose Down\nNULL;\nEND $x$;\nSELECT "\n-- rambler '
    'down\n" FROM (SELECT 1 AS "\n-- rambler down\n") x;\n',
  '2_b.sql', E'CREATE TABLE b(t text);\nCOPY b FROM stdin;\n-- migrate:down\n# --- !Downs\n\\.\n/*\n-- migrate:down\n*/\nSELECT 1; -- +goose Down\n',
  '3_c.sql', E'-- rollback plan: see the wiki\n--rollback plan: see the wiki\n-- Rollback: DROP TABLE c;\n-- Down is left\n-- '
    'Downs\n-- migration of users, up and down\nCREATE TABLE c();\n-- Up, up and away!\n-- undone by nobody\n-- atlas:nolint\n-- '
    'changeset 12: what changed\n--> statement-breakpoint\n-- migrate: downtime of a minute\n--;;\n',
  '4_d.sql', E'CREATE TABLE d();\n-- Rollback:\n-- DROP TABLE d;\nCREATE TABLE d2();\n-- Down:\n-- DROP TABLE d2;\n',
  '5_e.sql', E'CREATE TYPE e AS ENUM (\n-- up\n''up'',\n-- down\n''down'');\n-- Down Migration: none\n',
  '6_f.sql', repeat('-', 100) || E'\n' || repeat('-- ', 1000) || E'\n--' || repeat(' ', 5000) || E'+goose Up\n-- changeset '
    || repeat(':', 5000) || E'\nSELECT 1;',
  '7_g.sql', E'/* a table */\n-- Up Migration\nCREATE TABLE g();\n-- Down Migration (by hand)\n-- DROP TABLE g;\n');
TABLE files.marks;
SELECT version, outcome FROM migrator.apply('m/d');

-- in pairs the file's name says what plain words repeat; a tool's own mark is one everywhere; a down script does not run
CALL files.forget();
CALL files.make('m/d',
  '1_a.up.sql', E'-- Up Migration\nCREATE TABLE pa();', '1_a.down.sql', E'-- Down Migration\nDROP TABLE pa;',
  '2_b.up.sql', E'CREATE TABLE pb();', '2_b.down.sql', E'-- migrate:down\nDROP TABLE pb;');
TABLE files.marks;
SELECT version, outcome FROM migrator.apply('m/d');
CALL files.write('m/d/3_c.up.sql', E'-- +goose Up\nCREATE TABLE pc();');
CALL files.write('m/d/4_d.up.sql', E'CREATE TABLE pd();\n-- Down Migration\nDROP TABLE pd;');
TABLE files.marks;
CALL migrator.up('m/d', target => '3');
-- is_current() was never true of it
SELECT migrator.is_current('m/d');

-- a service that comes from such a tool: what is on record is not run, so it stops nobody; validate() warns
CALL files.forget();
CALL files.make('m/d', '1_a.sql', E'-- migrate:up\nCREATE TABLE a();\n-- migrate:down\nDROP TABLE a;');
SELECT migrator.baseline('m/d', options => '{"layout": "numbered"}');
CALL files.write('m/d/2_b.sql', 'CREATE TABLE after_dbmate();');
TABLE files.marks;
SELECT version, outcome FROM migrator.apply('m/d');
SELECT migrator.is_current('m/d');
-- nor when it was changed since
CALL files.write('m/d/1_a.sql', E'-- migrate:up\nCREATE TABLE a(i int);\n-- migrate:down\nDROP TABLE a;');
SELECT version, outcome FROM migrator.apply('m/d');
