/*
 * settle.c
 *	  What is put on record without running a script.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "adopt/mirror.h"
#include "base/errors.h"
#include "plan/back.h"
#include "plan/check_plan.h"
#include "record/lock.h"
#include "record/runs.h"
#include "record/service_state.h"
#include "record/service_view.h"
#include "record/write.h"
#include "run/call.h"
#include "run/mirrored.h"
#include "run/reworked.h"
#include "run/settle.h"
#include "run/survey.h"

static void make_view(const Service *service, const Service *old);
static void tell_of_stamp(const Service *service);
static void refuse_same_view(const char *service);
static void write_settled(const Survey *survey, const Step *step, MigrationState state,
						  const char *event, const char *note, int64 run_id);
static void settle_code(const Survey *survey, const RefusedEntry *code, MigrationState wanted, const char *note);
static bool parse_state(const char *word, MigrationState *state);

void
settle_register(Service *service, Jsonb *options)
{
	const Service *old;

	run_require_writable("migrator.register()");
	scope_check_service_name(service->service);
	/* whoever may not change it must not hold up others either */
	registration_require_member(registration_find(service->service));
	if (service->environment != NULL)
		scope_check_environment_name(service->environment);
	if (service->search_path != NULL)
	{
		Scope		scope = {.search_path = service->search_path};

		scope_check_search_path(&scope);
		(void) set_config_option("search_path", service->search_path, PGC_USERSET,
								 PGC_S_TEST, GUC_ACTION_SAVE, false, ERROR, false);
	}

	/* as it is by now */
	old = registration_lock(service->service);
	registration_require_member(old);

	options = mirror_find_in_options(options);
	/* a directory that does not exist is better told now than at a deploy */
	(void) source_open(service->source);
	refuse_same_view(service->service);

	registration_write(service, old, options);
	make_view(registration_find(service->service), old);
	tell_of_stamp(service);
	{
		RecordEntry entry = {
			.service = service->service,
			.event = "registered",
			.execution_time_ms = -1,
			.environment = service->environment,
			.note = psprintf("source %s", service->source)
		};

		record_write_event(&entry);
	}
}

static void
make_view(const Service *service, const Service *old)
{
	const char *schema = service->view_schema;
	const char *old_schema = old ? old->view_schema : NULL;

	/* one that stays was allowed once */
	if (schema != NULL && (old_schema == NULL || strcmp(schema, old_schema) != 0))
		record_check_view_schema(schema);
	record_make_service_view(service->service, schema, old_schema);
}

/* Better told now than at a deploy. */
static void
tell_of_stamp(const Service *service)
{
	ServiceState state;

	service_state_read(service->service, &state);
	if (service->environment != NULL && state.environment != NULL &&
		strcmp(service->environment, state.environment) != 0)
		ereport(NOTICE,
				errmsg("service \"%s\" is in environment \"%s\" in this database: it does not run in \"%s\"",
					   service->service, state.environment, service->environment),
				errhint("migrator.set_environment() changes the environment."));
}

/* Dashes become underscores in view names, so two services may want one. */
static void
refuse_same_view(const char *service)
{
	char	   *name = record_service_view_name(service);
	ListCell   *lc;

	foreach(lc, registration_list())
	{
		const Service *other = lfirst(lc);

		if (strcmp(other->service, service) != 0 &&
			strcmp(record_service_view_name(other->service), name) == 0)
			ereport(ERROR,
					errcode(ERRCODE_DUPLICATE_OBJECT),
					errmsg("services \"%s\" and \"%s\" would share the view \"%s\"",
						   other->service, service, name),
					errhint("Choose a name that differs in more than dashes and underscores."));
	}
}

void
settle_unregister(const char *service)
{
	RecordEntry entry = {
		.service = service,
		.event = "unregistered",
		.execution_time_ms = -1
	};
	const Service *old;

	run_require_writable("migrator.unregister()");
	scope_check_service_name(service);
	registration_require_member(registration_find(service));

	/* as it is by now: a floor may have come meanwhile */
	old = registration_lock(service);
	registration_require_member(old);
	for (int i = 0; old != NULL && i < POLICY_FLAG_COUNT; i++)
		registration_require_floor_rights(old, i);
	if (old != NULL)
		registration_require_check_rights(old, NULL);
	if (old == NULL || !registration_delete(service))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("service \"%s\" is not registered", service));
	record_drop_service_view(service, old->view_schema);
	record_write_event(&entry);
}

