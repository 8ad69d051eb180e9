/*
 * record.c
 *	  A SQL window on what is put on record of another tool's deeds, which no
 *	  function of the product does yet.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "record/write.h"

PG_FUNCTION_INFO_V1(migrator_probe_record);

/*
 * (service text, version text, applied_at timestamptz, applied_by text) ->
 * void: a migration that was applied then, by him; NULL: now, by the session.
 */
Datum
migrator_probe_record(PG_FUNCTION_ARGS)
{
	RecordEntry entry = {
		.service = text_to_cstring(PG_GETARG_TEXT_PP(0)),
		.version = text_to_cstring(PG_GETARG_TEXT_PP(1)),
		.state = MIGRATION_APPLIED,
		.execution_time_ms = -1,
		.event = "applied",
		.applied_at = PG_ARGISNULL(2) ? 0 : PG_GETARG_TIMESTAMPTZ(2)
	};

	record_entry_identify(&entry);
	if (!PG_ARGISNULL(3))
		entry.applied_by = text_to_cstring(PG_GETARG_TEXT_PP(3));
	record_write(&entry);
	PG_RETURN_VOID();
}
