/*
 * about.c
 *	  SQL functions about the extension itself: version, help.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"

#include "api/api.h"

PG_FUNCTION_INFO_V1(migrator_version);
PG_FUNCTION_INFO_V1(migrator_help);

Datum
migrator_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(MIGRATOR_VERSION));
}

/* Each with a statement to copy. */
static const char *const help_rows[][2] = {
	{"apply all pending migrations, a transaction for each", "CALL migrator.up('/srv/app/migrations')"},
	{"the same for every registered service", "CALL migrator.up(service => '*')"},
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
	{"run on without this client: returns the run_id", "SELECT migrator.up_background('/srv/app/migrations')"},
	{"wait for the end of a run, whoever started it", "SELECT migrator.wait_for(42, '10 minutes')"},
	{"see the arguments of a function", "SELECT pg_get_function_arguments('migrator.up'::regproc)"},
	{"see what would run", "SELECT * FROM migrator.pending('/srv/app/migrations')"},
	{"try everything and undo it; up() has no dry_run", "SELECT * FROM migrator.apply('/srv/app/migrations', dry_run => true)"},
	{"see whether down scripts undo their up scripts; all is undone", "SELECT * FROM migrator.prove('/srv/app/migrations')"},
	{"apply up to a version", "SELECT * FROM migrator.apply('/srv/app/migrations', target => '42')"},
	{"apply some versions", "SELECT * FROM migrator.apply('/srv/app/migrations', versions => '{42,43}')"},
	{"go on when another instance is migrating",
	"SELECT * FROM migrator.apply('/srv/app/migrations', if_locked => 'skip')"},
	{"see what the last migration's way back would take", "SELECT * FROM migrator.rollback_preview('/srv/app/migrations')"},
	{"take the last migration back", "SELECT * FROM migrator.rollback('/srv/app/migrations')"},
	{"take all behind a version back", "SELECT * FROM migrator.rollback('/srv/app/migrations', target => '42')"},
	{"see which layouts of directories are known", "SELECT * FROM migrator.layouts()"},
	{"see the state of each migration", "SELECT * FROM migrator.status('/srv/app/migrations')"},
	{"the same as JSON", "SELECT migrator.summary('/srv/app/migrations')"},
	{"the same as a page of HTML, for psql -XAt -o report.html", "SELECT migrator.report()"},
	{"check files before a deploy",
	"SELECT * FROM migrator.validate('/srv/app/migrations') WHERE severity <> 'ok'"},
	{"fail a build for faults in the files", "SELECT migrator.assert_valid('/srv/app/migrations')"},
	{"see what needs what", "SELECT * FROM migrator.dependencies('/srv/app/migrations')"},
	{"draw it", "SELECT migrator.dependency_graph('/srv/app/migrations', format => 'mermaid')"},
	{"see which migrations touch a table", "SELECT * FROM migrator.impact('/srv/app/migrations', relation => 'app.users')"},
	{"refuse to start on an old schema", "SELECT migrator.assert_current('/srv/app/migrations')"},
	{"the same where no files are", "SELECT migrator.assert_current(version => '42')"},
	{"send one file from the client", "SELECT migrator.stage('app', '001_users.sql', 'CREATE TABLE users ()')"},
	{"run what was sent", "CALL migrator.up('stage:app')"},
	{"see what was sent", "SELECT * FROM migrator.staged"},
	{"forget what was sent", "SELECT migrator.unstage('app')"},
	{"make the files of a new migration", "SELECT file, written FROM migrator.new_migration('/srv/app/migrations', 'add email')"},
	{"register a service", "SELECT migrator.register('billing', '/srv/billing/migrations')"},
	{"put on record what another tool has applied", "SELECT * FROM migrator.adopt('/srv/app/migrations', 'shop', dry_run => true)"},
	{"take over a database that has the schema", "SELECT migrator.baseline('/srv/app/migrations', version => '42')"},
	{"settle a migration by hand", "SELECT migrator.resolve('42', 'applied', note => 'done by hand')"},
	{"accept that an applied file was changed", "SELECT migrator.accept('42', note => 'typo in a comment')"},
	{"approve a file, where the service requires it", "SELECT migrator.approve('42', source => '/srv/app/migrations')"},
	{"allow runs on some nights, where the service requires windows",
	"SELECT migrator.add_maintenance_window('22:00', '02:00', '{sat,sun}', time_zone => 'Europe/Berlin')"},
	{"put a backup on record, where the service requires one", "SELECT migrator.record_backup('nightly', location => '/backups/app.dump')"},
	{"see the environments of a source, and what holds in each", "SELECT * FROM migrator.environments('/srv/app/migrations')"},
	{"say which environment this is, instead of the first run's", "SELECT migrator.set_environment('staging', note => 'a copy')"},
	{"see who migrates now", "SELECT * FROM migrator.locks"},
	{"see how far CALL migrator.up() is", "SELECT * FROM migrator.progress"},
	{"cancel a stuck run", "SELECT migrator.unlock()"},
	{"have a function run behind each run of a service", "SELECT migrator.add_hook('post_run', 'app.check()', 'billing')"},
	{"fill a database with data", "SELECT * FROM migrator.seed('/srv/app/migrations')"},
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