int
settle_baseline(const Scope *scope, const char *version, bool force)
{
	Scope		asked = *scope;
	Survey	   *survey;
	int			written = 0;
	int64		run_id;
	TimestampTz started = GetCurrentTimestamp();
	bool		found = version == NULL;
	bool	   *within;

	run_require_writable("migrator.baseline()");
	if (scope->source == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"source\" must not be null"));
	(void) run_lock_and_load(scope->service);
	asked.target = version;
	survey = survey_take(&asked, CHECK_FOR_RUN);
	reworked_write(survey->record);
	source_require_runnable(survey->source);
	survey_raise_what_stops(survey, force);

	/*
	 * all of them: meant for a database that was made without us, not for
	 * what is new
	 */
	if (version == NULL && survey->record->count > 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg_plural("service \"%s\" has %d migration on record, so baseline() needs a version",
							  "service \"%s\" has %d migrations on record, so baseline() needs a version",
							  survey->record->count, scope->service, survey->record->count),
				errdetail("Without one, all pending migrations would be recorded as applied and never run."),
				errhint("Name the last version that the database has already with argument \"version\"."));
	for (int i = 0; i < survey->plan->count && !found; i++)
		found = version_is_target(survey->plan->order, survey->plan->steps[i].version, version);
	if (!found)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("version \"%s\" does not exist in this source", version));

	within = plan_within_target(survey->plan, version);
	run_id = record_new_run_id();
	for (int i = 0; i < survey->plan->count; i++)
	{
		const Step *step = &survey->plan->steps[i];
		FindingSink unknown = {0};
		Finding		finding;

		/* what was interrupted is for resolve() */
		if (!plan_step_is_pending(step) ||
			step->state == MIGRATION_INTERRUPTED || step->state == MIGRATION_RUNNING ||
			(step->row != NULL && step->row->going_back) ||
			!within[i])
			continue;
		if (plan_environment_unknown(survey->plan, step, &finding))
		{
			finding_add(&unknown, &finding);
			finding_raise_first(&unknown);
		}
		/* without its bytes there is no checksum to hold on to */
		if (step->up.checksum == NULL)
			finding_raise_first(&step->findings);
		write_settled(survey, step, MIGRATION_APPLIED, "baseline", NULL, run_id);
		written++;
	}

	if (written > 0)
	{
		const char *environment = survey->scope->environment;
		RunEntry	run = {
			.run_id = run_id,
			.kind = "baseline",
			.service = scope->service,
			.source = scope->source,
			.environment = environment,
			.started_at = started,
			.outcome = "applied",
			.total = survey->set->total,
			.applied = written,
			.duration_ms = TimestampDifferenceMilliseconds(started, GetCurrentTimestamp())
		};

		record_write_run(&run, true);
		if (environment != NULL && survey->scope->stamp == NULL)
			service_state_stamp(scope->service, environment);
	}
	return written;
}

static void
write_settled(const Survey *survey, const Step *step, MigrationState state,
			  const char *event, const char *note, int64 run_id)
{
	RecordEntry entry = {
		.service = survey->scope->service,
		.version = step->row ? step->row->version : step->version,
		.name = step->name,
		.file = step->migration ? step->up.unit->file : step->row->file,
		.layout = survey->set ? survey->set->layout : step->row ? step->row->layout : NULL,
		.state = state,
		.environment = survey->scope->environment,
		.checksum = step->up.checksum ? step->up.checksum : step->row ? step->row->checksum : NULL,
		.fingerprint = step->up.checksum ? step->up.fingerprint : step->row ? step->row->fingerprint : NULL,
		.description = step->up.description,
		.run_id = run_id,
		.execution_time_ms = -1,
		.statement_total = step->up.statement_total,
		.baseline = strcmp(event, "baseline") == 0,
		.irreversible = back_says_irreversible(step),
		.repeatable = (step->flags & FLAG_REPEATABLE) != 0,
		.replaces = step->again ? step->row->checksum : NULL,
		.non_transactional = (step->flags & FLAG_NON_TRANSACTIONAL) != 0,
		.lock_key = lock_own_key(survey->scope->service, LOCK_PART_RUN),
		.event = event,
		.note = note
	};

	if (step->down.unit != NULL)
		entry.down_script = unit_keep_text(survey->reader, step->down.unit);
	record_write(&entry);
	mirrored_settle(survey, step, state == MIGRATION_APPLIED ? MIRROR_ADD : MIRROR_REMOVE);
}

void
settle_resolve(const Scope *scope, const char *version, const char *state, const char *note)
{
	MigrationState wanted;
	Survey	   *survey;
	const RefusedEntry *code;
	Step	   *step;
	char	   *text;

	if (!parse_state(state, &wanted))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid value for argument \"state\": \"%s\"", state),
				errhint("Known values: \"applied\", \"pending\", \"rolled_back\"."));
	run_require_writable("migrator.resolve()");
	(void) run_lock_and_load(scope->service);
	survey = survey_take(scope, CHECK_FOR_RUN);
	reworked_write(survey->record);
	code = survey_find_code(survey, version);
	if (code != NULL)
	{
		settle_code(survey, code, wanted, note);
		return;
	}
	step = survey_find_step(survey, version);

	if (step->state == wanted)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("migration \"%s\" is %s already", step->version, state));
	text = psprintf("%s -> %s%s%s", record_state_name(step->state), state,
					note ? ": " : "", note ? note : "");
	if (step->row == NULL)
	{
		if (step->flags & FLAG_EXCLUDED)
			plan_refuse_excluded(survey->plan, step);
		/* what the files say goes on record, a script to run later among it */
		scope_require_rights(scope, false);
		source_require_runnable(survey->source);
		write_settled(survey, step, wanted, "resolved", text, 0);
	}
	else
	{
		RecordEntry entry = {
			.service = scope->service,
			.version = step->row->version,
			.name = step->name,
			.event = "resolved",
			.note = text,
			.execution_time_ms = -1
		};

		if (wanted == MIGRATION_PENDING)
			record_forget(scope->service, step->row->version, step->state);
		else
			record_change_state(scope->service, step->row->version, step->state, wanted);
		record_write_event(&entry);
		mirrored_settle(survey, step, wanted == MIGRATION_APPLIED ? MIRROR_ADD : MIRROR_REMOVE);
	}
}

