/*
 * look.c
 *	  SQL functions that only read: status, pending, summary, validate,
 *	  is_current, assert_current, assert_valid.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "api/api.h"
#include "api/drift.h"
#include "base/errors.h"
#include "base/owner_query.h"
#include "layout/layout.h"
#include "plan/gate.h"
#include "plan/hooks.h"
#include "run/services_order.h"
#include "run/survey.h"

PG_FUNCTION_INFO_V1(migrator_status);
PG_FUNCTION_INFO_V1(migrator_pending);
PG_FUNCTION_INFO_V1(migrator_summary);
PG_FUNCTION_INFO_V1(migrator_validate);
PG_FUNCTION_INFO_V1(migrator_is_current);
PG_FUNCTION_INFO_V1(migrator_assert_current);
PG_FUNCTION_INFO_V1(migrator_assert_valid);

/* What summary() counts. */
typedef struct Summary
{
	int			total;
	int			applied;
	int			pending;
	int			failed;
	bool		of_record;		/* there is no source: what is pending is not
								 * known */
} Summary;

/* A service and versions that keep it from being current. */
typedef struct Lacking
{
	const char *service;
	List	   *versions;		/* of char * */
} Lacking;

static List *resolve_scopes(FunctionCallInfo fcinfo, int environment_argument);
static void put_status(ReturnSetInfo *result, const Survey *survey);
static void put_names(ReturnSetInfo *result, const Survey *survey);
static void put_name(ReturnSetInfo *result, const Survey *survey, const char *version,
					 const char *file, const char *state, uint32 flags, const char *message);
static void put_pending(ReturnSetInfo *result, const Survey *survey);
static Datum flags_array(uint32 flags);
static char *summarize(const Survey *survey, Summary *counts);
static void append_counts(StringInfo json, const Summary *counts);
static void put_entry(Datum *values, bool *nulls, const Step *step);
static char *full_name(const Step *step);
static void raise_what_would_stop(const Survey *survey, const char *target);
static bool record_has(const Scope *scope, const char *version);
static List *not_current(FunctionCallInfo fcinfo);
static List *missing_versions(const Scope *scope, char *version);
static char *list_versions(const List *versions);
static ServicesOrder *look_at_order(FunctionCallInfo fcinfo, List *scopes);
static void settle_among_services(const OrderedService *service, FindingSink *sink);
static const char *ok_message(const Survey *survey, CheckId check);
static void put_validation(ReturnSetInfo *result, const Survey *survey, const FindingSink *sink, bool verbose);
static void add_findings_of(const Survey *survey, const FindingSink *own, FindingSink *sink);
static void put_finding(ReturnSetInfo *result, const Survey *survey, const Finding *finding);
static void put_ok(ReturnSetInfo *result, const Survey *survey, CheckId check, const Step *step, const char *message);

/*
 * source and service are arguments 0 and 1 of every function here.  Those that
 * look at all services take one after the other, and leave its memory to the
 * end of the call.
 */
static List *
resolve_scopes(FunctionCallInfo fcinfo, int environment_argument)
{
	owner_query_check_version();
	return scope_resolve_each(api_text(fcinfo, 0), api_text(fcinfo, 1),
							  api_text(fcinfo, environment_argument));
}

Datum
migrator_status(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	ListCell   *lc;

	foreach(lc, resolve_scopes(fcinfo, 2))
	{
		put_status(result, survey_take(lfirst(lc), CHECK_FOR_RUN));
	}
	return (Datum) 0;
}

static void
put_status(ReturnSetInfo *result, const Survey *survey)
{
	if (survey->set != NULL)
		put_names(result, survey);
	for (int i = 0; i < survey->plan->count; i++)
	{
		const Step *step = &survey->plan->steps[i];
		const RecordRow *row = step->row;
		Datum		values[11];
		bool		nulls[11] = {false};

		/* a row "blocked" has it already, unless there is a record to show */
		if (row == NULL && step->migration->claimed_twice)
			continue;
		api_set_text(values, nulls, 0, survey->scope->service);
		api_set_text(values, nulls, 1, step->version);
		api_set_text(values, nulls, 2, step->name);
		api_set_text(values, nulls, 3, record_state_name(step->state));
		values[4] = flags_array(step->flags);
		nulls[5] = row == NULL || row->applied_at == 0;
		values[5] = nulls[5] ? (Datum) 0 : TimestampTzGetDatum(row->applied_at);
		nulls[6] = row == NULL || row->execution_time_ms < 0;
		values[6] = nulls[6] ? (Datum) 0 : Float8GetDatum(row->execution_time_ms);
		api_set_text(values, nulls, 7, row ? row->applied_by : NULL);
		api_set_text(values, nulls, 8, row ? row->environment : NULL);
		api_set_text(values, nulls, 9, row && row->checksum ? row->checksum : step->up.checksum);
		api_set_text(values, nulls, 10, plan_step_message(step));
		api_put_row(result, values, nulls);
	}
}

