/*
 * approve.c
 *	  Somebody looked at a migration's file, and it may run.
 *
 * No lock of the service is taken.  An approval is about bytes: if the file
 * becomes another one while it is given, or the migration is applied, it is of
 * no use to anybody.  And whoever revokes must not wait for the run that he
 * wants to stop; it asks again before each migration.
 */
#include "postgres.h"

#include "base/errors.h"
#include "base/trust.h"
#include "plan/gate.h"
#include "record/write.h"
#include "run/approve.h"
#include "run/back.h"
#include "run/call.h"
#include "run/survey.h"

static void prepare_way_back(Survey *survey, Step *step);
static Step *find_to_approve(const Survey *survey, const char *version);

void
approve_version(const Scope *scope, const char *version, const char *note)
{
	Survey	   *survey;
	Step	   *step = NULL;
	Approval	subject;
	Author		by;
	RecordEntry entry = {
		.service = scope->service,
		.event = "approved",
		.note = note,
		.execution_time_ms = -1
	};

	run_require_writable("migrator.approve()");

	/*
	 * it is kept in the name of the session user, who must be the one who
	 * says it
	 */
	trust_own_session(&by, "approve a migration");
	scope_require_source(scope);
	survey = survey_take(scope, CHECK_FOR_RUN);
	survey_raise_what_stops(survey, true);
	if (strcmp(version, GATE_BOOTSTRAP) != 0)
		step = find_to_approve(survey, version);
	else if (!survey->plan->bootstrap_due)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("service \"%s\" has no bootstrap script that is to run", scope->service),
				errhint("There is none in the source, it ran already, or migrator.bootstrap is off."));
	if (step != NULL && step->state == MIGRATION_APPLIED)
		prepare_way_back(survey, step);
	gate_subject(survey->plan, step, &subject);

	/* what cannot be read cannot be approved */
	if (subject.checksum == NULL)
		finding_raise_first(step ? &step->findings : &survey->plan->bootstrap_findings);

	approval_write(scope->service, &subject, note);
	entry.version = subject.version;
	entry.name = step ? step->name : NULL;
	entry.checksum = subject.checksum;
	record_write_event(&entry);
	ereport(NOTICE,
			step == NULL ?
			errmsg("the bootstrap script of service \"%s\" is approved", scope->service) :
			errmsg("file \"%s\" of migration \"%s\" is approved",
				   finding_one_line(plan_step_script(survey->plan, step)->unit->file), finding_one_line(step->version)),
			subject.hooks[0] == '\0' ?
			errdetail("Its SHA-256 is %s.", subject.checksum) :
			errdetail("Its SHA-256 is %s. With it the hooks that run around it are approved as they are: see view migrator.approvals.",
					  subject.checksum));
}

/* The step, if there is something of it to run. */
static Step *
find_to_approve(const Survey *survey, const char *version)
{
	Step	   *step = survey_find_step(survey, version);

	if (step->state == MIGRATION_APPLIED)
		return step;
	if (step->migration == NULL)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("migration \"%s\" has no file in \"%s\"", finding_one_line(step->version),
					   finding_one_line(survey->scope->source)));
	if (step->flags & FLAG_EXCLUDED)
		plan_refuse_excluded(survey->plan, step);
	return step;
}

/* Of a migration that is applied, the script can be approved that takes it back. */
static void
prepare_way_back(Survey *survey, Step *step)
{
	FindingSink sink = {.settings = &survey->checks};

	survey->plan->direction = UNIT_DOWN;
	back_load_script(survey, step, DOWN_SOURCE_RECORD, &sink);
	if (step->down.unit == NULL)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("migration \"%s\" is applied already", finding_one_line(step->version)),
				errhint("There is nothing to approve: it has no down script."));
	back_load_hooks(survey, step, &sink);
	back_load_hooks(survey, NULL, &sink);
	finding_raise_first(&sink);
}

bool
approve_revoke(const Scope *scope, const char *version, const char *note)
{
	RecordEntry entry = {
		.service = scope->service,
		.version = version,
		.event = "approval_revoked",
		.note = note,
		.execution_time_ms = -1
	};

	run_require_writable("migrator.revoke_approval()");
	if (!approval_revoke(scope->service, version))
		return false;
	record_write_event(&entry);
	return true;
}
