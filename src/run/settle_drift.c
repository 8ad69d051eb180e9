/*
 * settle_drift.c
 *	  Drift of a service, and its end.
 */
#include "postgres.h"

#include "access/xlog.h"

#include "base/finding.h"
#include "record/write.h"
#include "run/call.h"
#include "run/notify.h"
#include "run/settle_drift.h"
#include "run/track.h"

List *
settle_find_drift(const Scope *scope, bool *kept)
{
	Homes	   *homes = track_kept_homes(scope);
	bool		other_version = false;
	bool		run_open;
	List	   *drifts;

	*kept = homes != NULL;
	if (homes == NULL)
		return NIL;
	drifts = drift_find(homes, &other_version, &run_open);
	if (run_open)
		ereport(NOTICE,
				errmsg("a run is under way in the schemas of service \"%s\", or was interrupted", scope->service),
				errdetail("What was changed since it began is not told apart from its own work."),
				errhint("The next run, or migrator.accept_drift(), puts the objects on record."));
	if (other_version)
		ereport(NOTICE,
				errmsg("views, rules and functions of service \"%s\" are on record as another major version of the server printed them",
					   scope->service),
				errdetail("Those that this one prints differently were not compared."),
				errhint("The next run, or migrator.accept_drift(), puts them on record anew."));
	return drifts;
}

/* A standby can read this, and cannot NOTIFY. */
void
settle_tell_drift(const Scope *scope, const List *drifts)
{
	const Drift *first = linitial(drifts);
	const KeptObject *object = first->now ? first->now : first->before;

	if (!RecoveryInProgress())
		notify_drift(0, scope->service, scope->environment, list_length(drifts),
					 psprintf("%s %s%s", object->kind, finding_one_line(object->identity), list_length(drifts) > 1 ? ", ..." : ""));
}

/* Under the lock of the service: a run would have its own idea of what is right. */
int
settle_accept_drift(const Scope *scope, const char *note)
{
	Homes	   *homes;
	int			count;
	RecordEntry entry = {
		.service = scope->service,
		.event = "drift_accepted",
		.execution_time_ms = -1,
		.environment = scope->environment,
		.note = note
	};

	run_require_writable("migrator.accept_drift()");
	(void) run_lock_and_load(scope->service);
	homes = track_kept_homes(scope);
	if (homes == NULL)
		homes = track_homes(scope);
	count = drift_accept(scope->service, homes);
	record_write_event(&entry);
	return count;
}
