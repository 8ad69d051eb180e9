/*
 * unit.c
 *	  SQL windows on units of script that are parts of a file, which no layout
 *	  makes yet.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/check_settings.h"
#include "base/compat.h"
#include "execute/execute.h"
#include "plan/check_scripts.h"
#include "script/parse.h"

#include "probe.h"

PG_FUNCTION_INFO_V1(migrator_probe_unit);
PG_FUNCTION_INFO_V1(migrator_probe_unit_run);

static UnitReader *unit_arguments(FunctionCallInfo fcinfo, ScriptUnit *unit);
static const CheckSettings *without_lint(void);
static Step *checked_step(UnitReader *reader, ScriptUnit *unit);
static ArrayType *statement_array(const Script *script);
static ArrayType *finding_array(const FindingSink *sink);

/*
 * (source text, file text, ranges int8[], seen text, direction text,
 * transactions text, mark text, mark_line int) -> (checksum text, file_checksum
 * text, fingerprint text, content text, problem text, statements text[],
 * problems text[], call_reason text, findings text[]): a unit as it is read, cut and checked.
 * ranges: offset, length and line of each; seen: the file's checksum that they
 * are of.
 */
Datum
migrator_probe_unit(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	ScriptUnit	unit;
	UnitReader *reader = unit_arguments(fcinfo, &unit);
	Step	   *step;
	UnitText	text;
	Datum		values[9];
	bool		nulls[9];

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	memset(nulls, true, sizeof(nulls));
	unit_read_text(reader, &unit, &text);
	if (text.read.text != NULL)
	{
		Script	   *script = unit_split(&text);

		script_parse(script);
		values[0] = CStringGetTextDatum(text.checksum);
		values[1] = CStringGetTextDatum(text.file_checksum);
		values[2] = CStringGetTextDatum(script->fingerprint);
		values[3] = CStringGetTextDatum(text.read.text);
		values[5] = PointerGetDatum(statement_array(script));
		values[6] = PointerGetDatum(problem_array(script));
		nulls[0] = nulls[1] = nulls[2] = nulls[3] = nulls[5] = nulls[6] = false;
	}
	else
	{
		values[4] = CStringGetTextDatum(psprintf("%d:%d %s %s", text.read.bad_line, text.read.bad_column,
												 unpack_sql_state(text.read.raw.sqlstate),
												 text.read.raw.problem));
		nulls[4] = false;
	}

	/* validate()'s own look at it, with the same reader */
	step = checked_step(reader, &unit);
	if (step->up.call_reason != NULL)
	{
		values[7] = CStringGetTextDatum(psprintf("%d: %s", step->up.call_line, step->up.call_reason));
		nulls[7] = false;
	}
	values[8] = PointerGetDatum(finding_array(&step->findings));
	nulls[8] = false;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/* The same arguments: run the unit, as apply() would. */
Datum
migrator_probe_unit_run(PG_FUNCTION_ARGS)
{
	ScriptUnit	unit;
	UnitReader *reader = unit_arguments(fcinfo, &unit);
	Step	   *step = checked_step(reader, &unit);
	Execution	execution = {
		.version = step->version,
		.file = unit.file,
		.statement = -1
	};

	finding_raise_first(&step->findings);
	execution.script = check_load_script(reader, &step->up);
	execute_script(&execution);
	PG_RETURN_VOID();
}

static UnitReader *
unit_arguments(FunctionCallInfo fcinfo, ScriptUnit *unit)
{
	char	   *direction = text_to_cstring(PG_GETARG_TEXT_PP(4));
	char	   *transactions = text_to_cstring(PG_GETARG_TEXT_PP(5));
	Datum	   *elements;
	int			count;
	UnitRange  *ranges;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, NULL, &count);
	ranges = palloc0(Max(count, 1) * sizeof(UnitRange));
	for (int i = 0; i < count / 3; i++)
	{
		ranges[i].offset = DatumGetInt64(elements[i * 3]);
		ranges[i].length = DatumGetInt64(elements[i * 3 + 1]);
		ranges[i].line = (int) DatumGetInt64(elements[i * 3 + 2]);
	}
	memset(unit, 0, sizeof(ScriptUnit));
	unit->direction = strcmp(direction, "down") == 0 ? UNIT_DOWN : UNIT_UP;
	unit->file = text_to_cstring(PG_GETARG_TEXT_PP(1));
	unit->range_count = count / 3;
	unit->ranges = ranges;
	unit->file_checksum = text_to_cstring(PG_GETARG_TEXT_PP(3));
	unit->transactions = strcmp(transactions, "one") == 0 ? UNIT_ONE_TRANSACTION :
		strcmp(transactions, "none") == 0 ? UNIT_NO_TRANSACTION : UNIT_TRANSACTIONS_OF_SCRIPT;
	unit->mark = text_to_cstring(PG_GETARG_TEXT_PP(6));
	unit->mark_line = PG_GETARG_INT32(7);
	return unit_reader_create(source_open(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

/* A plan of one migration, whose script the unit is; it runs, whatever its direction. */
static const CheckSettings *
without_lint(void)
{
	CheckSettings *settings = palloc0(sizeof(CheckSettings));

	check_settings_skip_lint(settings);
	return settings;
}

static Step *
checked_step(UnitReader *reader, ScriptUnit *unit)
{
	Migration  *migration = palloc0(sizeof(Migration));
	MigrationSet set = {.layout = "probe",.count = 1,.migrations = &migration};
	Record		record = {.service = "probe"};
	MigrationPlan *plan;

	migration->version = "1";
	migration->name = "probe";
	migration->up = unit;
	plan = plan_join(&set, &record);
	plan_set_checks(plan, without_lint());
	check_scripts(plan, reader, CHECK_EVERYTHING);
	return &plan->steps[0];
}

/* each "line:column kind statement", and behind it its data as "line: data" */
static ArrayType *
statement_array(const Script *script)
{
	Datum	   *elements = palloc(sizeof(Datum) * (2 * script->statement_count + 1));
	int			n = 0;

	for (int i = 0; i < script->statement_count; i++)
	{
		const Statement *statement = &script->statements[i];

		elements[n++] = CStringGetTextDatum(psprintf("%u:%u %s", statement->line, statement->column,
													 script_statement_text(script, i)));
		if (statement->data_offset > 0)
			elements[n++] = CStringGetTextDatum(psprintf("%u: %.*s", statement->data_line,
														 (int) statement->data_length,
														 script->text + statement->data_offset));
	}
	return construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT);
}

/* each "line:column check severity: message detail" */
static ArrayType *
finding_array(const FindingSink *sink)
{
	Datum	   *elements = palloc(sizeof(Datum) * (list_length(sink->findings) + 1));
	int			n = 0;
	ListCell   *cell;

	foreach(cell, sink->findings)
	{
		const Finding *finding = lfirst(cell);

		elements[n++] = CStringGetTextDatum(psprintf("%d:%d %s %s: %s%s%s", finding->line, finding->column,
													 check_row(finding->check)->name,
													 check_severity_name(finding->severity),
													 finding->message, finding->detail ? " " : "",
													 finding->detail ? finding->detail : ""));
	}
	return construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT);
}
