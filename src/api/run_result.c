/*
 * run_result.c
 *	  What a run gives back: rows of a function, or the JSON of a CALL.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "api/api.h"
#include "api/run_result.h"

void
run_result_put_row(const RunRow *row, void *argument)
{
	Datum		values[6];
	bool		nulls[6] = {false};

	api_set_text(values, nulls, 0, row->service);
	api_set_text(values, nulls, 1, row->version);
	api_set_text(values, nulls, 2, row->name);
	api_set_text(values, nulls, 3, row->outcome);
	values[4] = Float8GetDatum(row->execution_time_ms);
	nulls[4] = row->execution_time_ms < 0;
	api_set_text(values, nulls, 5, row->message);
	api_put_row(argument, values, nulls);
}

double
run_result_ms(instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_MILLISEC(now);
}

/*
 * In a transaction block, a function, or a procedure with SET or SECURITY
 * DEFINER the context is atomic.  Under DO or another procedure it is not, but
 * that one's SPI level would be pulled from under it.
 */
void
run_result_refuse_atomic(FunctionCallInfo fcinfo, const char *name, const char *other)
{
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("CALL %s cannot run inside a transaction block or a function", name),
				errdetail("It commits each migration by itself."),
				other == NULL ?
				errhint("Send it alone, with autocommit on.") :
				errhint("Send it alone, with autocommit on; or use SELECT * FROM %s, which runs in your transaction.", other));
	if (SPI_inside_nonatomic_context())
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("CALL %s cannot run inside DO or another procedure", name),
				errhint("Send it alone, as a statement of its own."));
}

void
run_result_add_row(const RunRow *row, void *argument)
{
	CallResult *result = argument;
	StringInfo	json = &result->rows;

	if (row->version == NULL || result->brief)
		return;
	appendStringInfoString(json, json->len > 0 ? ", {\"version\": " : "{\"version\": ");
	escape_json(json, row->version);
	appendStringInfoString(json, ", \"name\": ");
	escape_json(json, row->name ? row->name : "");
	appendStringInfo(json, ", \"outcome\": \"%s\"", row->outcome);
	if (row->execution_time_ms >= 0)
		appendStringInfo(json, ", \"execution_time_ms\": %.3f", row->execution_time_ms);
	appendStringInfoChar(json, '}');
}

char *
run_result_json(const char *done_key, const char *service, const RunResult *done, const char *list, const char *items, double ms)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"run_id\": %s, \"service\": \"%s\", \"outcome\": \"%s\", \"%s\": %d, \"failed\": %d,",
					 done->run_id != 0 ? psprintf(INT64_FORMAT, done->run_id) : "null",
					 service, done->outcome, done_key, done->applied, done->failed);

	/* of a source that was not looked at nothing is known */
	if (done->total >= 0)
		appendStringInfo(&json, " \"total\": %d, \"selected\": %d,", done->total, done->selected);
	else
		appendStringInfoString(&json, " \"total\": null, \"selected\": null,");
	appendStringInfo(&json, " \"duration_ms\": %.3f", ms);
	if (items != NULL)
		appendStringInfo(&json, ", \"%s\": [%s]", list, items);
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* A procedure with one INOUT argument returns a record of one column. */
Datum
run_result_datum(const char *json)
{
	TupleDesc	desc = CreateTemplateTupleDesc(1);
	Datum		value = DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
	bool		null = false;

	TupleDescInitEntry(desc, 1, "result", JSONBOID, -1, 0);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), &value, &null));
}
