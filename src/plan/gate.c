/*
 * gate.c
 *	  What policy demands of a run before it begins.
 *
 * All of it is asked as it is committed now, whatever the caller's snapshot is
 * and before the lock of the service as well as under it.  The time is the
 * clock's, not the transaction's: a transaction that was begun within a window
 * does not hold it open.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "plan/gate.h"
#include "plan/hooks.h"
#include "plan/window_time.h"
#include "record/backup.h"
#include "record/window.h"

static void refuse_free_variables(const char *service, const MigrationPlan *plan, const Step *step);
static void require_approvals(const char *service, const MigrationPlan *plan, bool bootstrap);
static const char *recorded_version(const Step *step);
static bool is_approved(const ApprovalList *approvals, const MigrationPlan *plan, const Step *step);
pg_noreturn static void refuse_unapproved(const char *service, const MigrationPlan *plan, const Step *step, int count,
										  const ApprovalList *approvals);
static void refuse_free_variable(const char *service, const StepScript *script);
static void append_hooks(StringInfo text, const Hook *hook);
static void require_window(const char *service);
static void require_backup(const char *service);

void
gate_raise_what_stops(const Policy *policy, const char *service, const MigrationPlan *plan, bool bootstrap)
{
	if (plan->selected == 0 && !bootstrap)
		return;
	if (policy->value[POLICY_REQUIRE_APPROVAL])
		require_approvals(service, plan, bootstrap);
	if (policy->value[POLICY_MAINTENANCE_WINDOW_REQUIRED])
		require_window(service);
	if (policy->value[POLICY_BACKUP_REQUIRED])
		require_backup(service);
}

void
gate_raise_before_step(const Policy *policy, const char *service, const MigrationPlan *plan, const Step *step)
{
	if (policy->value[POLICY_REQUIRE_APPROVAL])
	{
		ApprovalList *approvals = approval_load(service, recorded_version(step));

		if (!is_approved(approvals, plan, step))
			refuse_unapproved(service, plan, step, 1, approvals);
	}
	if (policy->value[POLICY_MAINTENANCE_WINDOW_REQUIRED])
		require_window(service);
}

/*
 * The scripts of a step (NULL: bootstrap) were approved; a value that stands as
 * it is could add to them whatever the caller, or a file beside them, likes.
 */
static void
refuse_free_variables(const char *service, const MigrationPlan *plan, const Step *step)
{
	const Hook *const hooks[] = {
		plan_hook(plan, NULL, false), plan_hook(plan, step, false), plan_hook(plan, step, true), plan_hook(plan, NULL, true)
	};

	if (step != NULL)
		refuse_free_variable(service, plan_step_script(plan, step));
	for (int i = 0; step != NULL && i < lengthof(hooks); i++)
		for (const Hook *hook = hooks[i]; hook != NULL; hook = hook->next)
			refuse_free_variable(service, &hook->script);
	for (int i = 0; step == NULL && i < SCRIPT_PLACES; i++)
		refuse_free_variable(service, &plan->bootstrap[i]);
}

static void
refuse_free_variable(const char *service, const StepScript *script)
{
	if (script->free_variable == NULL)
		return;
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_APPROVED),
			errmsg("the value of variable \"%s\" stands as it is, and nobody approved it (file \"%s\", line %d)",
				   script->free_variable, finding_one_line(script->unit->file), script->free_line),
			errdetail("Service \"%s\" requires approval: there it must be a word or a number.", service),
			errhint("Write :'%s' or :\"%s\" in the script, or give it such a value.",
					script->free_variable, script->free_variable),
			errcontext("file \"%s\", line %d", finding_one_line(script->unit->file), script->free_line));
}

static void
require_approvals(const char *service, const MigrationPlan *plan, bool bootstrap)
{
	ApprovalList *approvals = approval_load(service, NULL);
	const Step *first = NULL;
	int			count = 0;

	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (!step->selected || is_approved(approvals, plan, step))
			continue;
		if (count++ == 0)
			first = step;
	}
	if (count > 0)
		refuse_unapproved(service, plan, first, count, approvals);
	if (bootstrap && !is_approved(approvals, plan, NULL))
		refuse_unapproved(service, plan, NULL, 1, approvals);
	for (int i = 0; i < plan->count; i++)
		if (plan->steps[i].selected)
			refuse_free_variables(service, plan, &plan->steps[i]);
	if (bootstrap)
		refuse_free_variables(service, plan, NULL);
}

/* As the record has it, or will. */
static const char *
recorded_version(const Step *step)
{
	if (step == NULL)
		return GATE_BOOTSTRAP;
	return step->row ? step->row->version : step->version;
}

/*
 * The hooks are scripts of the same source, which run with the same rights: who
 * may not change the one shall not do by the others what was not looked at.
 */
void
gate_subject(const MigrationPlan *plan, const Step *step, Approval *subject)
{
	StringInfoData hooks;

	memset(subject, 0, sizeof(Approval));
	subject->version = recorded_version(step);
	initStringInfo(&hooks);
	subject->hooks = hooks.data;
	if (step == NULL)
	{
		const char *checksum = hooks_checksum(plan->bootstrap);

		subject->checksum = checksum[0] != '\0' ? checksum : NULL;
		return;
	}
	append_hooks(&hooks, plan_hook(plan, NULL, false));
	append_hooks(&hooks, plan_hook(plan, step, false));
	append_hooks(&hooks, plan_hook(plan, step, true));
	append_hooks(&hooks, plan_hook(plan, NULL, true));
	subject->checksum = plan_step_script(plan, step)->checksum;
	subject->hooks = hooks.data;
}

