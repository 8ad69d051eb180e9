/*
 * part_mark.c
 *	  How far a migration has come that is run part by part.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/owner_query.h"
#include "record/part_mark.h"
#include "record/write.h"

void
record_mark(const RecordMark *mark)
{
	static OwnerQuery query = {
		"UPDATE migrator.migrations SET statement_done = $4, statement_started = $5, done_digest = $6,"
		" resume_state = $7::pg_catalog.jsonb"
		" WHERE service = $1 AND version = $2 AND run_id = $3 AND state = 'running'",
		7, {TEXTOID, TEXTOID, INT8OID, INT4OID, INT4OID, TEXTOID, TEXTOID}
	};
	Datum		values[7] = {
		CStringGetTextDatum(mark->service), CStringGetTextDatum(mark->version),
		Int64GetDatum(mark->run_id), Int32GetDatum(mark->done), Int32GetDatum(mark->started)
	};
	char		nulls[7] = {' ', ' ', ' ', ' ', mark->started > 0 ? ' ' : 'n'};

	values[5] = owner_query_text_or_null(mark->done_digest, &nulls[5]);
	values[6] = owner_query_text_or_null(mark->resume_state, &nulls[6]);
	if (owner_query_run(&query, SPI_OK_UPDATE, values, nulls, InvalidSnapshot, NULL, NULL) != 1)
		record_refuse_stale(mark->service, mark->version);
}

/* One row for each setting, or a single one without. */
static void
take_resume_state(HeapTuple tuple, TupleDesc desc, void *argument)
{
	ResumeState *state = argument;
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(state));
	char	   *name = owner_query_text(tuple, desc, 4);

	state->role = owner_query_text(tuple, desc, 1);
	state->search_path = owner_query_text(tuple, desc, 2);
	state->user = owner_query_text(tuple, desc, 3);
	state->late = owner_query_text(tuple, desc, 8);
	if (name != NULL)
	{
		SettingValue *setting = palloc0(sizeof(SettingValue));

		setting->name = name;
		setting->value = owner_query_text(tuple, desc, 5);
		setting->variable = owner_query_text(tuple, desc, 6);
		setting->hidden = strcmp(owner_query_text(tuple, desc, 7), "object") == 0;
		state->settings = lappend(state->settings, setting);
	}
	MemoryContextSwitchTo(old);
}

ResumeState *
record_resume_state(const char *service, const char *version)
{
	static OwnerQuery query = {
		"SELECT m.resume_state ->> 'role', m.resume_state ->> 'search_path', m.resume_state ->> 'user',"
		" s.key, s.value #>> '{}', s.value ->> 'variable', pg_catalog.jsonb_typeof(s.value),"
		" m.resume_state ->> 'late' FROM migrator.migrations m LEFT JOIN LATERAL"
		" pg_catalog.jsonb_each(m.resume_state -> 'settings') s ON true"
		" WHERE m.service = $1 AND m.version = $2",
		2, {TEXTOID, TEXTOID}
	};
	Datum		values[2] = {CStringGetTextDatum(service), CStringGetTextDatum(version)};
	ResumeState *state = palloc0(sizeof(ResumeState));

	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot,
						   take_resume_state, state);
	return state;
}
