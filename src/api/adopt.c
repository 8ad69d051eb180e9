/*
 * adopt.c
 *	  SQL functions about the histories of other tools: adopt, histories.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "adopt/table.h"
#include "api/api.h"
#include "run/adopt.h"

PG_FUNCTION_INFO_V1(migrator_adopt);
PG_FUNCTION_INFO_V1(migrator_histories);

/* keys of argument "options" */
static const OptionKey adopt_options[] = {
	{"force", OPTION_BOOLEAN, "true or false"},
	{"ignore", OPTION_STRING_OR_STRINGS, "a file name pattern or an array of them"},
	{"layout", OPTION_STRING, "the name of a layout"},
	{"contexts", OPTION_STRING, "contexts of Liquibase, with commas between them"},
	{"labels", OPTION_STRING, "an expression of Liquibase's labels"},
	{"mirror", OPTION_BOOLEAN, "true or false"},
	{NULL}
};

/* adopt(source, service, tool, history, dry_run, options) */
Datum
migrator_adopt(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);

	run_enter("migrator.adopt()");
	PG_TRY();
	{
		List	   *options = options_read(api_jsonb(fcinfo, 5), adopt_options, false);
		const Option *force = options_find(options, "force");
		const Option *mirror = options_find(options, "mirror");
		Scope	   *scope = scope_resolve(api_text(fcinfo, 0), api_text(fcinfo, 1), NULL);
		AdoptRequest request = {
			.scope = scope,
			.tool = api_text(fcinfo, 2),
			.history = PG_ARGISNULL(3) ? InvalidOid : PG_GETARG_OID(3),
			.dry_run = api_bool(fcinfo, 4, false),
			.mirror = mirror != NULL && mirror->boolean,
			.force = force != NULL && force->boolean
		};
		ListCell   *lc;

		api_option_ignore(options, &scope->ignore, &scope->ignore_count);
		api_option_layout(options, &scope->layout);
		api_option_filters(options, &scope->contexts, &scope->labels);
		scope_require_rights(scope, false);
		foreach(lc, adopt_history(&request))
		{
			const Adopted *adopted = lfirst(lc);
			Datum		values[6];
			bool		nulls[6] = {false};

			api_set_text(values, nulls, 0, adopted->version);
			api_set_text(values, nulls, 1, adopted->name);
			api_set_text(values, nulls, 2, record_state_name(adopted->state));
			values[3] = TimestampTzGetDatum(adopted->applied_at);
			nulls[3] = adopted->applied_at == 0;
			api_set_text(values, nulls, 4, adopted->verified);
			api_set_text(values, nulls, 5, adopted->message);
			api_put_row(result, values, nulls);
		}
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	return (Datum) 0;
}

/* What tells each table, for whoever has one that is not found. */
Datum
migrator_histories(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	const HistoryTool *tool;

	for (int i = 0; (tool = history_tool(i)) != NULL; i++)
	{
		StringInfoData columns;
		Datum		values[5];
		bool		nulls[5] = {false};

		initStringInfo(&columns);
		for (const HistoryColumn *column = tool->columns; column->name != NULL; column++)
			if (!(column->flags & HISTORY_OPTIONAL))
				appendStringInfo(&columns, "%s%s", columns.len > 0 ? ", " : "", quote_identifier(column->name));
		api_set_text(values, nulls, 0, tool->name);
		api_set_text(values, nulls, 1, tool->tables[0]);
		api_set_text(values, nulls, 2, columns.data);
		values[3] = BoolGetDatum(tool->verify != NULL);
		values[4] = BoolGetDatum(tool->lock != NULL);
		api_put_row(result, values, nulls);
	}
	return (Datum) 0;
}
