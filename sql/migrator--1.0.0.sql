\echo Use "CREATE EXTENSION migrator" to load this file. \quit

-- A schema made by somebody else could hold objects that catch our names, and
-- its owner could drop the record.
DO $$
DECLARE
  found record;
  creators text;
BEGIN
  SELECT r.rolname, r.rolsuper OR r.rolname OPERATOR(pg_catalog.=) CURRENT_USER AS trusted, n.oid INTO found
    FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) n.nspowner
   WHERE n.nspname OPERATOR(pg_catalog.=) 'migrator';
  IF NOT found.trusted THEN
    RAISE EXCEPTION 'schema "migrator" is owned by role %, who is no superuser', pg_catalog.quote_ident(found.rolname)
      USING ERRCODE = 'duplicate_schema', HINT = 'Drop or rename that schema first.';
  END IF;
  -- in a schema that was there before, and where others may create: first they must not any more
  SELECT pg_catalog.string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::text END, ', ') INTO creators
    FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
   WHERE n.oid OPERATOR(pg_catalog.=) found.oid AND a.grantee OPERATOR(pg_catalog.<>) n.nspowner
     AND a.privilege_type OPERATOR(pg_catalog.=) 'CREATE';
  IF creators IS NOT NULL THEN
    EXECUTE pg_catalog.concat('REVOKE CREATE ON SCHEMA migrator FROM ', creators, ' CASCADE');
  END IF;
  IF EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace OPERATOR(pg_catalog.=) found.oid)
     OR EXISTS (SELECT FROM pg_catalog.pg_operator WHERE oprnamespace OPERATOR(pg_catalog.=) found.oid)
     OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typnamespace OPERATOR(pg_catalog.=) found.oid) THEN
    RAISE EXCEPTION 'schema "migrator" is not empty'
      USING ERRCODE = 'duplicate_schema', HINT = 'Drop or rename that schema first.';
  END IF;
END
$$;

-- Tables -----------------------------------------------------------------------------------------------------------
-- State and log are apart: "migrations" is the state, one row a migration; "history" is an append-only log without
-- unique or foreign keys, so that a worker can write it beside an open transaction; "runs" is one row a call.

CREATE TABLE migrator.services (
  service       text PRIMARY KEY CHECK (service ~ '^[a-z][a-z0-9_-]{0,44}$'),
  source        text,
  environment   text,
  search_path   text,
  options       jsonb NOT NULL DEFAULT '{}',
  role_oids     oid[],
  registered_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  registered_by text NOT NULL DEFAULT SESSION_USER,
  registered_as text,
  registered_login text,
  registered_oids oid[],
  system_identifier bigint
);
COMMENT ON TABLE migrator.services IS 'Registered services: where each one''s migrations come from, how they run and who may run them. Written by register() and unregister(). registered_as was the current user, registered_by the session user, registered_login the one who had logged in; registered_oids are theirs, role_oids those of option roles, in the cluster with that system identifier.';

CREATE TABLE migrator.service_state (
  service     text PRIMARY KEY,
  environment text,
  stamped_at  timestamptz,
  stamped_by  text,
  bootstrapped_at    timestamptz,
  bootstrap_checksum text,
  bootstrap_run_id   bigint
);
COMMENT ON TABLE migrator.service_state IS 'What a database remembers of a service besides its migrations. environment is that of its first run that had one, or the one that set_environment() put in its place; another one is refused.';

CREATE TABLE migrator.migrations (
  service           text NOT NULL,
  version           text NOT NULL,
  name              text,
  file              text,
  layout            text,
  state             text NOT NULL CHECK (state IN ('running', 'failed', 'applied', 'rolled_back')),
  direction         text CHECK (direction = 'down'),
  environment       text,
  checksum          text,
  fingerprint       text,
  description       text,
  down_script       text,
  down_system       bigint,
  down_oids         oid[],
  down_as           text,
  down_by           text,
  down_login        text,
  run_id            bigint,
  applied_at        timestamptz,
  execution_time_ms double precision,
  applied_by        text,
  statement_total   integer,
  statement_done    integer,
  statement_started integer,
  done_digest       text,
  resume_state      jsonb,
  lock_key          bigint,
  backend_pid       integer,
  backend_start     timestamptz,
  baseline          boolean NOT NULL DEFAULT false,
  non_transactional boolean NOT NULL DEFAULT false,
  irreversible      boolean NOT NULL DEFAULT false,
  repeatable        boolean NOT NULL DEFAULT false,
  error_message     text,
  error_sqlstate    text,
  PRIMARY KEY (service, version)
);
-- 3 and 003 are one version
CREATE UNIQUE INDEX migrations_number ON migrator.migrations (service, pg_catalog.ltrim(version, '0'))
  WHERE version OPERATOR(pg_catalog.~) '^[0-9]+$';
COMMENT ON TABLE migrator.migrations IS 'The state: one row for each migration that was ever applied or tried. execution_time_ms is in milliseconds, checksum the SHA-256 of the file, fingerprint that of its tokens with the algorithm''s number in front.';

CREATE TABLE migrator.runs (
  run_id            bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  kind              text NOT NULL,
  service           text NOT NULL,
  source            text,
  environment       text,
  started_at        timestamptz NOT NULL,
  finished_at       timestamptz,
  outcome           text,
  total             integer,
  applied           integer,
  failed            integer,
  skipped           integer,
  duration_ms       double precision,
  started_by        text,
  run_as            text,
  application_name  text,
  client_addr       inet,
  backend_pid       integer,
  backend_start     timestamptz,
  progress_handle   bigint,
  extension_version text,
  origin            text NOT NULL DEFAULT 'client',
  error_sqlstate    text,
  error_message     text,
  error_detail      text,
  error_hint        text,
  error_context     text,
  lock_wait_ms      double precision,
  lock_retries      integer
);
-- those without an end are asked for at the beginning of each run
CREATE INDEX runs_open ON migrator.runs (service) WHERE finished_at IS NULL;
-- the last one of each is asked for by health()
CREATE INDEX runs_service ON migrator.runs (service, run_id);
COMMENT ON TABLE migrator.runs IS 'One row for each call that applied migrations, or tried to. total counts the source''s migrations, applied, failed and skipped those of the run. origin: client, background (up_background()) or server start. error_...: what the run raised. lock_wait_ms: how long it waited for the lock of the service, null if it did not; lock_retries: attempts that were repeated for a lock.';

CREATE TABLE migrator.history (
  id                bigint GENERATED BY DEFAULT AS IDENTITY,
  at                timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  run_id            bigint,
  service           text NOT NULL,
  version           text,
  name              text,
  event             text NOT NULL,
  environment       text,
  checksum          text,
  execution_time_ms double precision,
  statement         integer,
  line              integer,
  error_message     text,
  error_sqlstate    text,
  error_detail      text,
  note              text,
  applied_by        text,
  run_as            text,
  application_name  text,
  client_addr       inet,
  backend_pid       integer,
  extension_version text
);
CREATE INDEX history_service_version ON migrator.history (service, version, id);
COMMENT ON TABLE migrator.history IS 'Append-only log of every attempt and event: applied, failed, baseline, resolved, registered, ... applied_by is the session user, run_as the current user at that time.';

-- What a policy asks for.  Rows are never deleted: one that was revoked, used or dropped says so.
CREATE TABLE migrator.given_approvals (
  id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  service     text NOT NULL,
  version     text NOT NULL,
  checksum    text NOT NULL,
  hooks       text NOT NULL DEFAULT '',
  approved_by text NOT NULL,
  approved_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  note        text,
  revoked_at  timestamptz,
  revoked_by  text,
  run_id      bigint
);
CREATE INDEX given_approvals_standing ON migrator.given_approvals (service, version) WHERE revoked_at IS NULL AND run_id IS NULL;
COMMENT ON TABLE migrator.given_approvals IS 'Who approved which file of which migration, by the SHA-256 of its bytes; hooks: those of the hooks that ran around it then, each with its file. One stands until it is revoked, or used by the run that run_id names.';

CREATE TABLE migrator.windows (
  id         bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  service    text,
  opens      time,
  closes     time,
  days       text[],
  during     tstzrange,
  time_zone  text NOT NULL,
  note       text,
  added_by   text NOT NULL,
  added_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  dropped_by text,
  dropped_at timestamptz,
  CHECK (CASE WHEN during IS NULL THEN opens IS NOT NULL AND closes IS NOT NULL ELSE opens IS NULL AND closes IS NULL AND days IS NULL END)
);
COMMENT ON TABLE migrator.windows IS 'Maintenance windows: weekly (opens, closes, days, null for every day) or open once (during). service null: of all services.';

