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
#include "base/errors.h"
#include "base/owner_query.h"
#include "layout/layout.h"
#include "plan/check_plan.h"
#include "run/survey.h"

PG_FUNCTION_INFO_V1(migrator_status);
PG_FUNCTION_INFO_V1(migrator_pending);
PG_FUNCTION_INFO_V1(migrator_summary);
PG_FUNCTION_INFO_V1(migrator_validate);
PG_FUNCTION_INFO_V1(migrator_is_current);
PG_FUNCTION_INFO_V1(migrator_assert_current);
PG_FUNCTION_INFO_V1(migrator_assert_valid);

static const char *const flag_names[] = {
	"modified", "reformatted", "missing", "late", "blocked",
	"manual", "excluded", "baseline", "non_transactional", "irreversible"
};

static Survey *take_survey(FunctionCallInfo fcinfo, int environment_argument, CheckDepth depth);
static void put_names(ReturnSetInfo *result, const Survey *survey);
static void put_name(ReturnSetInfo *result, const Survey *survey, const char *version,
					 const char *file, const char *state, uint32 flags, const char *message);
static const char *step_message(const Step *step);
static Datum flags_array(uint32 flags);
static char *full_name(const Step *step);
static char *iso_time(TimestampTz time);
static bool record_has(const Scope *scope, const char *version);
static List *not_current(FunctionCallInfo fcinfo, const Scope **scope);
static void collect_findings(const Survey *survey, FindingSink *sink);
static void put_finding(ReturnSetInfo *result, const Finding *finding);
static void put_ok(ReturnSetInfo *result, CheckId check, const Step *step, const char *message);

/* source and service are arguments 0 and 1 of every function here. */
static Survey *
take_survey(FunctionCallInfo fcinfo, int environment_argument, CheckDepth depth)
{
	owner_query_check_version();
	return survey_take(scope_resolve(api_text(fcinfo, 0), api_text(fcinfo, 1),
									 api_text(fcinfo, environment_argument)),
					   depth);
}

Datum
migrator_status(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	Survey	   *survey = take_survey(fcinfo, 2, CHECK_FOR_RUN);

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
		api_set_text(values, nulls, 10, step_message(step));
		api_put_row(result, values, nulls);
	}
	return (Datum) 0;
}

/*
 * What stops every run, and what is left out because the user said so: rows of
 * their own in front of the migrations, so that neither is overlooked and the
 * state can be seen all the same.
 */
static void
put_names(ReturnSetInfo *result, const Survey *survey)
{
	FindingSink sink = {0};
	ListCell   *lc;

	survey_find_what_stops(survey, false, &sink);
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

/* What is known against it: the record's word, else the first thing found. */
static const char *
step_message(const Step *step)
{
	ListCell   *lc;

	if (step->message != NULL)
		return step->message;
	foreach(lc, step->findings.findings)
	{
		if (((Finding *) lfirst(lc))->severity == FINDING_ERROR)
			return ((Finding *) lfirst(lc))->message;
	}
	return NULL;
}

static Datum
flags_array(uint32 flags)
{
	Datum		names[lengthof(flag_names)];
	int			count = 0;

	for (int i = 0; i < lengthof(flag_names); i++)
		if (flags & (1 << i))
			names[count++] = CStringGetTextDatum(flag_names[i]);
	return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
migrator_pending(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	Survey	   *survey = take_survey(fcinfo, 2, CHECK_FOR_RUN);

	scope_require_source(survey->scope);
	survey_raise_what_stops(survey, false);
	for (int i = 0; i < survey->plan->count; i++)
	{
		const Step *step = &survey->plan->steps[i];
		Datum		values[9];
		bool		nulls[9] = {false};

		if (!plan_step_is_pending(step))
			continue;
		api_set_text(values, nulls, 0, survey->scope->service);
		api_set_text(values, nulls, 1, step->version);
		api_set_text(values, nulls, 2, step->name);
		api_set_text(values, nulls, 3, step->up.description);
		api_set_text(values, nulls, 4, step->up.unit->file);
		values[5] = BoolGetDatum(step->up.call_reason == NULL);
		/* nothing declares dependencies, risk or duration yet */
		values[6] = PointerGetDatum(construct_empty_array(TEXTOID));
		nulls[7] = nulls[8] = true;
		api_put_row(result, values, nulls);
	}
	return (Datum) 0;
}

/* The name under which people know a migration: its file's stem, or its folder. */
static char *
full_name(const Step *step)
{
	const char *file = step->migration ? step->up.unit->file :
		step->row->file ? step->row->file : step->version;
	const char *slash = strchr(file, '/');
	char		direction;
	int			stem;

	if (slash != NULL)
		return pnstrdup(file, slash - file);
	stem = layout_sql_stem(file, &direction);
	return stem >= 0 ? pnstrdup(file, stem) : pstrdup(file);
}

/* 2025-02-01T10:30:00.000Z */
static char *
iso_time(TimestampTz time)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0)
		return NULL;
	return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year, tm.tm_mon, tm.tm_mday,
					tm.tm_hour, tm.tm_min, tm.tm_sec, (int) (fsec / 1000));
}