/*
 * What stops every run, and what is left out because the user said so: rows of
 * their own in front of the migrations, so that neither is overlooked and the
 * state can be seen all the same.
 */
static void
put_names(ReturnSetInfo *result, const Survey *survey)
{
	FindingSink sink = {.settings = &survey->checks};
	ListCell   *lc;

	survey_find_what_stops(survey, false, &sink);
	check_shell_hooks(survey->plan, false, &sink);
	foreach(lc, sink.findings)
	{
		const Finding *finding = lfirst(lc);

		if (finding->severity == FINDING_ERROR)
			put_name(result, survey, finding->version, finding->file, "blocked", FLAG_BLOCKED,
					 finding->message);
	}
	foreach(lc, survey->set->ignored)
	{
		const IgnoredEntry *ignored = lfirst(lc);

		if (ignored->by_pattern)
			put_name(result, survey, NULL, ignored->file, "ignored", FLAG_EXCLUDED, ignored->reason);
	}
}

static void
put_name(ReturnSetInfo *result, const Survey *survey, const char *version, const char *file,
		 const char *state, uint32 flags, const char *message)
{
	Datum		values[11] = {0};
	bool		nulls[11];

	memset(nulls, true, sizeof(nulls));
	api_set_text(values, nulls, 0, survey->scope->service);
	api_set_text(values, nulls, 1, version);
	api_set_text(values, nulls, 2, file);
	api_set_text(values, nulls, 3, state);
	values[4] = flags_array(flags);
	nulls[4] = false;
	api_set_text(values, nulls, 10, message);
	api_put_row(result, values, nulls);
}