CREATE TABLE migrator.recorded_backups (
  id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  kind        text NOT NULL CHECK (kind IN ('backup', 'restore_point')),
  label       text NOT NULL,
  location    text,
  size        bigint,
  service     text,
  taken_at    timestamptz NOT NULL,
  lsn         pg_lsn,
  run_id      bigint,
  version     text,
  recorded_by text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX recorded_backups_newest ON migrator.recorded_backups (taken_at) WHERE kind = 'backup';
COMMENT ON TABLE migrator.recorded_backups IS 'Backups that somebody recorded, and the restore points that runs made. size in bytes; service null: of the whole database.';
CREATE TABLE migrator.hooks (
  id                bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  event             text NOT NULL CHECK (event IN ('pre_run', 'post_run', 'pre_migrate', 'post_migrate', 'pre_rollback', 'post_rollback')),
  service           text,
  function_schema   text NOT NULL,
  function_name     text NOT NULL,
  added_at          timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  system_identifier bigint,
  added_oids        oid[],
  added_as          text,
  added_by          text,
  added_login       text
);
CREATE UNIQUE INDEX hooks_once ON migrator.hooks (event, function_schema, function_name, (coalesce(service, '')));
COMMENT ON TABLE migrator.hooks IS 'Functions that run before or after a run and its migrations, written by add_hook() and drop_hook(). service is null for every service. added_as was the current user, added_by the session user, added_login the one who had logged in; added_oids are theirs in the cluster with that system identifier.';

-- The objects as runs left them, by schema: home is one, or empty for what belongs to the database as a whole.
CREATE TABLE migrator.schema_state (
  object     text COLLATE "C" PRIMARY KEY,
  home       text NOT NULL,
  kind       text NOT NULL,
  schema     text,
  identity   text NOT NULL,
  hash       text NOT NULL,
  definition text NOT NULL,
  anchor     oid NOT NULL,
  drifted    boolean NOT NULL,
  run_id     bigint,
  taken_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX schema_state_home ON migrator.schema_state (home);
CREATE INDEX schema_state_anchor ON migrator.schema_state (anchor);
COMMENT ON TABLE migrator.schema_state IS 'The objects of the schemas of services, as the last run left them: as schema_objects() has them. object is what a row is found by, run_id the run that left it so, null for accept_drift(). drifted: it was not so when a run began, and that is still to be settled; with an empty hash, it was there and on no record.';

CREATE TABLE migrator.tracked_schemas (
  home           text PRIMARY KEY,
  server_version integer NOT NULL,
  token          text NOT NULL,
  taken_at       timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE migrator.tracked_schemas IS 'The schemas whose objects are in schema_state, with the server''s major version then, and a token of the system catalogs; the empty one is the database as a whole.';

CREATE TABLE migrator.tracked_services (
  service  text PRIMARY KEY,
  homes    text[] NOT NULL,
  open_run bigint
);
COMMENT ON TABLE migrator.tracked_services IS 'The schemas that each service''s last run was about. open_run: a run that has not kept their objects yet, since it is under way or died.';

CREATE TABLE migrator.ddl_log (
  id               bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  at               timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  command          text NOT NULL,
  kind             text,
  schema           text,
  identity         text,
  object           oid,
  dropped          boolean NOT NULL,
  changed_by       text NOT NULL,
  run_as           text NOT NULL,
  application_name text NOT NULL,
  client_addr      inet,
  statement        text
);
CREATE INDEX ddl_log_object ON migrator.ddl_log (object, id);
CREATE INDEX ddl_log_identity ON migrator.ddl_log (pg_catalog.md5(identity), id);
COMMENT ON TABLE migrator.ddl_log IS 'What was changed outside of runs since watch_ddl(): a row for each object of a command. changed_by is the session user, run_as the current user. statement is what the client sent, null where it may hold a password. It is no part of dumps.';

-- Files that clients sent: a cache, which the client fills again, and no part of dumps.  Names and paths are compared by
-- bytes, as file names are.  Roles are kept as OIDs: a role that takes a dropped one's name gets nothing.  Scripts run
-- from these tables, so that they are guarded twice: see "Rights" for writing, src/source/signature.c for the signatures.
CREATE TABLE migrator.stages (
  name        text COLLATE "C" PRIMARY KEY,
  owner       oid NOT NULL,
  file_count  integer NOT NULL DEFAULT 0,
  total_size  bigint NOT NULL DEFAULT 0,
  changed_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE migrator.stages IS 'One row for each set of staged files. owner is the role that may change it, total_size in bytes.';

CREATE TABLE migrator.staged_contents (
  name        text COLLATE "C" NOT NULL,
  sha256      text COLLATE "C" NOT NULL CHECK (pg_catalog.length(sha256) = 64),
  size        bigint NOT NULL,
  content     bytea NOT NULL,
  replaced_by xid8,
  given_up    boolean NOT NULL DEFAULT false,
  PRIMARY KEY (name, sha256)
);
CREATE INDEX staged_contents_replaced ON migrator.staged_contents (name) WHERE replaced_by IS NOT NULL;
COMMENT ON TABLE migrator.staged_contents IS 'The contents of staged files, each once for a set. replaced_by is the transaction that left it without a path; it is removed by a later one, when no run reads it. given_up: left of a set that was unstaged, and not to be had by its checksum any more.';

CREATE TABLE migrator.staged_files (
  name        text COLLATE "C" NOT NULL,
  path        text COLLATE "C" NOT NULL,
  sha256      text COLLATE "C" NOT NULL,
  size        bigint NOT NULL,
  staged_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  staged_as   oid NOT NULL,
  staged_by   oid NOT NULL,
  staged_login oid NOT NULL,
  signature   text COLLATE "C" NOT NULL,
  PRIMARY KEY (name, path)
);
CREATE INDEX staged_files_sha256 ON migrator.staged_files (name, sha256);
COMMENT ON TABLE migrator.staged_files IS 'The paths of staged files. Whoever sent this content was staged_as as current user, staged_by as session user, and had logged in as staged_login. signature is an HMAC of all of it but the time, with the key of stage_key.';

CREATE TABLE migrator.stage_key (
  key bytea NOT NULL
);
COMMENT ON TABLE migrator.stage_key IS 'The key of the signatures of staged files: one row, which nobody but the extension''s owner sees.';
INSERT INTO migrator.stage_key
  SELECT pg_catalog.sha256(pg_catalog.string_agg(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), '')) FROM generate_series(1, 4);

ALTER TABLE migrator.stages ENABLE ROW LEVEL SECURITY;
ALTER TABLE migrator.staged_contents ENABLE ROW LEVEL SECURITY;
ALTER TABLE migrator.staged_files ENABLE ROW LEVEL SECURITY;
CREATE POLICY readable ON migrator.stages FOR SELECT USING (true);
CREATE POLICY readable ON migrator.staged_contents FOR SELECT USING (true);
CREATE POLICY readable ON migrator.staged_files FOR SELECT USING (true);
-- and no policy for the key
ALTER TABLE migrator.stage_key ENABLE ROW LEVEL SECURITY;

-- The record survives dump and restore.
SELECT pg_catalog.pg_extension_config_dump('migrator.services', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.service_state', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.migrations', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.schema_state', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.tracked_schemas', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.tracked_services', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.runs', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.runs_run_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.history', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.history_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.given_approvals', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.given_approvals_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.windows', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.windows_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.recorded_backups', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.recorded_backups_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.hooks', '');
SELECT pg_catalog.pg_extension_config_dump('migrator.hooks_id_seq', '');

-- Run --------------------------------------------------------------------------------------------------------------
CREATE FUNCTION migrator.apply(source text = NULL, service text = NULL, target text = NULL, versions text[] = NULL,
                               environment text = NULL, variables jsonb = NULL, dry_run boolean = false,
                               if_locked text = NULL, wait_timeout interval = NULL, on_error text = NULL,
                               options jsonb = '{}')
  RETURNS TABLE (service text, version text, name text, outcome text, execution_time_ms double precision, message text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_apply';
COMMENT ON FUNCTION migrator.apply IS 'Apply pending migrations in the caller''s transaction: SELECT runs in your transaction, CALL migrator.up() gives each migration its own. Returns a row for each migration of the run with its time in milliseconds; none when the schema is up to date. An error undoes the whole call unless on_error is stop or continue; dry_run undoes it in any case. service => ''*'': every registered service, one after the other; a row with no version says that one failed before it began, or was not run. variables: a JSON object of values for scripts that say "-- migrator: variables".';

CREATE PROCEDURE migrator.up(source text = NULL, service text = NULL, target text = NULL, versions text[] = NULL,
                             environment text = NULL, variables jsonb = NULL, if_locked text = NULL,
                             wait_timeout interval = NULL, on_error text = NULL, options jsonb = '{}',
                             INOUT result jsonb = NULL)
  LANGUAGE C AS 'MODULE_PATHNAME', 'migrator_up';
COMMENT ON PROCEDURE migrator.up IS 'Apply pending migrations, each in a transaction of its own, committed as it goes: SELECT runs in your transaction, CALL gives each migration its own. Runs any statement, also those that refuse a transaction block. Durable when it returns; before that a crash loses at most a suffix of whole migrations. result: outcome (applied, up_to_date, skipped), applied, failed, total, duration_ms, and migrations with option verbose. A failure is raised, and what came before it stays. service => ''*'': every registered service, one after the other; result then has their sums, and services, one result each. variables: a JSON object of values for scripts that say "-- migrator: variables".';

CREATE FUNCTION migrator.up_background(source text = NULL, service text = NULL, target text = NULL, versions text[] = NULL,
                                       environment text = NULL, variables jsonb = NULL, if_locked text = NULL,
                                       wait_timeout interval = NULL, on_error text = NULL, options jsonb = '{}')
  RETURNS bigint
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_up_background';
COMMENT ON FUNCTION migrator.up_background IS 'Start CALL migrator.up() with these arguments in a background worker, with the session''s user, role and settings; it goes on when the client is gone. Returns the run_id when the run has begun, null with a NOTICE when there is nothing to run. What keeps the run from beginning is raised here; 53000 when no worker is free, 25001 in a transaction that has changed something. See wait_for(), view progress, and pg_cancel_backend(pid) with the pid of runs.backend_pid. service => ''*'' is not possible.';

CREATE FUNCTION migrator.wait_for(run_id bigint, timeout interval = '30 seconds') RETURNS jsonb
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_wait_for';
COMMENT ON FUNCTION migrator.wait_for IS 'Wait for the end of a run, whoever started it, and return its result as up() does; raise its error if it failed, MG011 if its session ended. Null when the time is over (0 or null: no limit), or when the run waits for the end of this very statement, which a NOTICE says: call it again. Null for a null run_id. 42704 when there is no such run.';

CREATE FUNCTION migrator.rollback(source text = NULL, service text = NULL, steps integer = NULL, target text = NULL, versions text[] = NULL,
                                  environment text = NULL, variables jsonb = NULL, dry_run boolean = false, if_locked text = NULL,
                                  wait_timeout interval = NULL, options jsonb = '{}')
  RETURNS TABLE (service text, version text, name text, outcome text, execution_time_ms double precision, message text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_rollback';
COMMENT ON FUNCTION migrator.rollback IS 'Take applied migrations back by their down scripts, the last first, in the caller''s transaction; CALL migrator.down() gives each its own. One of: steps (how many, 1 when nothing is given), target (the version that stays; an empty one takes all back), versions (these alone), options.run_id (what that run applied). A row for each migration with its time in milliseconds. The script that was put on record when the migration was applied is run, unless options.down_source is file. MG012 where a down script is missing or a migration says that there is no way back, 2BP01 where versions leaves what depends on them; options.force overrides all but the first.';

CREATE PROCEDURE migrator.down(source text = NULL, service text = NULL, steps integer = NULL, target text = NULL, versions text[] = NULL,
                               environment text = NULL, variables jsonb = NULL, if_locked text = NULL, wait_timeout interval = NULL,
                               options jsonb = '{}', INOUT result jsonb = NULL)
  LANGUAGE C AS 'MODULE_PATHNAME', 'migrator_down';
COMMENT ON PROCEDURE migrator.down IS 'Take applied migrations back as rollback() does, each in a transaction of its own, committed as it goes. Runs any statement, also those that refuse a transaction block, and goes on with a migration that is partly rolled back. result: outcome (rolled_back, nothing_to_do, skipped), rolled_back, failed, duration_ms, and migrations with option verbose. A failure is raised, and what came before it stays rolled back.';

CREATE FUNCTION migrator.rollback_preview(source text = NULL, service text = NULL, steps integer = NULL, target text = NULL, versions text[] = NULL)
  RETURNS TABLE (service text, version text, name text, statement integer, command text, object text, row_estimate bigint,
                 bytes bigint, dependents text[], down_source text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_rollback_preview';
COMMENT ON FUNCTION migrator.rollback_preview IS 'What rollback() would run, without running it: a row for each statement of the down scripts and each object that it drops, alters or writes, by the parse trees. row_estimate and bytes (with indexes and TOAST) are those of the table now, with its partitions; dependents is what CASCADE would take along. down_source: record or file; null where there is no script.';

CREATE PROCEDURE migrator.redo(source text = NULL, service text = NULL, steps integer = NULL, versions text[] = NULL, variables jsonb = NULL,
                               options jsonb = '{}', INOUT result jsonb = NULL)
  LANGUAGE C AS 'MODULE_PATHNAME', 'migrator_redo';
COMMENT ON PROCEDURE migrator.redo IS 'For development: down() of the last migrations (steps, 1 when nothing is given) or of some (versions), and up() of the same, with their files as they are now. options are those of down(). result: outcome (redone, nothing_to_do), down and up, each as they give it, duration_ms.';

CREATE PROCEDURE migrator.reset(source text = NULL, service text = NULL, confirm text = NULL, how text = 'down', schemas text[] = NULL,
                                up boolean = true, seed boolean = true, variables jsonb = NULL, options jsonb = '{}',
                                INOUT result jsonb = NULL)
  LANGUAGE C AS 'MODULE_PATHNAME', 'migrator_reset';
COMMENT ON PROCEDURE migrator.reset IS 'For development: take everything of a service back, by its down scripts (how => down) or by dropping what is in its schemas (drop: those named, registered, or in the registered search_path), forget its record but for history and that bootstrap.sql ran, then up and seed.sql unless told not to. confirm must be the name of the database (22023). Refused where allow_destructive_operations is false (MG009) and where the environment is production (55000). result: outcome, down, dropped (objects), up, seeds (scripts), duration_ms.';
CREATE FUNCTION migrator.prove(source text = NULL, service text = NULL, versions text[] = NULL, environment text = NULL,
                               variables jsonb = NULL)
  RETURNS TABLE (service text, version text, name text, verdict text, differences text[], message text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_prove';
COMMENT ON FUNCTION migrator.prove IS 'Does the down script of each pending migration undo its up script? Runs up, down and up again, one migration after the other, and undoes all of it. verdict: reversible, differs (differences names the objects that the down script leaves otherwise than they were, and, behind "up again:", those that the up script makes otherwise the second time; message says which script fails), no_down, not_provable (what refuses a transaction block, is applied, says that it is irreversible, or whose up script fails). versions: these alone; what is pending before them is applied, too, and undone. Rows of tables are not compared. Needs the rights of apply() and takes its locks.';

CREATE FUNCTION migrator.verify(source text = NULL, service text = NULL, versions text[] = NULL, environment text = NULL,
                                variables jsonb = NULL)
  RETURNS TABLE (service text, version text, name text, verdict text, execution_time_ms double precision, message text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_verify';
COMMENT ON FUNCTION migrator.verify IS 'Run the verify scripts of applied migrations, or of these versions, one after the other, and undo each: those of sqitch''s folder verify/. verdict: passed; failed, with the error as message; not_run, with the reason. Takes no lock, and records nothing. Needs the rights of apply(). Option verify of up() and apply() runs them behind each migration.';

CREATE FUNCTION migrator.seed(source text = NULL, service text = NULL, environment text = NULL, variables jsonb = NULL)
  RETURNS TABLE (service text, file text, outcome text, execution_time_ms double precision, message text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_seed';
COMMENT ON FUNCTION migrator.seed IS 'Run seed.sql of the source, and those of common/ and of the environment, in the caller''s transaction, as often as called. Takes the service''s lock as apply() does. Returns a row for each script with its time in milliseconds; an error undoes all of it. variables: a JSON object of values for scripts that say "-- migrator: variables".';

-- Look -------------------------------------------------------------------------------------------------------------
CREATE FUNCTION migrator.status(source text = NULL, service text = NULL, environment text = NULL)
  RETURNS TABLE (service text, version text, name text, state text, flags text[], applied_at timestamptz,
                 execution_time_ms double precision, applied_by text, environment text, checksum text, message text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_status';
COMMENT ON FUNCTION migrator.status IS 'One row for each migration of the source and the record, by version. state: pending, running, interrupted, failed, applied, rolled_back; and rows of their own: blocked (what stops every run) and ignored (by option ignore), with the file as name. Without a source, and with none registered, the record alone. service => ''*'': every registered service.';

CREATE FUNCTION migrator.brief_text(what text, more text, width integer) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN length(whole) > width THEN concat(left(whole, width - 3), '...') ELSE whole END
    FROM (SELECT CASE WHEN more IS NULL OR right(what, length(more)) = more THEN what
                      WHEN what IS NULL THEN more
                      ELSE concat(what, '_', more) END) AS t(whole);
END;
COMMENT ON FUNCTION migrator.brief_text IS 'For status_brief() and the views whose names end with _brief: what and more (a version that ends with its name has it), cut to so many characters.';

CREATE FUNCTION migrator.status_brief(source text = NULL, service text = NULL, environment text = NULL)
  RETURNS TABLE (migration text, state text, flags text, applied_at text, ms bigint)
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  SELECT migrator.brief_text(version, name, 48), state, migrator.brief_text(array_to_string(flags, ' '), NULL, 20),
         to_char(applied_at, 'YYYY-MM-DD HH24:MI'), round(execution_time_ms)::bigint
    FROM migrator.status(status_brief.source, status_brief.service, status_brief.environment);
END;
COMMENT ON FUNCTION migrator.status_brief IS 'status() for eyes: rows of less than 120 columns in psql. What is too long ends with three dots, times are those of the session''s time zone, in minutes and milliseconds.';

CREATE FUNCTION migrator.pending(source text = NULL, service text = NULL, environment text = NULL)
  RETURNS TABLE (service text, version text, name text, description text, file text, transactional boolean,
                 depends_on text[], risk_level text, estimated_duration interval, blocked text, change_class text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_pending';
COMMENT ON FUNCTION migrator.pending IS 'The migrations that a run would apply now, in order. description is that of dependencies.json, else the first comment of the script; blocked says why a run would stop for it; transactional is false for one that apply() refuses and CALL migrator.up() runs; change_class is safe, care or dangerous, by what the script''s statements do to what exists: validate() names the statement. service => ''*'': of every registered service.';

CREATE FUNCTION migrator.summary(source text = NULL, service text = NULL, environment text = NULL) RETURNS jsonb
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_summary';
COMMENT ON FUNCTION migrator.summary IS 'status() as one JSON object: total, applied, pending, failed, appliedMigrations (name, appliedAt, executionTime in milliseconds, status), pendingMigrations. pending and pendingMigrations are null where no source is known. service => ''*'': the sums of every registered service, and services, one such object each.';

CREATE FUNCTION migrator.slow(threshold interval = NULL, service text = NULL)
  RETURNS TABLE (service text, version text, name text, execution_time_ms double precision, applied_at timestamptz, environment text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_slow';
COMMENT ON FUNCTION migrator.slow IS 'Applied migrations that took longer than threshold (null: migrator.slow_threshold), the slowest first. execution_time_ms in milliseconds. service => ''*'': of every registered service.';

CREATE FUNCTION migrator.is_slow(execution_time_ms double precision) RETURNS boolean
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'migrator_is_slow';
COMMENT ON FUNCTION migrator.is_slow IS 'Is a migration slow that took so many milliseconds, by migrator.slow_threshold? For view migration_performance.';
CREATE FUNCTION migrator.health(source text = NULL, service text = NULL) RETURNS jsonb
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_health';
COMMENT ON FUNCTION migrator.health IS 'For health checks, as often as every second: status (healthy, degraded, unhealthy), timestamp, database (status, message, details.migrationStatus, name, systemIdentifier, standby), uptime of the server in seconds, memory of the backend in bytes, applied, pending, failed, interrupted, drift, lock, lastRun, and services, the same of each. By file names and the record: contents are not looked at. What is wrong is told and not raised. Without arguments every service that is registered or on record.';

CREATE FUNCTION migrator.metrics_text() RETURNS text
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_metrics_text';
COMMENT ON FUNCTION migrator.metrics_text IS 'View metrics in the text format of Prometheus, version 0.0.4.';

CREATE FUNCTION migrator.validate(source text = NULL, service text = NULL, environment text = NULL, verbose boolean = false)
  RETURNS TABLE (check_name text, severity text, version text, file text, line integer, message text, hint text,
                 service text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_validate';
COMMENT ON FUNCTION migrator.validate IS 'Everything that can be said of a source without running it: all findings of all files at once, severity ok, info, warning or error. One ok row for each check that found nothing; with verbose also one for each file. service => ''*'': every registered service, by name.';

CREATE FUNCTION migrator.assert_valid(source text = NULL, service text = NULL, environment text = NULL, severity text = 'error')
  RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_assert_valid';
COMMENT ON FUNCTION migrator.assert_valid IS 'Raises the worst finding of validate(), with its SQLSTATE, when one has that severity (error, warning, info; error when nothing is given) or a worse one; up to ten others are in the DETAIL. For CI. service => ''*'': of every registered service.';

CREATE FUNCTION migrator.environments(source text = NULL, service text = NULL)
  RETURNS TABLE (environment text, is_current boolean, description text, migrations integer, flag text, value jsonb, origin text,
                 service text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_environments';
COMMENT ON FUNCTION migrator.environments IS 'The environments of a source, a row for each flag that holds there: its value and where that comes from (default, environments.json, registration). is_current: the one a run without an argument would have. migrations counts its own and those of all environments. Besides, where they are given, checks (severities by name) and variables (their names). Of a source without environments the flags that hold in any.';
CREATE FUNCTION migrator.dependencies(source text = NULL, service text = NULL, environment text = NULL)
  RETURNS TABLE (service text, version text, name text, depends_on text[], missing text[], required_by text[], cross_service text[],
                 depth integer, affects_tables text[], touches text[], risk_level text, rollback_safe boolean, state text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_dependencies';
COMMENT ON FUNCTION migrator.dependencies IS 'What needs what, by dependencies.json, in the order in which migrations run. missing: what does not exist; cross_service: service:version; depth: so many must come before it, one after the other; affects_tables as declared, touches as the scripts say. Raises 22023 without a source.';

CREATE FUNCTION migrator.dependency_graph(source text = NULL, service text = NULL, environment text = NULL, format text = 'mermaid')
  RETURNS text
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_dependency_graph';
COMMENT ON FUNCTION migrator.dependency_graph IS 'The same as a drawing: format mermaid, dot or json. Arrows lead from what is needed to what needs it; dashed ones to other services. Raises 22023 for another format, and without a source.';

CREATE FUNCTION migrator.impact(source text = NULL, service text = NULL, relation text = NULL, environment text = NULL)
  RETURNS TABLE (service text, version text, name text, state text, relation text, declared boolean, found boolean, commands text[])
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_impact';
COMMENT ON FUNCTION migrator.impact IS 'Which migrations touch which tables, or that one: declared in affects_tables of dependencies.json, found in the script, by these commands. A name without a schema fits any. found is null where the script could not be read. Raises 42602 for what is no name, 22023 without a source.';

CREATE FUNCTION migrator.new_migration(source text, description text, service text = NULL, environment text = NULL, up text = NULL,
                                       down text = NULL)
  RETURNS TABLE (file text, content text, written boolean)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_new_migration';
COMMENT ON FUNCTION migrator.new_migration IS 'The files of a new migration behind all others, named as the directory names its own, in the folder of environment if that is given; an empty directory gets golang-migrate''s names. For members of pg_write_server_files they are written, at once and for good; else, and for stage:NAME, what is returned is for the caller to write. Nothing that is there is ever replaced. source null: the registered one.';

CREATE FUNCTION migrator.report(service text = NULL) RETURNS text
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_report';
COMMENT ON FUNCTION migrator.report IS 'A page of HTML that needs nothing else: runs and their times, each migration with state, flags and error, what needs what, drift, the slowest. Save it with psql -XAtc. service null: all that are registered or on record, as far as the caller may act for them or read the tables. What is wrong with a source is on the page, not raised.';

CREATE FUNCTION migrator.is_current(source text = NULL, service text = NULL, version text = NULL, environment text = NULL)
  RETURNS boolean
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_is_current';
COMMENT ON FUNCTION migrator.is_current IS 'Is nothing pending? With a version, nothing up to that one; with a version and no source, whether the record has it applied, and no file is read. With migrator.check_schema also: has nothing drifted? Raises what a run would raise before it begins, 58P01 for a directory that is not there. service => ''*'': in every registered service.';

CREATE FUNCTION migrator.assert_current(source text = NULL, service text = NULL, version text = NULL, environment text = NULL)
  RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_assert_current';
COMMENT ON FUNCTION migrator.assert_current IS 'Raises MG010 unless is_current(), with the versions that are lacking in the DETAIL, or MG014 for drift with migrator.check_schema: for an application that must not start on an old schema. source, version and service as there.';

CREATE FUNCTION migrator.settings(source text = NULL, service text = NULL)
  RETURNS TABLE (name text, value text, origin text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_settings';
COMMENT ON FUNCTION migrator.settings IS 'What a run with this source and service would go by: service, source, environment, search_path, ignored names, and each migrator.* setting, with its value and where that comes from: argument, registration, caller, default, or the origin in pg_settings (configuration file, database, user, session, ...).';

CREATE FUNCTION migrator.current_run()
  RETURNS TABLE (run_id bigint, kind text, service text, environment text, direction text, version text, name text, file text)
  LANGUAGE C VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'migrator_current_run';
COMMENT ON FUNCTION migrator.current_run IS 'For scripts, hooks and the functions they use: what the run of this session is about. One row within a run; version, name and file are those of the migration or hook that is running, version is null in a hook of the run, run_id in a dry run. No row outside of a run.';

CREATE FUNCTION migrator.version() RETURNS text
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'migrator_version';
COMMENT ON FUNCTION migrator.version IS 'Version of the loaded library, such as 1.0.0. Calling it loads the library, and defines the settings in the session.';

CREATE FUNCTION migrator.help() RETURNS TABLE (task text, example text)
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'migrator_help';
COMMENT ON FUNCTION migrator.help IS 'What can be done, one row each: the task, and an example with statements to copy.';

CREATE FUNCTION migrator.layouts() RETURNS TABLE (layout text, pattern text, marks text, version_order text, down text, repeatable boolean)
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'migrator_layouts';
COMMENT ON FUNCTION migrator.layouts IS 'The layouts of directories that are known: pattern of names; marks that tell it from others with such names: comments in the files, a file, or option "layout"; the order of versions; down: whether the way back is a file or a section of one, null for none; repeatable: whether it has scripts that run again when they change.';

CREATE FUNCTION migrator.lock_key(service text = 'default', part text = 'run') RETURNS bigint
  LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'migrator_lock_key';
COMMENT ON FUNCTION migrator.lock_key IS 'Advisory lock key of a service, as pg_locks shows it: part run is held by every run, part up by CALL migrator.up() besides. Runs hold it with objsubid 3, which no SQL function takes, and part run also as pg_advisory_lock() takes it (objsubid 1).';

-- Resolve -----------------------------------------------------------------------------------------------------------
CREATE FUNCTION migrator.register(service text, source text, environment text = NULL, search_path text = NULL,
                                  options jsonb = '{}') RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_register';
COMMENT ON FUNCTION migrator.register IS 'Register a service, or change its registration: the source used when none is given, the environment, the search_path its scripts run with. options: roles (only their members may then run, settle, unlock or register the service), ignore, contexts, labels, schemas, view_schema, variables, mirror, checks, auto_migrate, and floors of policy: require_approval, maintenance_window_required, backup_required, allow_destructive_operations. Options that are not given stay; null takes one away. Makes the view <service>_schema_migrations.';

CREATE FUNCTION migrator.unregister(service text) RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_unregister';
COMMENT ON FUNCTION migrator.unregister IS 'Forget a registration and drop the service''s view. The record of its migrations stays. Raises 22023 for a service that is not registered, 42501 where its option roles names others, or a floor of policy is in it.';

CREATE FUNCTION migrator.baseline(source text, service text = NULL, version text = NULL, environment text = NULL,
                                  options jsonb = '{}') RETURNS integer
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_baseline';
COMMENT ON FUNCTION migrator.baseline IS 'Record the source''s migrations, up to a version, as applied without running them: for a database that has the schema already. Without a version all of them, which is refused when any migration of the service is on record. Returns the number of rows written. environment: recorded, and the service''s from then on. options: force, ignore, layout, contexts, labels. Raises 22023 for a version that is not there, MG013 for another source than the registered one.';

CREATE FUNCTION migrator.resolve(version text, state text, service text = NULL, note text = NULL, source text = NULL)
  RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_resolve';
COMMENT ON FUNCTION migrator.resolve IS 'Change by hand what the record says of one migration: state applied, pending (its row goes) or rolled_back. source: where it is not on record yet. Runs nothing; the note is kept in history. Raises 55000 when it has that state, 22023 for a version that is not there.';

CREATE FUNCTION migrator.accept(version text, service text = NULL, note text = NULL, source text = NULL) RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_accept';
COMMENT ON FUNCTION migrator.accept IS 'The file of an applied migration was changed on purpose: take its new checksum, fingerprint and down script as those of record. Runs nothing; the note is kept in history. Raises 55000 when it is not applied, has no file, or has not changed.';

CREATE FUNCTION migrator.set_environment(environment text, service text = NULL, note text = NULL) RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_set_environment';
COMMENT ON FUNCTION migrator.set_environment IS 'Say which environment a service is in, in this database, instead of the one of its first run; null: its next run that has one says so anew. Runs nothing, and what is applied stays; the note is kept in history. Raises 55000 when it is in that one.';
CREATE FUNCTION migrator.add_hook(event text, function regprocedure, service text = NULL) RETURNS bigint
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_add_hook';
COMMENT ON FUNCTION migrator.add_hook IS 'Have a function without arguments run before or after each run or migration of a service; without a service, of every one, which the extension''s owner may say. event: pre_run, post_run, pre_migrate, post_migrate, pre_rollback, post_rollback. Several for one event run in the order in which they were added. It runs with the rights of whoever runs migrations, so it and its owner must be trusted with them, as for register(). Returns the hook''s id.';

CREATE FUNCTION migrator.drop_hook(id bigint) RETURNS boolean
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_drop_hook';
COMMENT ON FUNCTION migrator.drop_hook IS 'Take a hook of add_hook() away. False when there is none of that id in table hooks.';

CREATE FUNCTION migrator.unlock(service text = NULL, terminate boolean = false) RETURNS SETOF integer
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_unlock';
COMMENT ON FUNCTION migrator.unlock IS 'Cancel (or terminate) the backends that keep runs of the service from beginning, with the rights of pg_cancel_backend; returns their pids, none when nobody does. Raises 42704 for a name that is no service''s.';

-- Adopt --------------------------------------------------------------------------------------------------------------
CREATE FUNCTION migrator.adopt(source text, service text = NULL, tool text = NULL, history regclass = NULL, dry_run boolean = false,
                               options jsonb = '{}')
  RETURNS TABLE (version text, name text, state text, applied_at timestamptz, verified text, message text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_adopt';
COMMENT ON FUNCTION migrator.adopt IS 'Record as applied what another tool has applied, by its own table, without running anything. The table is found by its columns; tool (a name of histories()) or history says which one where there are several. Returns what is new on record, as the tool dates it. verified: whether the file has the checksum that the tool kept: verified, modified, unverified (it kept none), missing (no file in the source). dry_run: only show it. options: force, ignore, layout, contexts, labels, mirror (true: register() the service so that the table is kept like the record). Raises 42P01 where there is no such table, 22023 for several, 55P03 while the tool runs, 55000 for a state that it left half-way, 42501 for a table that is not the caller''s to read.';

CREATE FUNCTION migrator.export(service text = NULL) RETURNS SETOF text
  LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
  SELECT line FROM (
    SELECT 1 AS part, 0::bigint AS n, 'BEGIN;' AS line
    UNION ALL
    -- of the text as the client gets it: what either side has no encoding for is not converted
    SELECT 1, 1, pg_catalog.concat('SET LOCAL client_encoding = ', pg_catalog.quote_literal(
      CASE WHEN 'SQL_ASCII' IN (pg_catalog.getdatabaseencoding(), pg_catalog.pg_client_encoding()) THEN pg_catalog.getdatabaseencoding()
           ELSE pg_catalog.pg_client_encoding() END), ';')
    UNION ALL
    SELECT 1, 2, pg_catalog.concat('-- What migrator ', migrator.version(), ' has on record, from database ',
      pg_catalog.translate(pg_catalog.quote_ident(pg_catalog.current_database()), E'\r\n', '  '), E'.\n-- To be loaded by the owner of the extension, or a superuser, where it has nothing on record.')
    UNION ALL
    SELECT 2, pg_catalog.row_number() OVER (ORDER BY s.service), pg_catalog.concat('DO ', pg_catalog.quote_literal(pg_catalog.format(
        'BEGIN IF EXISTS (SELECT FROM migrator.migrations WHERE service = %1$L) THEN RAISE EXCEPTION ''service %% has a record already'', %1$L; END IF; END',
        s.service)), ';')
      FROM (SELECT m.service FROM migrator.migrations m UNION SELECT h.service FROM migrator.history h) s
     WHERE export.service IS NULL OR s.service = export.service
    UNION ALL
    SELECT 3, 0, 'SELECT pg_catalog.set_config(''migrator_export.run'', (SELECT coalesce(max(run_id), 0) FROM migrator.runs)::text, true);'
    UNION ALL
    SELECT t.part, t.n, (
      SELECT pg_catalog.concat('INSERT INTO migrator.', t.name, ' (', pg_catalog.string_agg(pg_catalog.quote_ident(e.key), ', ' ORDER BY e.n), ')'
               || E'\n  VALUES (', pg_catalog.string_agg(
                 CASE WHEN e.key = 'run_id' THEN pg_catalog.concat('(SELECT pg_catalog.current_setting(''migrator_export.run'')::bigint + ', e.value, ')')
                      WHEN e.key = 'down_oids' THEN pg_catalog.quote_literal(pg_catalog.translate(e.value, '[]', '{}'))
                      -- some encodings of clients have a backslash for what is none: there ASCII alone is the same on both sides
                      WHEN pg_catalog.pg_client_encoding() IN ('SJIS', 'SHIFT_JIS_2004', 'BIG5', 'GBK', 'UHC', 'GB18030', 'JOHAB')
                           AND pg_catalog.octet_length(e.value) <> pg_catalog.char_length(e.value)
                      THEN pg_catalog.format('pg_catalog.convert_from(pg_catalog.decode(%L, ''hex''), %L)',
                        pg_catalog.encode(pg_catalog.convert_to(e.value, pg_catalog.getdatabaseencoding()), 'hex'), pg_catalog.getdatabaseencoding())
                      ELSE pg_catalog.quote_literal(e.value) END, ', ' ORDER BY e.n), ');')
        FROM pg_catalog.json_each_text(t.columns) WITH ORDINALITY e(key, value, n)
       WHERE e.value IS NOT NULL AND e.key NOT IN ('id', 'progress_handle'))
      FROM (
        SELECT 4 AS part, pg_catalog.row_number() OVER (ORDER BY r.service) AS n, 'service_state' AS name, pg_catalog.row_to_json(r) AS columns
          FROM migrator.service_state r WHERE export.service IS NULL OR r.service = export.service
        UNION ALL
        SELECT 5, r.run_id, 'runs', pg_catalog.row_to_json(r) FROM migrator.runs r WHERE export.service IS NULL OR r.service = export.service
        UNION ALL
        SELECT 6, pg_catalog.row_number() OVER (ORDER BY r.service, r.version), 'migrations', pg_catalog.row_to_json(r)
          FROM migrator.migrations r WHERE export.service IS NULL OR r.service = export.service
        UNION ALL
        SELECT 7, r.id, 'history', pg_catalog.row_to_json(r) FROM migrator.history r WHERE export.service IS NULL OR r.service = export.service) t
    UNION ALL
    SELECT 8, 0, E'SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence(''migrator.runs'', ''run_id''), '
      '(SELECT coalesce(max(run_id), 0) + 1 FROM migrator.runs), false);\nCOMMIT;'
  ) lines ORDER BY part, n;
END;
COMMENT ON FUNCTION migrator.export IS 'The record of a service, or of all, as SQL that psql loads into another database with the extension: migrations, history, runs, and which environment it is in. One transaction, which the owner of the extension or a superuser has to run, and which is refused where the service has a record. Registrations, approvals, windows and restore points are not in it. For those who may read these tables.';

CREATE FUNCTION migrator.histories() RETURNS TABLE (tool text, table_name text, columns text, checksums boolean, locks boolean)
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'migrator_histories';
COMMENT ON FUNCTION migrator.histories IS 'The tools whose tables adopt() can read: the name of the table, the columns by which it is known; checksums: whether the tool keeps any; locks: whether its runs take an advisory lock, which adopt() then holds.';

-- Policy -----------------------------------------------------------------------------------------------------------
CREATE FUNCTION migrator.approve(version text, service text = NULL, note text = NULL, source text = NULL, environment text = NULL)
  RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_approve';
COMMENT ON FUNCTION migrator.approve IS 'Approve the up script of a migration as it is now, in the name of the session user: where require_approval is set, a run needs it. It is for these bytes; an edit of the file voids it, and so does one of a hook around it. version bootstrap.sql: the bootstrap script. source: where the service has none registered. environment: that of the run, which decides about its files and hooks; as in apply().';

CREATE FUNCTION migrator.revoke_approval(version text, service text = NULL, note text = NULL) RETURNS boolean
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_revoke_approval';
COMMENT ON FUNCTION migrator.revoke_approval IS 'Take back all approvals of a migration that no run has used: a run in progress stops before it. False when there are none.';

CREATE FUNCTION migrator.add_maintenance_window(opens time = NULL, closes time = NULL, days text[] = NULL, during tstzrange = NULL,
                                                service text = NULL, time_zone text = NULL, note text = NULL) RETURNS bigint
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_add_maintenance_window';
COMMENT ON FUNCTION migrator.add_maintenance_window IS 'Add a time in which runs may begin where maintenance_window_required is set: weekly, from opens to closes (over midnight where closes is not later) on days (mon to sun; null: every day) in a time zone (null: the session''s), or once, during a range. service null: for all services. Returns its id.';

CREATE FUNCTION migrator.drop_maintenance_window(id bigint) RETURNS boolean
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_drop_maintenance_window';
COMMENT ON FUNCTION migrator.drop_maintenance_window IS 'Remove a maintenance window, by its id in view maintenance_windows: a run in progress stops before its next migration if no other is open. False when there is none of that id.';

CREATE FUNCTION migrator.record_backup(label text, size bigint = NULL, location text = NULL, service text = NULL,
                                       taken_at timestamptz = NULL) RETURNS bigint
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_record_backup';
COMMENT ON FUNCTION migrator.record_backup IS 'Put on record that a backup was taken (taken_at null: now), in the name of the session user: where backup_required is set, runs need one that is not older than migrator.backup_max_age. size in bytes; service null: of the whole database. Returns its id.';

CREATE FUNCTION migrator.window_times(opens time, closes time, days text[], during tstzrange, time_zone text, at timestamptz,
                                      OUT open_now boolean, OUT opens_next timestamptz)
  LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'migrator_window_times';
COMMENT ON FUNCTION migrator.window_times IS 'Whether a maintenance window is open at a time, and when it opens after that; null: never. The source of view maintenance_windows.';

-- Schema -----------------------------------------------------------------------------------------------------------
-- Lines of a definition: see src/catalog/object_query.h. Names are resolved now, whatever search_path is later.
CREATE FUNCTION migrator.option_lines(options text[], label text, hide boolean) RETURNS text
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT concat(E'\n  ', label, ': ') || string_agg(CASE WHEN hide AND o ~* '^[^=]*(pass|secret|token|key|credential)[^=]*='
                                                       THEN regexp_replace(o, '=.*', '=...') ELSE o END, ', ' ORDER BY o COLLATE "C")
    FROM unnest(options) o WHERE o NOT LIKE 'pg_attver=%';
END;
COMMENT ON FUNCTION migrator.option_lines IS 'For schema_objects(): options as a line of a definition, sorted; with hide, without the values of those named like a secret.';

CREATE FUNCTION migrator.acl_lines(acl aclitem[], defaults aclitem[], owner oid) RETURNS text
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT string_agg(line, '' ORDER BY line COLLATE "C")
    FROM (SELECT concat(E'\n  ', verb, ': ', string_agg(concat(privilege_type, CASE WHEN is_grantable THEN ' with grant option' END), ', '
                                                        ORDER BY privilege_type COLLATE "C"),
                        CASE verb WHEN 'granted' THEN ' to ' ELSE ' from ' END,
                        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
                        ' by ' || quote_ident(pg_get_userbyid(nullif(grantor, owner)))) AS line
            FROM (SELECT 'granted' AS verb, g.* FROM (SELECT * FROM aclexplode(acl) EXCEPT SELECT * FROM aclexplode(defaults)) g
                  UNION ALL
                  SELECT 'revoked', r.* FROM (SELECT * FROM aclexplode(defaults) EXCEPT SELECT * FROM aclexplode(acl)) r)
                 AS changes (verb, grantor, grantee, privilege_type, is_grantable)
           GROUP BY verb, grantor, grantee) AS lines (line);
END;
COMMENT ON FUNCTION migrator.acl_lines IS 'For schema_objects(): what was granted and revoked since an object of the owner was made with these defaults, as lines of a definition.';

CREATE FUNCTION migrator.schema_objects(schemas text[] = NULL)
  RETURNS TABLE (kind text, schema text, identity text, hash text, definition text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_schema_objects';
COMMENT ON FUNCTION migrator.schema_objects IS 'The objects of the database as they are now: one row each, with the SHA-256 of its definition. Nothing in it depends on OIDs, search_path or statistics. schemas null: all but the system''s and the extension''s; with names, also what belongs to them without being in them (casts, extensions), schema null. Members of extensions are left out.';

CREATE FUNCTION migrator.schema_fingerprint(schemas text[] = NULL) RETURNS text
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_schema_fingerprint';
COMMENT ON FUNCTION migrator.schema_fingerprint IS 'schema_objects() as one text, the same when all of them are: the server''s major version, which has a say in how definitions are printed, a colon, and a SHA-256.';

CREATE FUNCTION migrator.drift(service text = NULL)
  RETURNS TABLE (service text, change text, kind text, identity text, definition_before text, definition_now text,
                 changed_at timestamptz, changed_by text, application_name text, statement text)
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_drift';
COMMENT ON FUNCTION migrator.drift IS 'What was added, removed or changed in the schemas of a service since its last run, and not by a run: one row for each object, with its definition on record and the present one. Who changed it and when is known where watch_ddl() watches. No rows where runs have not kept anything. service => ''*'': of every registered service.';

CREATE FUNCTION migrator.accept_drift(service text = NULL, note text = NULL) RETURNS integer
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_accept_drift';
COMMENT ON FUNCTION migrator.accept_drift IS 'The schema is right as it is now: put the present objects of the service''s schemas on record. Runs nothing; the note is kept in history. Returns the number of objects that were not as on record.';

CREATE FUNCTION migrator.watch_ddl(policy text = 'log') RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_watch_ddl';
COMMENT ON FUNCTION migrator.watch_ddl IS 'Make event triggers that watch for what changes the schema outside of runs: log notes it in ddl_log, where drift() finds who it was; refuse raises 55000. What is temporary passes. For superusers.';

CREATE FUNCTION migrator.unwatch_ddl() RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_unwatch_ddl';
COMMENT ON FUNCTION migrator.unwatch_ddl IS 'Take the event triggers of watch_ddl() away. What they noted stays. For superusers.';

CREATE FUNCTION migrator.log_ddl() RETURNS event_trigger
  LANGUAGE C AS 'MODULE_PATHNAME', 'migrator_log_ddl';
COMMENT ON FUNCTION migrator.log_ddl IS 'The function of the event triggers of watch_ddl(''log'').';

CREATE FUNCTION migrator.refuse_ddl() RETURNS event_trigger
  LANGUAGE C AS 'MODULE_PATHNAME', 'migrator_refuse_ddl';
COMMENT ON FUNCTION migrator.refuse_ddl IS 'The function of the event triggers of watch_ddl(''refuse'').';

-- Stage ------------------------------------------------------------------------------------------------------------
CREATE FUNCTION migrator.stage(name text, path text, content bytea) RETURNS integer
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_stage_file';
COMMENT ON FUNCTION migrator.stage(text, text, bytea) IS 'Add one file to the set that source stage:NAME reads, or replace it. path is relative, as in the directory. Returns the number of files in the set. Raises 42501 for another role''s set, 22023 for a name or path that cannot be, 54000 beyond migrator.max_stage_files and max_stage_size.';

CREATE FUNCTION migrator.stage(name text, path text, content text) RETURNS integer
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_stage_text';
COMMENT ON FUNCTION migrator.stage(text, text, text) IS 'The same from text, which is stored in UTF-8.';

CREATE FUNCTION migrator.stage(name text, paths text[], contents bytea[], sha256s text[] = NULL) RETURNS integer
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_stage_files';
COMMENT ON FUNCTION migrator.stage(text, text[], bytea[], text[]) IS 'Make these files the whole of the set that source stage:NAME reads. With sha256s (in hex) a content may be null that is in the set already: see stage_missing(). Returns the number of files.';

CREATE FUNCTION migrator.stage_archive(name text, archive bytea) RETURNS integer
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_stage_archive';
COMMENT ON FUNCTION migrator.stage_archive IS 'Make the files of a tar archive, plain or compressed with gzip, the whole of the set that source stage:NAME reads. Returns the number of files. Raises 22023 for what is no archive, or holds links or special files; else as stage().';

CREATE FUNCTION migrator.stage_missing(name text, paths text[], sha256s text[]) RETURNS SETOF text
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_stage_missing';
COMMENT ON FUNCTION migrator.stage_missing IS 'Those of the paths whose content, by its SHA-256 in hex, the set does not hold: what a client has to send.';

CREATE FUNCTION migrator.unstage(name text) RETURNS integer
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_unstage';
COMMENT ON FUNCTION migrator.unstage IS 'Remove a set of staged files. Returns the number of files it had, 0 when there is none. A run in progress keeps what it reads. Raises 42501 for another role''s set.';

-- Views ------------------------------------------------------------------------------------------------------------
-- A view of one table is updatable with the rights of the view's owner.  The second item in FROM, one row without columns
-- which the planner takes away again, makes a view one that no right can update.  security_barrier: no function of a reader
-- is given rows that the view leaves out.
CREATE VIEW migrator.schema_migrations WITH (security_barrier) AS
  SELECT coalesce(pg_catalog.regexp_replace(pg_catalog.regexp_replace(file, '/(up|migration)[.]sql$', ''),
                                            '([.]up)?[.]sql$', '', 'i'), version) AS migration_name,
         applied_at, round(execution_time_ms::numeric, 3)::double precision AS execution_time_ms,
         CASE state WHEN 'applied' THEN 'success' ELSE 'failed' END AS status,
         error_message, checksum
    FROM migrator.migrations, (SELECT) AS not_updatable
   WHERE state IN ('applied', 'failed');
COMMENT ON VIEW migrator.schema_migrations IS 'One row for each migration that was applied (status success) or whose last attempt failed, of all services. Times in milliseconds.';

CREATE VIEW migrator.migration_performance WITH (security_barrier) AS
  SELECT version AS migration_id, execution_time_ms, applied_at AS executed_at,
         coalesce(environment, '') AS environment, state = 'applied' AS success, service,
         coalesce(migrator.is_slow(execution_time_ms), false) AS slow
    FROM migrator.migrations, (SELECT) AS not_updatable
   WHERE state IN ('applied', 'failed') AND NOT baseline;
COMMENT ON VIEW migrator.migration_performance IS 'How long each migration took, in milliseconds. slow: longer than migrator.slow_threshold.';

-- For eyes: rows of less than 120 columns in psql, the latest first.
CREATE VIEW migrator.migrations_brief WITH (security_barrier) AS
  SELECT migrator.brief_text(service, NULL, 20) AS service, migrator.brief_text(version, name, 48) AS migration, state,
         pg_catalog.to_char(applied_at, 'YYYY-MM-DD HH24:MI') AS applied_at, round(execution_time_ms)::bigint AS ms
    FROM migrator.migrations m, (SELECT) AS not_updatable
   ORDER BY m.applied_at DESC, m.service, m.version;
COMMENT ON VIEW migrator.migrations_brief IS 'Table migrations for eyes: rows of less than 120 columns in psql, those applied last first. What is too long ends with three dots.';

CREATE VIEW migrator.runs_brief WITH (security_barrier) AS
  SELECT run_id, kind, migrator.brief_text(service, NULL, 20) AS service, migrator.brief_text(environment, NULL, 12) AS environment,
         pg_catalog.to_char(started_at, 'YYYY-MM-DD HH24:MI') AS started_at, outcome,
         pg_catalog.concat_ws('/', applied, total) AS done, round(duration_ms)::bigint AS ms
    FROM migrator.runs r, (SELECT) AS not_updatable
   ORDER BY r.run_id DESC;
COMMENT ON VIEW migrator.runs_brief IS 'Table runs for eyes: rows of less than 120 columns in psql, the latest first. done: migrations that the run applied, or took back, of those of the source. What is too long ends with three dots.';

CREATE VIEW migrator.history_brief WITH (security_barrier) AS
  SELECT pg_catalog.to_char(at, 'YYYY-MM-DD HH24:MI') AS at, migrator.brief_text(service, NULL, 20) AS service,
         migrator.brief_text(version, name, 38) AS migration, migrator.brief_text(event, NULL, 15) AS event,
         round(execution_time_ms)::bigint AS ms, error_sqlstate AS error
    FROM migrator.history h, (SELECT) AS not_updatable
   ORDER BY h.id DESC;
COMMENT ON VIEW migrator.history_brief IS 'Table history for eyes: rows of less than 120 columns in psql, the latest first; error is the SQLSTATE. What is too long ends with three dots.';

-- Those of runs have objsubid 3, and their keys come from the service alone: see src/record/lock.c.
CREATE VIEW migrator.locks AS
  WITH known AS (
    SELECT service FROM migrator.services
    UNION SELECT service FROM migrator.migrations
    UNION SELECT service FROM migrator.runs WHERE finished_at IS NULL
    UNION SELECT 'default'
  ), key AS (
    SELECT service, pg_catalog.hashtextextended('migrator:' || service, 0) AS run_key,
           pg_catalog.hashtextextended('migrator:up:' || service, 0) AS up_key,
           migrator.lock_key(service, 'run') AS public_key, migrator.lock_key(service, 'up') AS shared_up_key
      FROM known
  ), advisory AS (
    SELECT l.pid, l.virtualtransaction, l.granted, l.waitstart, l.mode, l.objsubid = 3 AS own,
           (l.classid::bigint << 32) | l.objid::bigint AS key
      FROM pg_catalog.pg_locks l
     WHERE l.locktype = 'advisory' AND l.objsubid IN (1, 3)
       AND l.database = (SELECT oid FROM pg_catalog.pg_database
                          WHERE datname = pg_catalog.current_database())
  ), session AS (
    SELECT key.service, l.pid, l.virtualtransaction,
           bool_or(l.own AND l.key IN (key.up_key, key.shared_up_key) AND l.mode = 'ExclusiveLock') AS up,
           bool_or(NOT l.granted) AS waiting, min(l.waitstart) AS waitstart
      FROM key JOIN advisory l ON l.own AND l.key IN (key.run_key, key.up_key, key.shared_up_key)
                                  OR NOT l.own AND l.key = key.public_key
     GROUP BY key.service, l.pid, l.virtualtransaction
  )
  SELECT s.service,
         CASE WHEN s.up THEN 'up'
              WHEN EXISTS (SELECT FROM advisory l JOIN key ON l.key = key.run_key
                            WHERE l.own AND l.virtualtransaction = s.virtualtransaction) THEN 'apply'
              ELSE 'other' END AS mode,
         CASE WHEN s.waiting THEN 'waiting' ELSE 'held' END AS state,
         s.pid, a.usename::text AS "user", a.application_name AS application,
         coalesce(pg_catalog.host(a.client_addr), 'local') AS client,
         coalesce(s.waitstart, a.xact_start, a.query_start) AS since
    FROM session s LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = s.pid;
COMMENT ON VIEW migrator.locks IS 'Runs in progress or waiting now, by their advisory locks. mode other: a session that holds or wants the public key without being a run. since: begin of the wait, or of the holder''s transaction.';

-- No row where the caller may not see the session's activity.
CREATE FUNCTION migrator.progress_of(run_id bigint, OUT pid integer, OUT version text, OUT name text,
                                     OUT migration integer, OUT migration_total integer,
                                     OUT statement integer, OUT statement_total integer, OUT statement_text text,
                                     OUT attempt integer, OUT started_at timestamptz) RETURNS SETOF record
  LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'migrator_progress_of';
COMMENT ON FUNCTION migrator.progress_of IS 'What a run has put into its shared memory segment: the source of view progress.';

CREATE VIEW migrator.progress WITH (security_barrier) AS
  SELECT r.run_id, r.service, r.kind, p.pid, p.version, p.name, p.migration, p.migration_total,
         p.statement, p.statement_total, p.statement_text,
         pg_catalog.clock_timestamp() - p.started_at AS elapsed,
         (SELECT pg_catalog.concat_ws(' ', l.mode, 'on', l.locktype, l.relation::pg_catalog.regclass)
            FROM pg_catalog.pg_locks l WHERE l.pid = p.pid AND NOT l.granted LIMIT 1) AS waiting_for,
         pg_catalog.pg_blocking_pids(p.pid) AS blocked_by,
         p.attempt
    FROM migrator.runs r, migrator.progress_of(r.run_id) p
   WHERE r.finished_at IS NULL AND r.progress_handle IS NOT NULL;
COMMENT ON VIEW migrator.progress IS 'Runs of CALL migrator.up() in progress now: migration n of its total, statement n of its total with the beginning of its text, time since the migration began, the lock it waits for and the pids that block it, the attempt.';

CREATE FUNCTION migrator.metric_rows(OUT name text, OUT kind text, OUT labels jsonb, OUT value double precision, OUT help text)
  RETURNS SETOF record
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'migrator_metric_rows';
COMMENT ON FUNCTION migrator.metric_rows IS 'The source of view metrics; for those who may read that.';

CREATE VIEW migrator.metrics WITH (security_barrier) AS
  SELECT name, kind, labels, value, help FROM migrator.metric_rows();
COMMENT ON VIEW migrator.metrics IS 'Numbers for monitoring, of every service that is registered or on record: kind counter, gauge or histogram (whose rows are named _bucket, _sum and _count). Times in seconds. Pending ones by file names, as the reader may read them.';

CREATE VIEW migrator.staged AS
  SELECT name, path, size, sha256, staged_at,
         pg_catalog.pg_get_userbyid(staged_by)::text AS staged_by
    FROM migrator.staged_files, (SELECT) AS not_updatable;
COMMENT ON VIEW migrator.staged IS 'Staged files: the set''s name, the path, size in bytes, SHA-256 of the content, who sent this content (the session user), and when.';

CREATE VIEW migrator.approvals WITH (security_barrier) AS
  SELECT service, version, checksum, approved_by, approved_at, note, revoked_at, run_id, nullif(hooks, '') AS hooks
    FROM migrator.given_approvals, (SELECT) AS not_updatable;
COMMENT ON VIEW migrator.approvals IS 'Who approved which file, by its SHA-256 (the session user then). revoked_at: taken back; run_id: the run that applied it; hooks: the SHA-256 and the file of each hook that was approved with it.';

CREATE VIEW migrator.maintenance_windows WITH (security_barrier) AS
  SELECT w.id, w.service, w.opens, w.closes, w.days, w.time_zone, w.during, w.note, t.open_now, t.opens_next
    FROM migrator.windows w,
         migrator.window_times(w.opens, w.closes, w.days, w.during, w.time_zone, pg_catalog.clock_timestamp()) t
   WHERE w.dropped_at IS NULL;
COMMENT ON VIEW migrator.maintenance_windows IS 'Maintenance windows, of a service or (service null) of all. opens_next: the next time after now, null when it opens no more.';

CREATE VIEW migrator.backups WITH (security_barrier) AS
  SELECT id, kind, label, location, size, service, taken_at, lsn, run_id, version, recorded_by
    FROM migrator.recorded_backups, (SELECT) AS not_updatable
   ORDER BY taken_at DESC, id DESC;
COMMENT ON VIEW migrator.backups IS 'Backups on record and restore points of runs, the latest first. size in bytes. Of a restore point label is the name for recovery_target_name, version the migration that ran next.';

-- Rights -----------------------------------------------------------------------------------------------------------
CREATE FUNCTION migrator.owner_only() RETURNS trigger
  LANGUAGE C AS 'MODULE_PATHNAME', 'migrator_owner_only';
COMMENT ON FUNCTION migrator.owner_only IS 'Trigger on each table of the extension: refuses (42501) what does not write it with the rights of its owner.';

-- All tables, those that will be added as well.  No GRANT, no default privilege and no pg_write_all_data lets anybody else
-- write: a trigger and not row security, since pg_dump by a role that is no superuser cannot read where there are policies.
-- (The staged tables are no part of dumps; row security hides their key, and keeps others from locking their rows.)
-- Default privileges, and grants on a schema that was there before, may have given anything to anybody: TRIGGER and
-- REFERENCES let their holders run code as the table's owner.  So everything is taken from everybody else, not only from
-- PUBLIC, before what is meant is granted.
DO $$
DECLARE
  object regclass;
  type regtype;
  others text;
BEGIN
  FOR object IN SELECT oid FROM pg_class WHERE relnamespace = 'migrator'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('CREATE TRIGGER owner_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION migrator.owner_only()', object);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER owner_only', object);
    EXECUTE format('COMMENT ON TRIGGER owner_only ON %s IS %L', object, 'Only the extension''s owner writes this table.');
  END LOOP;

  SELECT concat_ws(', ', 'PUBLIC', string_agg(DISTINCT a.grantee::regrole::text, ', ')) INTO others
    FROM (SELECT relacl AS acl, relowner AS owner FROM pg_class WHERE relnamespace = 'migrator'::regnamespace
          UNION ALL SELECT proacl, proowner FROM pg_proc WHERE pronamespace = 'migrator'::regnamespace
          UNION ALL SELECT typacl, typowner FROM pg_type WHERE typnamespace = 'migrator'::regnamespace
          UNION ALL SELECT nspacl, nspowner FROM pg_namespace WHERE nspname = 'migrator') o, aclexplode(o.acl) a
   WHERE a.grantee <> o.owner AND a.grantee <> 0;
  EXECUTE concat('REVOKE ALL ON SCHEMA migrator FROM ', others, ' CASCADE');
  EXECUTE concat('REVOKE ALL ON ALL TABLES IN SCHEMA migrator FROM ', others, ' CASCADE');
  EXECUTE concat('REVOKE ALL ON ALL SEQUENCES IN SCHEMA migrator FROM ', others, ' CASCADE');
  EXECUTE concat('REVOKE ALL ON ALL ROUTINES IN SCHEMA migrator FROM ', others, ' CASCADE');
  FOR type IN SELECT oid FROM pg_type WHERE typnamespace = 'migrator'::regnamespace AND typacl IS NOT NULL LOOP
    EXECUTE concat('REVOKE ALL ON TYPE ', type, ' FROM ', others, ' CASCADE');
  END LOOP;
END
$$;

GRANT USAGE ON SCHEMA migrator TO PUBLIC;
GRANT EXECUTE ON FUNCTION migrator.version(), migrator.help(), migrator.lock_key(text, text), migrator.current_run() TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA migrator TO pg_database_owner;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA migrator TO pg_database_owner;
GRANT SELECT ON migrator.locks, migrator.progress, migrator.metrics TO pg_monitor;
GRANT EXECUTE ON FUNCTION migrator.health(text, text), migrator.metrics_text() TO pg_monitor;
-- each looks after its rights by itself, and a view's functions run with the rights of whoever reads it
GRANT EXECUTE ON FUNCTION migrator.progress_of(bigint), migrator.metric_rows() TO PUBLIC;
-- they read nothing but their arguments
GRANT EXECUTE ON FUNCTION migrator.window_times(time, time, text[], tstzrange, text, timestamptz), migrator.is_slow(double precision),
  migrator.brief_text(text, text, integer) TO PUBLIC;
