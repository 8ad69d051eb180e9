/*
 * report.c
 *	  SQL function report().
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "api/api.h"
#include "base/owner_query.h"
#include "watch/report.h"

PG_FUNCTION_INFO_V1(migrator_report);

/* report(service) */
Datum
migrator_report(PG_FUNCTION_ARGS)
{
	char	   *service = api_text(fcinfo, 0);

	owner_query_check_version();
	PG_RETURN_TEXT_P(cstring_to_text(report_page(service && scope_means_all(service) ? NULL : service)));
}
