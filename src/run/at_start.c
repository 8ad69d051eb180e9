/*
 * at_start.c
 *	  Migrations when the server starts: one worker that goes from database to
 *	  database.
 *
 * The server starts it when recovery has ended, so on a standby when that is
 * promoted; its settings are read then.  It is connected to no database, and so
 * it reads those catalogs that all databases share: what is missing is said
 * here, once, rather than by a connection that fails.  A worker can be connected
 * to one database only, so each has one of its own, one after the other
 * (at_start_database.c).
 *
 * Nothing is tried again in one life of the server.  This worker ends with code
 * 0 whatever happened, and is not started again then.  But when the processes of
 * the server were ended by a crash of one of them, and it had not ended yet, it
 * is: on a standby it is still to come then, and that has to migrate when it is
 * promoted.  So it leaves a file that says in which life of the server it began,
 * and does no more where it finds that: what it did may have been the crash.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"
#include "utils/wait_event.h"

#include "base/compat.h"
#include "base/finding.h"
#include "base/settings.h"
#include "run/at_start.h"

/* a place that backups leave out; the time at which the server was started is in it */
#define BEGUN_FILE PG_STAT_TMP_DIR "/migrator_at_start"

/* in seconds; any, so that a crash does not take it off the server's list */
#define RESTART_TIME 1

/* a database */
typedef struct Target
{
	Oid			database;
	const char *name;
} Target;

PGDLLEXPORT void migrator_at_start_main(Datum argument);

static bool begun_before(void);
static void go_round(void);
static bool find_role(Oid *role);
static List *find_databases(void);
static Oid	find_database(const char *name, bool *accepts);
static void migrate(const Target *target, Oid role);

void
at_start_register(void)
{
	BackgroundWorker worker = {0};

	/* pg_upgrade starts a server that nobody may change */
	if (IsBinaryUpgrade)
		return;
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = RESTART_TIME;
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "migrator");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), "migrator_at_start_main");
	snprintf(worker.bgw_name, BGW_MAXLEN, "migrator at server start");
	snprintf(worker.bgw_type, BGW_MAXLEN, "migrator at server start");
	RegisterBackgroundWorker(&worker);
}

/* Entry point of the worker. */
void
migrator_at_start_main(Datum argument)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	if (migrator_auto_migrate == AUTO_MIGRATE_OFF)
		proc_exit(0);
	if (begun_before())
	{
		ereport(WARNING,
				errmsg(AT_START_NAME " is not tried again before the next start of the server: a process of it crashed meanwhile"),
				errhint("CALL migrator.up() in each database of migrator.auto_migrate_databases."));
		proc_exit(0);
	}
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	PG_TRY();
	{
		go_round();
	}
	PG_CATCH();
	{
		EmitErrorReport();
		FlushErrorState();
	}
	PG_END_TRY();
	proc_exit(0);
}

/* Also leaves the word; where that cannot be written, we do not begin. */
static bool
begun_before(void)
{
	TimestampTz life = 0;
	FILE	   *file = AllocateFile(BEGUN_FILE, PG_BINARY_R);

	if (file != NULL)
	{
		bool		read = fread(&life, sizeof(life), 1, file) == 1;

		FreeFile(file);
		if (read && life == PgStartTime)
			return true;
	}
	file = AllocateFile(BEGUN_FILE, PG_BINARY_W);
	if (file == NULL || fwrite(&PgStartTime, sizeof(PgStartTime), 1, file) != 1 || FreeFile(file) != 0)
	{
		ereport(LOG,
				errcode_for_file_access(),
				errmsg("could not write file \"%s\": %m", BEGUN_FILE));
		proc_exit(0);
	}
	return false;
}

static void
go_round(void)
{
	List	   *targets = NIL;
	Oid			role;
	ListCell   *lc;

	StartTransactionCommand();
	MemoryContextSwitchTo(TopMemoryContext);
	if (find_role(&role))
		targets = find_databases();
	CommitTransactionCommand();
	foreach(lc, targets)
	{
		if (!ShutdownRequestPending)
			migrate(lfirst(lc), role);
	}
}