Datum
migrator_summary(PG_FUNCTION_ARGS)
{
	Survey	   *survey = take_survey(fcinfo, 2, CHECK_FOR_RUN);
	MigrationPlan *plan = survey->plan;
	StringInfoData json;
	StringInfoData pending;
	char	   *summary;
	int			applied = 0,
				waiting = 0,
				failed = 0;

	survey_raise_what_stops(survey, false);
	initStringInfo(&json);
	initStringInfo(&pending);
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (plan_step_has_failed(step))
			failed++;
		if (step->state == MIGRATION_APPLIED)
		{
			appendStringInfoString(&json, applied++ > 0 ? ", {\"name\": " : "{\"name\": ");
			escape_json(&json, full_name(step));
			appendStringInfoString(&json, ", \"appliedAt\": ");
			if (step->row->applied_at != 0)
				escape_json(&json, iso_time(step->row->applied_at));
			else
				appendStringInfoString(&json, "null");
			if (step->row->execution_time_ms >= 0)
				appendStringInfo(&json, ", \"executionTime\": %.3f", step->row->execution_time_ms);
			else
				appendStringInfoString(&json, ", \"executionTime\": null");
			appendStringInfoString(&json, ", \"status\": \"success\"}");
		}
		else if (plan_step_is_pending(step))
		{
			if (waiting++ > 0)
				appendStringInfoString(&pending, ", ");
			escape_json(&pending, full_name(step));
		}
	}
	summary = psprintf("{\"total\": %d, \"applied\": %d, \"pending\": %d, \"failed\": %d, "
					   "\"appliedMigrations\": [%s], \"pendingMigrations\": [%s]}",
					   plan->count, applied, waiting, failed, json.data, pending.data);
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(summary)));
}

/*
 * Versions that keep the schema from being current.  With a version and no
 * source the record alone decides: an application that asks has no files on
 * the server.
 */
static List *
not_current(FunctionCallInfo fcinfo, const Scope **scope)
{
	char	   *version = api_text(fcinfo, 2);
	List	   *missing = NIL;
	Survey	   *survey;

	owner_query_check_version();
	*scope = scope_resolve(api_text(fcinfo, 0), api_text(fcinfo, 1), api_text(fcinfo, 3));
	if (version != NULL && PG_ARGISNULL(0))
		return record_has(*scope, version) ? NIL : list_make1(version);

	survey = survey_take(*scope, CHECK_FOR_RUN);
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
	for (int i = 0; i < survey->plan->count; i++)
	{
		const Step *step = &survey->plan->steps[i];

		if (plan_step_is_open(step) &&
			(version == NULL ||
			 version_within_target(survey->plan->order, step->version, version)))
			missing = lappend(missing, pstrdup(step->version));
	}
	return missing;
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
	const Scope *scope;

	PG_RETURN_BOOL(not_current(fcinfo, &scope) == NIL);
}

