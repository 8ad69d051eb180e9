/*
 * about.c
 *	  SQL functions about the extension itself: settings, version, help,
 *	  lock_key.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "api/api.h"
#include "base/compat.h"
#include "record/lock.h"
#include "base/owner_query.h"
#include "run/progress.h"
#include "record/record.h"

PG_FUNCTION_INFO_V1(migrator_settings);
PG_FUNCTION_INFO_V1(migrator_version);
PG_FUNCTION_INFO_V1(migrator_help);
PG_FUNCTION_INFO_V1(migrator_lock_key);
PG_FUNCTION_INFO_V1(migrator_progress_of);

static void put_setting(ReturnSetInfo *result, const char *name, const char *value,
						const char *origin);
static void put_server_settings(ReturnSetInfo *result);
static int	compare_variables(const void *a, const void *b);

/* settings(source, service) */
Datum
migrator_settings(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	const Scope *scope;

	owner_query_check_version();
	scope = scope_resolve(api_text(fcinfo, 0), api_text(fcinfo, 1), NULL);
	put_setting(result, "service", scope->service, scope->service_origin);
	put_setting(result, "source", scope->source, scope->source_origin);
	put_setting(result, "environment", scope->environment, scope->environment_origin);
	put_setting(result, "search_path",
				scope->search_path ? scope->search_path :
				GetConfigOptionByName("search_path", NULL, false),
				scope->search_path_origin);
	put_server_settings(result);
	return (Datum) 0;
}

static void
put_setting(ReturnSetInfo *result, const char *name, const char *value, const char *origin)
{
	Datum		values[3];
	bool		nulls[3] = {false};

	api_set_text(values, nulls, 0, name);
	api_set_text(values, nulls, 1, value);
	api_set_text(values, nulls, 2, origin);
	api_put_row(result, values, nulls);
}

/* The origin is that of pg_settings.source: default, database, user, session, ... */
static void
put_server_settings(ReturnSetInfo *result)
{
	int			count;
	struct config_generic **all = guc_variables(&count);
	struct config_generic **ours = palloc(count * sizeof(*ours));
	int			found = 0;

	for (int i = 0; i < count; i++)
		if (strncmp(all[i]->name, "migrator.", strlen("migrator.")) == 0)
			ours[found++] = all[i];
	qsort(ours, found, sizeof(*ours), compare_variables);
	for (int i = 0; i < found; i++)
		put_setting(result, ours[i]->name, GetConfigOptionByName(ours[i]->name, NULL, false),
					GucSource_Names[ours[i]->source]);
}

static int
compare_variables(const void *a, const void *b)
{
	return strcmp((*(struct config_generic *const *) a)->name,
				  (*(struct config_generic *const *) b)->name);
}

Datum
migrator_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(MIGRATOR_VERSION));
}