/*
 * Only what is of record changes: a file that is not the one that was applied
 * (another directory) must not take its place, so the checks of a run are made.
 */
void
settle_accept(const Scope *scope, const char *version, const char *note)
{
	Survey	   *survey;
	FindingSink sink = {0};
	Step	   *step;
	RecordEntry entry = {
		.event = "accepted",
		.note = note,
		.execution_time_ms = -1
	};

	run_require_writable("migrator.accept()");
	scope_require_source(scope);
	(void) run_lock_and_load(scope->service);
	survey = survey_take(scope, CHECK_EVERYTHING);
	reworked_write(survey->record);
	source_require_runnable(survey->source);
	check_duplicates(survey->set, &sink);
	check_layout(survey->plan, &sink);
	check_same_files(survey->plan, &sink);
	finding_raise_first(&sink);

	step = survey_find_step(survey, version);
	if (step->row == NULL || step->state != MIGRATION_APPLIED)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("migration \"%s\" is not applied, but %s", step->version, record_state_name(step->state)),
				errhint("Its file may be edited freely; there is nothing to accept."));
	if (step->migration == NULL)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("migration \"%s\" has no file in \"%s\"", finding_one_line(step->version),
					   finding_one_line(scope->source)));
	if (step->flags & FLAG_EXCLUDED)
		plan_refuse_excluded(survey->plan, step);
	if (step->up.checksum == NULL)
		finding_raise_first(&step->findings);

	if (step->down.unit != NULL)
	{
		entry.down_script = unit_keep_text(survey->reader, step->down.unit);
		if (entry.down_script == NULL)
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("down script \"%s\" of migration \"%s\" cannot be read",
						   step->down.unit->file, step->version),
					errhint("migrator.validate() says why."));
	}
	entry.service = scope->service;
	entry.version = step->row->version;
	entry.name = step->name;
	entry.checksum = step->up.checksum;
	entry.fingerprint = step->up.fingerprint;
	entry.irreversible = back_says_irreversible(step);
	if (!record_accept(&entry))
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("the files of migration \"%s\" are as they are on record", finding_one_line(step->version)));
	record_write_event(&entry);
	mirrored_settle(survey, step, MIRROR_ACCEPT);
}

void
settle_environment(const Scope *scope, const char *environment, const char *note)
{
	const char *before;
	ServiceState state;
	RecordEntry entry = {
		.service = scope->service,
		.event = "environment",
		.environment = environment,
		.execution_time_ms = -1
	};

	run_require_writable("migrator.set_environment()");
	if (environment != NULL)
		scope_check_environment_name(environment);
	(void) run_lock_and_load(scope->service);
	service_state_read(scope->service, &state);
	before = state.environment;
	if (before == NULL && environment == NULL)
		return;
	if (before != NULL && environment != NULL && strcmp(before, environment) == 0)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("service \"%s\" is in environment \"%s\" already", scope->service, environment));
	service_state_set_environment(scope->service, environment);
	entry.note = psprintf("%s -> %s%s%s", before ? before : "none", environment ? environment : "none",
						  note ? ": " : "", note ? note : "");
	record_write_event(&entry);
}

/* Code that another tool runs; nobody reads it here. */
static void
settle_code(const Survey *survey, const RefusedEntry *code, MigrationState wanted, const char *note)
{
	const Scope *scope = survey->scope;
	RecordEntry entry = {
		.service = scope->service,
		.version = code->version,
		.name = code->name,
		.file = code->file,
		.layout = survey->set->layout,
		.state = wanted,
		.environment = scope->environment,
		.execution_time_ms = -1,
		.lock_key = lock_own_key(scope->service, LOCK_PART_RUN),
		.event = "resolved",
		.note = psprintf("code -> applied%s%s", note ? ": " : "", note ? note : "")
	};
	const Step	step = {.version = code->version,.name = code->name};

	if (wanted != MIGRATION_APPLIED)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("\"%s\" is code, and can be put on record as applied only", code->file));
	scope_require_rights(scope, false);
	source_require_runnable(survey->source);
	record_write(&entry);
	mirrored_settle(survey, &step, MIRROR_ADD);
}

static bool
parse_state(const char *word, MigrationState *state)
{
	static const MigrationState allowed[] = {
		MIGRATION_APPLIED, MIGRATION_PENDING, MIGRATION_ROLLED_BACK
	};

	for (int i = 0; i < lengthof(allowed); i++)
		if (strcmp(record_state_name(allowed[i]), word) == 0)
		{
			*state = allowed[i];
			return true;
		}
	return false;
}