static Datum
flags_array(uint32 flags)
{
	Datum		names[PLAN_FLAGS];
	int			count = 0;

	for (int i = 0; i < PLAN_FLAGS; i++)
		if (flags & (1 << i))
			names[count++] = CStringGetTextDatum(plan_flag_names[i]);
	return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
migrator_pending(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	ListCell   *lc;

	foreach(lc, resolve_scopes(fcinfo, 2))
	{
		Survey	   *survey = survey_take(lfirst(lc), CHECK_FOR_RUN);

		scope_require_source(survey->scope);
		survey_raise_what_stops(survey, false);
		put_pending(result, survey);
	}
	return (Datum) 0;
}

static void
put_pending(ReturnSetInfo *result, const Survey *survey)
{
	for (int i = 0; i < survey->plan->count; i++)
	{
		const Step *step = &survey->plan->steps[i];
		Datum		values[11];
		bool		nulls[11] = {false};

		if (!plan_step_is_pending(step))
			continue;
		api_set_text(values, nulls, 0, survey->scope->service);
		api_set_text(values, nulls, 1, step->version);
		api_set_text(values, nulls, 2, step->name);
		api_set_text(values, nulls, 3, step->entry && step->entry->description ?
					 step->entry->description : step->up.description);
		api_set_text(values, nulls, 4, step->up.unit->file);
		values[5] = BoolGetDatum(step->up.call_reason == NULL);
		put_entry(values, nulls, step);
		api_put_row(result, values, nulls);
	}
}

/* What dependencies.json says of a pending migration, and what keeps it from being run. */
static void
put_entry(Datum *values, bool *nulls, const Step *step)
{
	const ManifestEntry *entry = step->entry;
	ArrayBuildState *needs = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	ListCell   *lc;

	foreach(lc, entry ? entry->depends_on : NIL)
	{
		needs = accumArrayResult(needs, CStringGetTextDatum(((ManifestNeed *) lfirst(lc))->version), false,
								 TEXTOID, CurrentMemoryContext);
	}
	values[6] = makeArrayResult(needs, CurrentMemoryContext);
	api_set_text(values, nulls, 7, entry ? entry->risk_level : NULL);
	nulls[8] = entry == NULL || entry->estimated_duration == NULL;
	values[8] = nulls[8] ? (Datum) 0 : IntervalPGetDatum(entry->estimated_duration);
	api_set_text(values, nulls, 9, step->blocked);

	api_set_text(values, nulls, 10, step->up.changes.complete ?
				 change_class_name(step->up.changes.change_class) : NULL);
}

/* The name under which people know a migration: its file's stem, or its folder. */
static char *
full_name(const Step *step)
{
	const char *file = step->migration ? step->up.unit->file :
		step->row->file ? step->row->file : step->version;
	const char *slash = strrchr(file, '/');
	char		direction;
	int			stem;

	if (slash != NULL && (strcmp(slash, "/up.sql") == 0 || strcmp(slash, "/migration.sql") == 0))
		return pnstrdup(file, slash - file);
	stem = layout_sql_stem(file, &direction);
	return stem >= 0 ? pnstrdup(file, stem) : pstrdup(file);
}

Datum
migrator_summary(PG_FUNCTION_ARGS)
{
	bool		all = scope_means_all(api_text(fcinfo, 1));
	Summary		sum = {0};
	StringInfoData json;
	StringInfoData services;
	ListCell   *lc;

	initStringInfo(&json);
	initStringInfo(&services);
	foreach(lc, resolve_scopes(fcinfo, 2))
	{
		Survey	   *survey = survey_take(lfirst(lc), CHECK_FOR_RUN);
		Summary		one = {0};
		char	   *lists;

		survey_raise_what_stops(survey, false);
		lists = summarize(survey, &one);
		if (one.pending == 0 && survey->set != NULL)
			raise_what_would_stop(survey, NULL);
		sum.total += one.total;
		sum.applied += one.applied;
		sum.pending += one.pending;
		sum.failed += one.failed;
		appendStringInfo(&services, "%s{\"service\": \"%s\", ", services.len > 0 ? ", " : "",
						 survey->scope->service);
		append_counts(&services, &one);
		appendStringInfo(&services, ", %s}", lists);
		if (!all)
		{
			appendStringInfoChar(&json, '{');
			append_counts(&json, &one);
			appendStringInfo(&json, ", %s}", lists);
		}
	}
	if (all)
	{
		appendStringInfoChar(&json, '{');
		append_counts(&json, &sum);
		appendStringInfo(&json, ", \"services\": [%s]}", services.data);
	}
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

static void
append_counts(StringInfo json, const Summary *counts)
{
	appendStringInfo(json, "\"total\": %d, \"applied\": %d, \"pending\": %s, \"failed\": %d",
					 counts->total, counts->applied, counts->of_record ? "null" : psprintf("%d", counts->pending),
					 counts->failed);
}

/* Returns the two lists as JSON, without braces. */
static char *
summarize(const Survey *survey, Summary *counts)
{
	MigrationPlan *plan = survey->plan;
	StringInfoData applied;
	StringInfoData pending;

	initStringInfo(&applied);
	initStringInfo(&pending);
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (step->state == MIGRATION_APPLIED || (step->flags & FLAG_EXCLUDED) == 0)
			counts->total++;
		if (plan_step_has_failed(step))
			counts->failed++;
		if (step->state == MIGRATION_APPLIED)
		{
			appendStringInfoString(&applied, counts->applied++ > 0 ? ", {\"name\": " : "{\"name\": ");
			escape_json(&applied, full_name(step));
			appendStringInfoString(&applied, ", \"appliedAt\": ");
			if (step->row->applied_at != 0)
				escape_json(&applied, api_iso_time(step->row->applied_at));
			else
				appendStringInfoString(&applied, "null");
			if (step->row->execution_time_ms >= 0)
				appendStringInfo(&applied, ", \"executionTime\": %.3f", step->row->execution_time_ms);
			else
				appendStringInfoString(&applied, ", \"executionTime\": null");
			appendStringInfoString(&applied, ", \"status\": \"success\"}");
		}
		else if (plan_step_is_pending(step))
		{
			if (counts->pending++ > 0)
				appendStringInfoString(&pending, ", ");
			escape_json(&pending, full_name(step));
		}
	}
	counts->of_record = survey->set == NULL;
	if (counts->of_record)
		return psprintf("\"appliedMigrations\": [%s], \"pendingMigrations\": null", applied.data);
	return psprintf("\"appliedMigrations\": [%s], \"pendingMigrations\": [%s]", applied.data, pending.data);
}

/* Services that are not current, as Lacking *. */
static List *
not_current(FunctionCallInfo fcinfo)
{
	char	   *version = api_text(fcinfo, 2);
	List	   *lacking = NIL;
	ListCell   *lc;

	if (scope_means_all(api_text(fcinfo, 1)))
		scope_refuse_of_one(version != NULL, "version");
	foreach(lc, resolve_scopes(fcinfo, 3))
	{
		const Scope *scope = lfirst(lc);
		List	   *versions = version != NULL && PG_ARGISNULL(0) ?
			(record_has(scope, version) ? NIL : list_make1(version)) :
			missing_versions(scope, version);

		if (versions != NIL)
		{
			Lacking    *lack = palloc(sizeof(Lacking));

			lack->service = scope->service;
			lack->versions = versions;
			lacking = lappend(lacking, lack);
		}
	}
	return lacking;
}

/*
 * Versions that keep the schema from being current.  With a version and no
 * source the record alone decides: an application that asks has no files on
 * the server.
 */
static List *
missing_versions(const Scope *scope, char *version)
{
	List	   *missing = NIL;
	Scope		asked = *scope;
	Survey	   *survey;
	bool	   *within;

	asked.target = version;
	survey = survey_take(&asked, CHECK_FOR_RUN);
	scope_require_source(survey->scope);
	survey_raise_what_stops(survey, false);
	if (version != NULL)
	{
		bool		exists = false;

		for (int i = 0; i < survey->plan->count; i++)
			exists |= version_is_target(survey->plan->order, survey->plan->steps[i].version, version);
		if (!exists)
			return list_make1(version);
	}
	within = plan_within_target(survey->plan, version);
	for (int i = 0; i < survey->plan->count; i++)
	{
		const Step *step = &survey->plan->steps[i];

		if (plan_step_is_open(step) && within[i])
			missing = lappend(missing, pstrdup(step->version));
	}
	if (missing == NIL)
		raise_what_would_stop(survey, version);
	if (missing == NIL && version == NULL && plan_bootstrap_follows(survey->plan))
		missing = list_make1(pstrdup(GATE_BOOTSTRAP));
	return missing;
}

/*
 * Nothing is pending: whoever is told so may rely on it.  A run that would not
 * say the same says here why.  What depends on its caller, his rights and his
 * search_path, says nothing about the schema.
 */
static void
raise_what_would_stop(const Survey *survey, const char *target)
{
	PlanRequest request = {
		.target = target,
		.late_allowed = migrator_late == LATE_ALLOW,
		.may_resume = true
	};
	Policy		policy;

	settings_require_valid();
	survey_raise_before_run(survey, survey->scope->registration, &request, &policy);
}

static bool
record_has(const Scope *scope, const char *version)
{
	Record	   *record = record_load(scope->service, InvalidSnapshot);

	for (int i = 0; i < record->count; i++)
		if (record->rows[i].state == MIGRATION_APPLIED &&
			version_matches(VERSION_ORDER_NUMBER, record->rows[i].version, version))
			return true;
	return false;
}

Datum
migrator_is_current(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(not_current(fcinfo) == NIL && !api_has_drift(resolve_scopes(fcinfo, 3)));
}

Datum
migrator_assert_current(PG_FUNCTION_ARGS)
{
	List	   *lacking = not_current(fcinfo);
	const Lacking *first;
	StringInfoData detail;
	ListCell   *lc;

	if (lacking == NIL)
	{
		api_assert_no_drift(resolve_scopes(fcinfo, 3));
		PG_RETURN_VOID();
	}
	first = linitial(lacking);
	initStringInfo(&detail);
	if (list_length(lacking) == 1)
		appendStringInfoString(&detail, list_versions(first->versions));
	else
	{
		foreach(lc, lacking)
		{
			const Lacking *lack = lfirst(lc);

			appendStringInfo(&detail, "%sservice \"%s\" lacks %d: %s", detail.len > 0 ? "\n" : "", lack->service,
							 list_length(lack->versions), list_versions(lack->versions));
		}
	}
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_CURRENT),
			list_length(lacking) == 1 ?
			errmsg("pending migrations detected: service \"%s\" lacks %d", first->service,
				   list_length(first->versions)) :
			errmsg("pending migrations detected in %d services", list_length(lacking)),
			errdetail_internal("%s", detail.data),
			errhint("Run SELECT * FROM migrator.apply() or CALL migrator.up() first."));
}