Datum
migrator_assert_current(PG_FUNCTION_ARGS)
{
	const Scope *scope;
	List	   *missing = not_current(fcinfo, &scope);
	StringInfoData list;
	ListCell   *lc;

	if (missing == NIL)
		PG_RETURN_VOID();
	initStringInfo(&list);
	foreach(lc, missing)
	{
		if (foreach_current_index(lc) == 10)
		{
			appendStringInfoString(&list, ", ...");
			break;
		}
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", (char *) lfirst(lc));
	}
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_CURRENT),
			errmsg("pending migrations detected: service \"%s\" lacks %d", scope->service,
				   list_length(missing)),
			errdetail_internal("%s", list.data),
			errhint("Run SELECT * FROM migrator.apply() or CALL migrator.up() first."));
}

/* validate(source, service, environment, verbose) */
Datum
migrator_validate(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	bool		verbose = api_bool(fcinfo, 3, false);
	Survey	   *survey = take_survey(fcinfo, 2, CHECK_EVERYTHING);
	FindingSink sink = {0};

	scope_require_source(survey->scope);
	collect_findings(survey, &sink);
	for (CheckId id = CHECK_FIRST; id <= CHECK_LAST; id++)
	{
		const Check *check = check_row(id);
		bool		found = false;
		ListCell   *lc;

		/* the cases of one name stand together */
		if (check->of_runs || (id > CHECK_FIRST && strcmp(check->name, check_row(id - 1)->name) == 0))
			continue;

		foreach(lc, sink.findings)
		{
			const Finding *finding = lfirst(lc);

			if (strcmp(check_row(finding->check)->name, check->name) != 0)
				continue;
			put_finding(result, finding);
			found = true;
		}
		if (!found)
			put_ok(result, id, NULL,
				   psprintf(ngettext("%d migration of layout \"%s\"", "%d migrations of layout \"%s\"",
									 survey->set->count), survey->set->count, survey->set->layout));
	}
	for (int i = 0; verbose && i < survey->plan->count; i++)
	{
		const Step *step = &survey->plan->steps[i];

		if (step->migration != NULL && step->findings.errors == 0)
			put_ok(result, CHECK_SYNTAX, step, psprintf(ngettext("%d statement", "%d statements", step->up.statement_total),
														step->up.statement_total));
	}
	return (Datum) 0;
}

/* assert_valid(source, service, environment, severity) */
Datum
migrator_assert_valid(PG_FUNCTION_ARGS)
{
	char	   *word = api_text(fcinfo, 3);
	FindingSeverity severity = FINDING_ERROR;
	Survey	   *survey;
	FindingSink sink = {0};

	while (word != NULL && severity > FINDING_OK && strcmp(word, check_severity_name(severity)) != 0)
		severity--;
	if (severity == FINDING_OK)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid value for argument \"severity\": \"%s\"", word),
				errhint("Known values: \"error\", \"warning\", \"info\"."));
	survey = take_survey(fcinfo, 2, CHECK_EVERYTHING);
	scope_require_source(survey->scope);
	collect_findings(survey, &sink);
	finding_raise_worst(&sink, severity);
	PG_RETURN_VOID();
}

static void
collect_findings(const Survey *survey, FindingSink *sink)
{
	survey_find_what_stops(survey, false, sink);
	check_names_ignored(survey->set, sink);
	check_record(survey->plan, sink);
	check_down_scripts(survey->plan, sink);
	for (int i = 0; i < survey->plan->count; i++)
	{
		ListCell   *lc;

		foreach(lc, survey->plan->steps[i].findings.findings)
		{
			finding_add(sink, lfirst(lc));
		}
	}
}

static void
put_finding(ReturnSetInfo *result, const Finding *finding)
{
	Datum		values[7];
	bool		nulls[7] = {false};
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
	api_put_row(result, values, nulls);
}

static void
put_ok(ReturnSetInfo *result, CheckId check, const Step *step, const char *message)
{
	Finding		finding = {
		.check = check,
		.severity = FINDING_OK,
		.version = step ? step->version : NULL,
		.file = step ? step->up.unit->file : NULL,
		.message = message
	};

	put_finding(result, &finding);
}
