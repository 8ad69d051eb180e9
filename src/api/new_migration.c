/*
 * new_migration.c
 *	  SQL function new_migration().
 */
#include "postgres.h"

#include "funcapi.h"

#include "api/api.h"
#include "base/owner_query.h"
#include "run/new_migration.h"

PG_FUNCTION_INFO_V1(migrator_new_migration);

/* new_migration(source, description, service, environment, up, down) */
Datum
migrator_new_migration(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	NewMigrationRequest request = {
		.description = api_required_text(fcinfo, 1, "description"),
		.environment = api_text(fcinfo, 3),
		.up = api_text(fcinfo, 4),
		.down = api_text(fcinfo, 5)
	};
	ListCell   *lc;

	owner_query_check_version();
	/* that of the files, whatever the environment of this database is */
	request.scope = scope_resolve(api_text(fcinfo, 0), api_text(fcinfo, 2), NULL);
	foreach(lc, new_migration(&request))
	{
		const NewMigrationFile *file = lfirst(lc);
		Datum		values[3];
		bool		nulls[3] = {false};

		api_set_text(values, nulls, 0, file->file);
		api_set_text(values, nulls, 1, file->content);
		values[2] = BoolGetDatum(file->written);
		api_put_row(result, values, nulls);
	}
	return (Datum) 0;
}