/* At most ten. */
static char *
list_versions(const List *versions)
{
	StringInfoData list;
	ListCell   *lc;

	initStringInfo(&list);
	foreach(lc, versions)
	{
		if (foreach_current_index(lc) == 10)
		{
			appendStringInfoString(&list, ", ...");
			break;
		}
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", finding_one_line(lfirst(lc)));
	}
	return list.data;
}

/* validate(source, service, environment, verbose) */
Datum
migrator_validate(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	bool		verbose = api_bool(fcinfo, 3, false);
	List	   *scopes = resolve_scopes(fcinfo, 2);
	ServicesOrder *order = look_at_order(fcinfo, scopes);
	ListCell   *lc;

	foreach(lc, scopes)
	{
		Survey	   *survey = survey_take(lfirst(lc), CHECK_EVERYTHING);
		FindingSink sink = {0};

		scope_require_source(survey->scope);
		survey_find_all(survey, &sink);
		if (order != NULL)
			settle_among_services(&order->services[foreach_current_index(lc)], &sink);
		put_validation(result, survey, &sink, verbose);
	}
	return (Datum) 0;
}

/* NULL unless the call is about all services. */
static ServicesOrder *
look_at_order(FunctionCallInfo fcinfo, List *scopes)
{
	RunRequest	request = {
		.on_error = ON_ERROR_CONTINUE,
		.plan.late_allowed = migrator_late == LATE_ALLOW,
		.plan.may_resume = true
	};

	return scope_means_all(api_text(fcinfo, 1)) ? services_order(&request, scopes) : NULL;
}