static void
append_hooks(StringInfo text, const Hook *hook)
{
	for (; hook != NULL; hook = hook->next)
		appendStringInfo(text, "%s%s %s", text->len > 0 ? "\n" : "",
						 hook->script.checksum ? hook->script.checksum : "unread", hook->file->unit->file);
}

/* The checksums are those of the files as they were read for this run; what is executed is compared with them. */
static bool
is_approved(const ApprovalList *approvals, const MigrationPlan *plan, const Step *step)
{
	Approval	subject;

	gate_subject(plan, step, &subject);
	return subject.checksum != NULL && approval_find(approvals, &subject) != NULL;
}

static void
refuse_unapproved(const char *service, const MigrationPlan *plan, const Step *step, int count,
				  const ApprovalList *approvals)
{
	const char *version;
	const Approval *other;
	Approval	subject;
	bool		hooks = true;

	gate_subject(plan, step, &subject);
	version = finding_one_line(subject.version);
	subject.hooks = NULL;
	other = subject.checksum ? approval_find(approvals, &subject) : NULL;
	if (other == NULL)
	{
		hooks = false;
		subject.checksum = NULL;
		other = approval_find(approvals, &subject);
	}
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_APPROVED),
			step == NULL ?
			errmsg("the bootstrap script of service \"%s\" is not approved", service) :
			count == 1 ?
			plan->direction == UNIT_DOWN ?
			errmsg("the way back of migration \"%s\" of service \"%s\" is not approved", version, service) :
			errmsg("migration \"%s\" of service \"%s\" is not approved", version, service) :
			errmsg("%d migrations of service \"%s\" are not approved, first \"%s\"", count, service, version),
			other == NULL ? 0 : hooks ?
			errdetail("Role \"%s\" approved it with other hooks: an approval is for what runs around it, too.",
					  finding_one_line(other->approved_by)) :
			errdetail("Role \"%s\" approved a file with other bytes: an approval is for the file as it was, and an edit voids it.",
					  finding_one_line(other->approved_by)),
			errhint("Who may approve it looks at the file and calls migrator.approve(%s, service => %s%s).",
					finding_one_line(quote_literal_cstr(subject.version)), quote_literal_cstr(service),
					plan->environment == NULL ? "" :
					psprintf(", environment => %s", quote_literal_cstr(plan->environment))));
}

void
gate_use_approval(const char *service, const MigrationPlan *plan, const Step *step, int64 run_id, bool must_stand)
{
	Approval	subject;

	gate_subject(plan, step, &subject);
	if (approval_use(service, &subject, run_id) || !must_stand)
		return;
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				errmsg("could not serialize access: the approvals of service \"%s\" changed since this transaction began",
					   service),
				errhint("Start the transaction again."));
	else
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_NOT_APPROVED),
				errmsg("approval of %s\"%s\" of service \"%s\" was revoked while it ran",
					   step ? "migration " : "", finding_one_line(subject.version), service));
}

static void
require_window(const char *service)
{
	WindowState state;

	window_state(service, GetCurrentTimestamp(), &state);
	if (state.open)
		return;
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_OUTSIDE_WINDOW),
			errmsg("service \"%s\" is outside of its maintenance windows", service),
			state.defined == 0 ?
			errdetail("No maintenance window is defined for it.") :
			state.opens_next == DT_NOEND ?
			errdetail("None of them opens again.") :
			errdetail("The next one opens at %s.", window_format(state.opens_next, state.time_zone)),
			state.defined == 0 || state.opens_next == DT_NOEND ?
			errhint("An administrator adds one with migrator.add_maintenance_window().") :
			errhint("See view migrator.maintenance_windows."));
}

static void
require_backup(const char *service)
{
	TimestampTz taken_at;
	TimestampTz now = GetCurrentTimestamp();
	int64		seconds;
	struct pg_itm age = {0};
	char		text[MAXDATELEN + 1];

	if (!backup_newest(service, &taken_at))
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_BACKUP_REQUIRED),
				errmsg("service \"%s\" may not be migrated without a backup, and none is on record", service),
				errhint("Take one and record it with migrator.record_backup(); examples/backup.sh does both."));
	seconds = (now - taken_at) / USECS_PER_SEC;
	if (seconds <= migrator_backup_max_age)
		return;
	age.tm_mday = seconds / SECS_PER_DAY;
	age.tm_hour = seconds % SECS_PER_DAY / SECS_PER_HOUR;
	age.tm_min = seconds % SECS_PER_HOUR / SECS_PER_MINUTE;
	age.tm_sec = seconds % SECS_PER_MINUTE;
	EncodeInterval(&age, INTSTYLE_POSTGRES, text);
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_BACKUP_REQUIRED),
			errmsg("service \"%s\" may not be migrated: its last backup is too old", service),
			errdetail("It was taken %s ago, and migrator.backup_max_age is %s.",
					  text, GetConfigOptionByName("migrator.backup_max_age", NULL, false)),
			errhint("Take one and record it with migrator.record_backup(); examples/backup.sh does both."));
}
