/*
 * step_gate.c
 *	  What policy has a run do before it goes on.
 *
 * A restore point is a record in the WAL, which recovery can stop at by name:
 * all that committed before it is there then, and nothing that came after.  WAL
 * is ordered, so that holds for commits that nobody waited for, too.  The server
 * lets only those make one that have EXECUTE on pg_create_restore_point(); here
 * the policy demands it of the caller, and the name is ours.
 *
 * Its row is committed behind it.  So the database that is recovered does not
 * have it; the one that ran the migration has, whatever becomes of that.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/transaction.h"
#include "plan/gate.h"
#include "record/backup.h"
#include "run/step_gate.h"

/* argument of pass_gate() */
typedef struct Gate
{
	Run		   *run;
	const Step *step;
	MemoryContext work;
} Gate;

static void pass_gate(void *argument);
static char *restore_point_name(const Run *run, const char *version);

ErrorData *
run_pass_gate(Run *run, const Step *step)
{
	Gate		gate = {
		run, step,
		AllocSetContextCreate(CurrentMemoryContext, "migrator gate", ALLOCSET_SMALL_SIZES)
	};
	ErrorData  *error = transaction_try(pass_gate, &gate, false);

	MemoryContextDelete(gate.work);
	return error;
}

static void
pass_gate(void *argument)
{
	Gate	   *gate = argument;
	Run		   *run = gate->run;

	MemoryContextSwitchTo(gate->work);
	gate_raise_before_step(&run->policy, run->request->scope->service, run->survey->plan, gate->step);
	run_make_restore_point(run, gate->step ? gate->step->version : GATE_BOOTSTRAP);
}

void
run_make_restore_point(Run *run, const char *version)
{
	BackupEntry entry = {
		.kind = "restore_point",
		.size = -1,
		.service = run->request->scope->service,
		.run_id = run->run_id,
		.version = version
	};

	if (!run->policy.value[POLICY_BACKUP_REQUIRED])
		return;
	if (!XLogIsNeeded())
	{
		if (!run->told_no_restore_point)
			ereport(WARNING,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("no restore point is made, since wal_level is minimal"),
					errdetail("Recovery can go back to the last backup only."),
					errhint("Set wal_level to replica and archive the WAL."));
		run->told_no_restore_point = true;
		return;
	}
	entry.label = restore_point_name(run, version);
	entry.taken_at = GetCurrentTimestamp();
	entry.lsn = XLogRestorePoint(entry.label);
	(void) backup_write(&entry);
}

/*
 * Plain ASCII, to be copied into a file of settings.  What tells it from others
 * comes first, for the server keeps 63 bytes.
 */
static char *
restore_point_name(const Run *run, const char *version)
{
	char	   *name = psprintf("migrator_" INT64_FORMAT "_%s_%s_%s", run->run_id, version,
								run->request->scope->service, get_database_name(MyDatabaseId));

	for (char *p = name; *p != '\0'; p++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *p) == NULL)
			*p = '_';
	return pnstrdup(name, MAXFNAMELEN - 1);
}