/*
 * What a service needs of another is no fault where a run of all brings it
 * about, and what such a run would stop for is.  Of a service that has faults
 * of its own that is not known.
 */
static void
settle_among_services(const OrderedService *service, FindingSink *sink)
{
	List	   *own = sink->findings;
	ErrorData  *error = service->error;
	ListCell   *lc;

	if (error != NULL && !service->of_several)
		return;
	memset(sink, 0, sizeof(FindingSink));
	foreach(lc, own)
	{
		if (((Finding *) lfirst(lc))->sqlstate != ERRCODE_MIGRATOR_BLOCKED)
			finding_add(sink, lfirst(lc));
	}
	if (error != NULL)
	{
		Finding		finding = {
			.check = error->sqlerrcode == ERRCODE_MIGRATOR_DEPENDENCY ? CHECK_DEPENDENCIES : CHECK_CROSS_SERVICE,
			.message = error->message,
			.detail = error->detail
		};

		finding_add(sink, &finding);
	}
}

static void
put_validation(ReturnSetInfo *result, const Survey *survey, const FindingSink *sink, bool verbose)
{
	for (CheckId id = CHECK_FIRST; id <= CHECK_LAST; id++)
	{
		const Check *check = check_row(id);
		bool		found = false;
		ListCell   *lc;

		/* the cases of one name stand together */
		if (check->of_runs || (id > CHECK_FIRST && strcmp(check->name, check_row(id - 1)->name) == 0))
			continue;

		foreach(lc, sink->findings)
		{
			const Finding *finding = lfirst(lc);

			if (strcmp(check_row(finding->check)->name, check->name) != 0)
				continue;
			put_finding(result, survey, finding);
			found = true;
		}
		if (!found)
			put_ok(result, survey, id, NULL, ok_message(survey, id));
	}
	for (int i = 0; verbose && i < survey->plan->count; i++)
	{
		const Step *step = &survey->plan->steps[i];

		if (step->migration != NULL && (step->flags & FLAG_EXCLUDED) == 0 && step->up.changes.complete)
			put_ok(result, survey, CHECK_SYNTAX, step,
				   psprintf(ngettext("%d statement", "%d statements", step->up.statement_total),
							step->up.statement_total));
	}
}

