/*
 * layouts.c
 *	  SQL function layouts(): the directories that can be read.
 */
#include "postgres.h"

#include "funcapi.h"

#include "api/api.h"
#include "layout/layout.h"

PG_FUNCTION_INFO_V1(migrator_layouts);

static const char *const orders[] = {
	[VERSION_ORDER_NUMBER] = "number",
	[VERSION_ORDER_BYTES] = "bytes",
	[VERSION_ORDER_FILE] = "bytes",
	[VERSION_ORDER_LEADING] = "number, then bytes",
	[VERSION_ORDER_DOTTED] = "dotted numbers",
	[VERSION_ORDER_PLAN] = "plan"
};

static const char *const downs[] = {
	[DOWN_NONE] = NULL,
	[DOWN_IN_FILE] = "file",
	[DOWN_IN_SECTION] = "section"
};

Datum
migrator_layouts(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	const LayoutRegistry *registry = layout_registry();

	for (int i = 0; i < registry->count; i++)
	{
		const Layout *layout = registry->rows[i];
		Datum		values[6];
		bool		nulls[6] = {false};

		api_set_text(values, nulls, 0, layout->name);
		api_set_text(values, nulls, 1, layout->pattern);
		api_set_text(values, nulls, 2, layout->chosen_only ? "option \"layout\"" :
					 layout->marks_shown != NULL ? layout->marks_shown : layout->sign);
		api_set_text(values, nulls, 3, orders[layout->order]);
		api_set_text(values, nulls, 4, downs[layout->down]);
		values[5] = BoolGetDatum(layout->repeatable);
		api_put_row(result, values, nulls);
	}
	return (Datum) 0;
}
