/*
 * event.c
 *	  What a run says: NOTICE to the client, the same to the server log.
 *
 * migrator.log_level is anybody's to set, so it governs the details only.
 * That a run began, what it failed of and how it ended goes to the log at LOG,
 * or nobody could tell afterwards who changed the schema unseen.
 *
 * Messages are hidden from statement logging: the statement would be the
 * whole SELECT each time.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"

#include "base/finding.h"
#include "base/settings.h"
#include "run/event.h"

static char letter(UnitDirection direction);
static void say(int level, const char *service, const char *message, const char *detail);

/*
 * The log line names the service; the client is told once, by event_lock_acquired.
 * Of a worker's database log_line_prefix says nothing.
 */
static void
say(int level, const char *service, const char *message, const char *detail)
{
	ereport(NOTICE,
			errmsg_internal("%s", message),
			detail ? errdetail_internal("%s", detail) : 0);
	ereport(level,
			MyBackendType == B_BG_WORKER ?
			errmsg_internal("migrator, service \"%s\", database \"%s\": %s", service, get_database_name(MyDatabaseId), message) :
			errmsg_internal("migrator, service \"%s\": %s", service, message),
			detail ? errdetail_internal("%s", detail) : 0,
			errhidestmt(true), errhidecontext(true));
}

/* The client is to know whose lines come now. */
void
event_service(const char *service, bool last)
{
	ereport(NOTICE,
			last ? errmsg("service \"%s\"", service) :
			errmsg("service \"%s\", as far as it is ready", service),
			errhidestmt(true), errhidecontext(true));
}

void
event_disabled(const char *service)
{
	say(migrator_log_level, service, "migrations are skipped: migrator.enabled is off", NULL);
}

void
event_lock_acquired(const char *service, bool waited, double wait_ms)
{
	char	   *detail = psprintf("Database \"%s\", service \"%s\", system identifier " UINT64_FORMAT ".",
								  get_database_name(MyDatabaseId), service, GetSystemIdentifier());

	say(migrator_log_level, service,
		waited ? psprintf("migration lock acquired after %.0f ms", wait_ms) :
		"migration lock acquired immediately", detail);
}

void
event_lock_kept(const char *service)
{
	say(migrator_log_level, service, "migration lock is held until the end of the transaction", NULL);
}

void
event_lock_released(const char *service)
{
	say(migrator_log_level, service, "migration lock released", NULL);
}

void
event_up_to_date(const char *service)
{
	say(migrator_log_level, service, "database schema is up to date (no pending migrations)", NULL);
}

void
event_vanished(const char *service, int applied)
{
	say(LOG, service,
		psprintf(ngettext("nothing is pending, but the schema is empty: %d migration is on record as applied",
						  "nothing is pending, but the schema is empty: %d migrations are on record as applied", applied),
				 applied),
		"If it was dropped by hand, CALL migrator.reset(..., how => 'drop') forgets the record, too, and makes it anew.");
}

void
event_nothing_selected(const char *service, const char *target, int pending)
{
	say(migrator_log_level, service, target ?
		psprintf(ngettext("nothing to apply up to target \"%s\": %d pending migration lies behind it",
						  "nothing to apply up to target \"%s\": %d pending migrations lie behind it", pending),
				 finding_one_line(target), pending) :
		psprintf(ngettext("the named versions are applied: %d other migration is pending",
						  "the named versions are applied: %d other migrations are pending", pending),
				 pending), NULL);
}

void
event_pending(const char *service, int pending, int total, bool dry_run)
{
	say(LOG, service,
		psprintf(dry_run ?
				 ngettext("dry run: trying %d pending migration out of %d total",
						  "dry run: trying %d pending migrations out of %d total", pending) :
				 ngettext("applying %d pending migration out of %d total",
						  "applying %d pending migrations out of %d total", pending),
				 pending, total), NULL);
}

void
event_going_back(const char *service, int count, int applied, bool dry_run)
{
	say(LOG, service,
		psprintf(dry_run ?
				 ngettext("dry run: trying to roll back %d migration out of %d applied",
						  "dry run: trying to roll back %d migrations out of %d applied", count) :
				 ngettext("rolling back %d migration out of %d applied",
						  "rolling back %d migrations out of %d applied", count),
				 count, applied), NULL);
}

void
event_nothing_back(const char *service, int applied)
{
	say(migrator_log_level, service,
		applied == 0 ? "nothing to roll back: no migration is applied" :
		psprintf(ngettext("nothing to roll back: %d migration is applied, and is not meant",
						  "nothing to roll back: %d migrations are applied, and none of them is meant", applied),
				 applied), NULL);
}

static char
letter(UnitDirection direction)
{
	return direction == UNIT_UP ? 'u' : 'd';
}

/* as golang-migrate prints it: version, direction, name, time */
void
event_applied(const char *service, UnitDirection direction, const char *version, const char *name, double ms,
			  bool dry_run)
{
	say(migrator_log_level, service, psprintf("%s%s/%c %s (%.3f ms)",
											  !dry_run ? "" : direction == UNIT_UP ? "would apply " : "would roll back ",
											  finding_one_line(version), letter(direction), name ? finding_one_line(name) : "", ms), NULL);
}

void
event_failed(const char *service, UnitDirection direction, const char *version, const char *name, const char *message)
{
	say(LOG, service, psprintf("%s/%c %s failed: %s", finding_one_line(version), letter(direction),
							   name ? finding_one_line(name) : "", finding_one_line(message)), NULL);
}

void
event_extra_done(const char *service, const char *kind, const char *file, double ms)
{
	say(migrator_log_level, service, psprintf("%s \"%s\" is done (%.3f ms)", kind, finding_one_line(file), ms), NULL);
}

void
event_extra_failed(const char *service, const char *kind, const char *file, const char *message)
{
	say(LOG, service, psprintf("%s \"%s\" failed: %s", kind, finding_one_line(file), finding_one_line(message)), NULL);
}

/* Those who watch logs look for these words, and for those numbers. */
void
event_done(const char *service, int applied, int failed, int total, double ms)
{
	say(LOG, service, psprintf("%sApplied: %d, Failed: %d, Total: %d (%.3f ms)",
							   failed == 0 ? "migrations completed successfully. " : "", applied, failed, total, ms),
		NULL);
}

void
event_back_done(const char *service, int done, int failed, double ms)
{
	say(LOG, service, psprintf("Rolled back: %d, Failed: %d (%.3f ms)", done, failed, ms), NULL);
}

void
event_dry_run_done(const char *service, UnitDirection direction, int applied, int failed, int not_run, double ms)
{
	say(LOG, service, psprintf("dry run, all undone: %d would be %s, %d failed, %d not run (%.3f ms)",
							   applied, direction == UNIT_UP ? "applied" : "rolled back", failed, not_run, ms), NULL);
}

void
event_proof_begins(const char *service, int count)
{
	say(LOG, service,
		psprintf(ngettext("proof: trying %d pending migration up, down and up again; all is undone",
						  "proof: trying %d pending migrations up, down and up again; all is undone", count), count), NULL);
}

void
event_proof_done(const char *service, int reversible, int differs, int no_down, int not_provable, double ms)
{
	say(LOG, service,
		psprintf("proof, all undone: %d reversible, %d differ, %d without down script, %d not provable (%.3f ms)",
				 reversible, differs, no_down, not_provable, ms), NULL);
}