/* What a check has looked at that found nothing. */
static const char *
ok_message(const Survey *survey, CheckId check)
{
	int			scripts = 0;
	int			downs = 0;

	for (int i = 0; i < survey->plan->count; i++)
	{
		const Step *step = &survey->plan->steps[i];

		scripts += (step->up.checksum != NULL) + (step->down.checksum != NULL);
		downs += step->migration != NULL && step->down.unit != NULL;
	}
	switch (check)
	{
		case CHECK_SYNTAX:
			return psprintf(ngettext("%d script", "%d scripts", scripts), scripts);
		case CHECK_GROUPS:
			return psprintf(ngettext("%d migration group, %d with a down script", "%d migration groups, %d with a down script",
									 survey->set->count), survey->set->count, downs);
		case CHECK_ENVIRONMENTS:
			if (survey->set->environments == NULL || survey->scope->environment == NULL)
				return "no environments";
			return psprintf(ngettext("%d environment, and this is \"%s\"", "%d environments, and this is \"%s\"",
									 list_length(survey->set->environments->items)),
							list_length(survey->set->environments->items), survey->scope->environment);
		case CHECK_DEPENDENCIES_TABLES: /* the first of that name */
			if (survey->set->manifest == NULL)
				return "no dependencies.json";
			if (strcmp(survey->set->manifest->file, survey->set->layout) == 0)
				return psprintf(ngettext("%d file says what it needs", "%d files say what they need", survey->set->manifest->own),
								survey->set->manifest->own);
			return psprintf(ngettext("%d migration in \"%s\"", "%d migrations in \"%s\"", survey->set->manifest->own),
							survey->set->manifest->own, survey->set->manifest->file);
		default:
			if (check_severity(&survey->checks, check) == FINDING_OFF)
				return "switched off by configuration";
			return psprintf(ngettext("%d migration of layout \"%s\"", "%d migrations of layout \"%s\"",
									 survey->set->total), survey->set->total, survey->set->layout);
	}
}

/* assert_valid(source, service, environment, severity) */
Datum
migrator_assert_valid(PG_FUNCTION_ARGS)
{
	char	   *word = api_text(fcinfo, 3);
	FindingSeverity severity = FINDING_ERROR;
	FindingSink sink = {0};
	List	   *scopes;
	ServicesOrder *order;
	ListCell   *lc;

	while (word != NULL && severity > FINDING_OK && strcmp(word, check_severity_name(severity)) != 0)
		severity--;
	if (severity == FINDING_OK)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid value for argument \"severity\": \"%s\"", word),
				errhint("Known values: \"error\", \"warning\", \"info\"."));
	scopes = resolve_scopes(fcinfo, 2);
	order = look_at_order(fcinfo, scopes);
	foreach(lc, scopes)
	{
		Survey	   *survey = survey_take(lfirst(lc), CHECK_EVERYTHING);
		FindingSink own = {0};

		scope_require_source(survey->scope);
		survey_find_all(survey, order == NULL ? &sink : &own);
		if (order != NULL)
		{
			settle_among_services(&order->services[foreach_current_index(lc)], &own);
			add_findings_of(survey, &own, &sink);
		}
	}
	finding_raise_worst(&sink, severity);
	PG_RETURN_VOID();
}

/* With the service in front of each. */
static void
add_findings_of(const Survey *survey, const FindingSink *own, FindingSink *sink)
{
	ListCell   *lc;

	foreach(lc, own->findings)
	{
		Finding    *finding = lfirst(lc);

		finding->message = psprintf("service \"%s\": %s", survey->scope->service, finding->message);
		finding_add(sink, finding);
	}
}

static void
put_finding(ReturnSetInfo *result, const Survey *survey, const Finding *finding)
{
	Datum		values[8];
	bool		nulls[8] = {false};
	const char *message = finding->message;

	/* there is no column for it, and it is where an editor wants to go */
	if (finding->line > 0 && finding->column > 1)
		message = psprintf("%s (column %d)", message, finding->column);
	if (finding->detail != NULL)
		message = psprintf("%s: %s", message, finding->detail);

	api_set_text(values, nulls, 0, check_row(finding->check)->name);
	api_set_text(values, nulls, 1, check_severity_name(finding->severity));
	api_set_text(values, nulls, 2, finding->version);
	api_set_text(values, nulls, 3, finding->file);
	values[4] = Int32GetDatum(finding->line);
	nulls[4] = finding->line == 0;
	api_set_text(values, nulls, 5, message);
	api_set_text(values, nulls, 6, finding->hint);
	api_set_text(values, nulls, 7, survey->scope->service);
	api_put_row(result, values, nulls);
}

static void
put_ok(ReturnSetInfo *result, const Survey *survey, CheckId check, const Step *step, const char *message)
{
	Finding		finding = {
		.check = check,
		.severity = FINDING_OK,
		.version = step ? step->version : NULL,
		.file = step ? step->up.unit->file : NULL,
		.message = message
	};

	put_finding(result, survey, &finding);
}