/* Each with a statement to copy. */
static const char *const help_rows[][2] = {
	{"apply all pending migrations, a transaction for each", "CALL migrator.up('/srv/app/migrations')"},
	{"apply all pending migrations in this transaction",
	"SELECT * FROM migrator.apply('/srv/app/migrations')"},
	{
		"make a role that runs migrations: as superuser, once",
		"CREATE ROLE app_runner LOGIN; CREATE SCHEMA app AUTHORIZATION app_runner;"
		" ALTER ROLE app_runner SET search_path = app;"
		" GRANT EXECUTE ON PROCEDURE migrator.up TO app_runner;"
		" GRANT EXECUTE ON FUNCTION migrator.apply, migrator.status, migrator.pending, migrator.summary,"
		" migrator.validate, migrator.is_current, migrator.assert_current, migrator.settings TO app_runner;"
		" ALTER ROLE app_runner SET migrator.source_roots = '/srv/app'"
	},
	{"see the arguments of a function", "SELECT pg_get_function_arguments('migrator.up'::regproc)"},
	{"see what would run", "SELECT * FROM migrator.pending('/srv/app/migrations')"},
	{"try everything and undo it; up() has no dry_run", "SELECT * FROM migrator.apply('/srv/app/migrations', dry_run => true)"},
	{"apply up to a version", "SELECT * FROM migrator.apply('/srv/app/migrations', target => '42')"},
	{"apply some versions", "SELECT * FROM migrator.apply('/srv/app/migrations', versions => '{42,43}')"},
	{"go on when another instance is migrating",
	"SELECT * FROM migrator.apply('/srv/app/migrations', if_locked => 'skip')"},
	{"see the state of each migration", "SELECT * FROM migrator.status('/srv/app/migrations')"},
	{"the same as JSON", "SELECT migrator.summary('/srv/app/migrations')"},
	{"check files before a deploy",
	"SELECT * FROM migrator.validate('/srv/app/migrations') WHERE severity <> 'ok'"},
	{"fail a build for faults in the files", "SELECT migrator.assert_valid('/srv/app/migrations')"},
	{"refuse to start on an old schema", "SELECT migrator.assert_current('/srv/app/migrations')"},
	{"the same where no files are", "SELECT migrator.assert_current(version => '42')"},
	{"send one file from the client", "SELECT migrator.stage('app', '001_users.sql', 'CREATE TABLE users ()')"},
	{"run what was sent", "CALL migrator.up('stage:app')"},
	{"see what was sent", "SELECT * FROM migrator.staged"},
	{"forget what was sent", "SELECT migrator.unstage('app')"},
	{"register a service", "SELECT migrator.register('billing', '/srv/billing/migrations')"},
	{"take over a database that has the schema", "SELECT migrator.baseline('/srv/app/migrations', version => '42')"},
	{"settle a migration by hand", "SELECT migrator.resolve('42', 'applied', note => 'done by hand')"},
	{"accept that an applied file was changed", "SELECT migrator.accept('42', note => 'typo in a comment')"},
	{"see who migrates now", "SELECT * FROM migrator.locks"},
	{"see how far CALL migrator.up() is", "SELECT * FROM migrator.progress"},
	{"cancel a stuck run", "SELECT migrator.unlock()"},
	{"see every attempt", "SELECT * FROM migrator.history ORDER BY id DESC LIMIT 20"},
	{"see the settings in force", "SELECT * FROM migrator.settings()"},
	{"skip migrations at start-up", "SET migrator.enabled = off"}
};

Datum
migrator_help(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);

	for (int i = 0; i < lengthof(help_rows); i++)
	{
		Datum		values[2];
		bool		nulls[2] = {false};

		api_set_text(values, nulls, 0, help_rows[i][0]);
		api_set_text(values, nulls, 1, help_rows[i][1]);
		api_put_row(result, values, nulls);
	}
	return (Datum) 0;
}

/* lock_key(service, part) */
Datum
migrator_lock_key(PG_FUNCTION_ARGS)
{
	char	   *service = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *part = text_to_cstring(PG_GETARG_TEXT_PP(1));

	scope_check_service_name(service);
	if (strcmp(part, "run") == 0)
		PG_RETURN_INT64(lock_key(service, LOCK_PART_RUN));
	if (strcmp(part, "up") == 0)
		PG_RETURN_INT64(lock_key(service, LOCK_PART_UP));
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("invalid value for argument \"part\": \"%s\"", part),
			errhint("Known values: \"run\", \"up\"."));
}

/*
 * progress_of(run_id): a row, or none when the run is over or the caller may
 * not see its session's activity (as pg_stat_activity decides).  Where its
 * memory is says the record, and nobody else.
 */
Datum
migrator_progress_of(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	Progress	progress;
	Datum		values[10];
	bool		nulls[10] = {false};
	int64		run_id = PG_GETARG_INT64(0);
	uint32		handle = record_progress_handle(run_id);

	if (handle == 0 || !progress_read(handle, run_id, &progress))
		return (Datum) 0;
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) &&
		!has_privs_of_role(GetUserId(), progress.user))
		return (Datum) 0;
	values[0] = Int32GetDatum(progress.pid);
	api_set_text(values, nulls, 1, progress.version);
	api_set_text(values, nulls, 2, progress.name);
	values[3] = Int32GetDatum(progress.migration);
	values[4] = Int32GetDatum(progress.migration_total);
	values[5] = Int32GetDatum(progress.statement);
	values[6] = Int32GetDatum(progress.statement_total);
	api_set_text(values, nulls, 7, progress.text);
	values[8] = Int32GetDatum(progress.attempt);
	values[9] = TimestampTzGetDatum(progress.started_at);
	api_put_row(result, values, nulls);
	return (Datum) 0;
}