/* False when there is none that could log in, which is said. */
static bool
find_role(Oid *role)
{
	const char *name = migrator_auto_migrate_role;
	HeapTuple	tuple;
	bool		can_login;

	if (name[0] == '\0')
	{
		ereport(WARNING,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg(AT_START_NAME " is enabled, but no database is migrated: migrator.auto_migrate_role is empty"),
				errhint("Name a role that may log in and run migrations; it need not be a superuser."));
		return false;
	}
	*role = get_role_oid(name, true);
	tuple = OidIsValid(*role) ? SearchSysCache1(AUTHOID, ObjectIdGetDatum(*role)) : NULL;
	if (!HeapTupleIsValid(tuple))
	{
		ereport(WARNING,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg(AT_START_NAME " is enabled, but no database is migrated: role \"%s\" does not exist",
					   finding_one_line(name)),
				errhint("Correct migrator.auto_migrate_role."));
		return false;
	}
	can_login = ((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;
	ReleaseSysCache(tuple);
	if (!can_login)
		ereport(WARNING,
				errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				errmsg(AT_START_NAME " is enabled, but no database is migrated: role \"%s\" is not permitted to log in",
					   finding_one_line(name)),
				errhint("ALTER ROLE ... LOGIN, or name another one in migrator.auto_migrate_role."));
	return can_login;
}

/* Targets, each once, in the order of the setting; what does not exist is said. */
static List *
find_databases(void)
{
	List	   *names = settings_auto_migrate_databases();
	List	   *targets = NIL;
	List	   *seen = NIL;
	ListCell   *lc;

	if (names == NIL)
		ereport(WARNING,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg(AT_START_NAME " is enabled, but migrator.auto_migrate_databases is empty"));
	foreach(lc, names)
	{
		bool		accepts;
		Oid			database = find_database(lfirst(lc), &accepts);

		if (list_member_oid(seen, database))
			continue;
		if (OidIsValid(database) && accepts)
		{
			Target	   *target = palloc(sizeof(Target));

			target->database = database;
			target->name = lfirst(lc);
			targets = lappend(targets, target);
			seen = lappend_oid(seen, database);
		}
		else if (OidIsValid(database))
			ereport(WARNING,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg(AT_START_NAME ": database \"%s\" is not accepting connections", finding_one_line(lfirst(lc))),
					errhint("ALTER DATABASE ... ALLOW_CONNECTIONS true."));
		else
			ereport(WARNING,
					errcode(ERRCODE_UNDEFINED_DATABASE),
					errmsg(AT_START_NAME ": database \"%s\" does not exist", finding_one_line(lfirst(lc))),
					errhint("Correct migrator.auto_migrate_databases."));
	}
	return targets;
}

/*
 * As GetDatabaseTuple() does (src/backend/utils/init/postinit.c): after a start
 * of the server nobody may have built yet what an index scan needs, and who is
 * in no database cannot.
 */
static Oid
find_database(const char *name, bool *accepts)
{
	Relation	relation = table_open(DatabaseRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			database = InvalidOid;

	ScanKeyInit(&key, Anum_pg_database_datname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum(name));
	scan = systable_beginscan(relation, DatabaseNameIndexId, criticalSharedRelcachesBuilt, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		database = ((Form_pg_database) GETSTRUCT(tuple))->oid;
		*accepts = ((Form_pg_database) GETSTRUCT(tuple))->datallowconn;
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return database;
}

/* By a worker of its own, for whose end we wait; it is told to end when we are. */
static void
migrate(const Target *target, Oid role)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;
	AtStartExtra extra = {role};
	pid_t		pid;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "migrator");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), AT_START_DATABASE_MAIN);
	snprintf(worker.bgw_name, BGW_MAXLEN, "migrator at server start for database %s", target->name);
	snprintf(worker.bgw_type, BGW_MAXLEN, "migrator at server start");
	worker.bgw_main_arg = ObjectIdGetDatum(target->database);
	memcpy(worker.bgw_extra, &extra, sizeof(extra));
	worker.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
	{
		ereport(WARNING,
				errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				errmsg(AT_START_NAME ": database \"%s\" is not migrated: no background worker is free",
					   finding_one_line(target->name)),
				errhint("Increase max_worker_processes."));
		return;
	}
	while (GetBackgroundWorkerPid(handle, &pid) != BGWH_STOPPED)
	{
		if (ShutdownRequestPending)
		{
			TerminateBackgroundWorker(handle);
			break;
		}
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1L, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(handle);
}
