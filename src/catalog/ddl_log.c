/*
 * ddl_log.c
 *	  Who changed the schema outside of runs: table "ddl_log".
 *
 * The server's own functions say what a command did, and they do so only within
 * the event trigger.  Of GRANT and REVOKE they say no more than the kind of
 * object: then the statement's text has to do.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/owner_query.h"
#include "catalog/ddl_log.h"
#include "record/who.h"

/* bytes of a statement that are kept */
#define STATEMENT_AT_MOST 10000

/* A part of a table has no schema of its own: the table's is the first of its names. */
#define PARTS "('policy', 'rule', 'table column', 'table constraint', 'trigger')"

/* What is changed by a command, but for what is temporary, an extension's, or contents. */
#define COMMANDS \
	"FROM pg_catalog.pg_event_trigger_ddl_commands() c" \
	" WHERE c.schema_name IS DISTINCT FROM 'pg_temp' AND NOT c.in_extension" \
	" AND c.command_tag NOT IN ('REFRESH MATERIALIZED VIEW', 'REINDEX')" \
	" AND NOT (c.object_type IN " PARTS " AND (SELECT a.object_names[1] OPERATOR(pg_catalog.=) 'pg_temp'" \
	"  FROM pg_catalog.pg_identify_object_as_address(c.classid, c.objid, c.objsubid) a))"
#define DROPPED \
	"FROM pg_catalog.pg_event_trigger_dropped_objects() c" \
	" WHERE NOT c.is_temporary AND c.schema_name IS DISTINCT FROM 'pg_toast' AND c.object_type NOT IN ('type', 'toast table', 'default value')" \
	" AND NOT (c.object_type IN " PARTS " AND c.address_names[1] OPERATOR(pg_catalog.=) 'pg_temp')"

typedef struct Found
{
	Culprit    *culprits;
	MemoryContext context;
	char	   *change;
} Found;

static char *kept_statement(void);
static void take_change(HeapTuple tuple, TupleDesc desc, void *argument);
static void take_culprit(const Datum *values, const bool *nulls, void *argument);

void
ddl_log_note(const char *command, bool dropped)
{
	static OwnerQuery commands = {
		"INSERT INTO migrator.ddl_log (command, kind, schema, identity, object, dropped, changed_by, run_as,"
		" application_name, client_addr, statement)"
		" SELECT c.command_tag, c.object_type, c.schema_name, c.object_identity, c.objid, false, $1, $2, $3, $4::inet, $5 "
		COMMANDS,
		5, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}
	};
	static OwnerQuery drops = {
		"INSERT INTO migrator.ddl_log (command, kind, schema, identity, object, dropped, changed_by, run_as,"
		" application_name, client_addr, statement)"
		" SELECT $6, c.object_type, c.schema_name, c.object_identity, c.objid, true, $1, $2, $3, $4::inet, $5 "
		DROPPED,
		6, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}
	};
	Datum		values[6];
	char		nulls[6] = {' ', ' ', ' ', ' ', ' ', ' '};

	values[0] = CStringGetTextDatum(who_name(GetSessionUserId()));
	values[1] = CStringGetTextDatum(who_name(GetUserId()));
	values[2] = CStringGetTextDatum(application_name ? application_name : "");
	values[3] = owner_query_text_or_null(who_client_addr(), &nulls[3]);
	values[4] = owner_query_text_or_null(kept_statement(), &nulls[4]);
	values[5] = CStringGetTextDatum(command);
	(void) owner_query_run(dropped ? &drops : &commands, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL);
}

/* What the client sent; not what may hold a password. */
static char *
kept_statement(void)
{
	static const char *const secrets[] = {"passw", "secret", "user mapping", "connection"};
	char	   *text;
	char	   *lower;

	if (debug_query_string == NULL)
		return NULL;
	text = pnstrdup(debug_query_string, pg_mbcliplen(debug_query_string, strlen(debug_query_string), STATEMENT_AT_MOST));
	lower = asc_tolower(debug_query_string, strlen(debug_query_string));
	for (int i = 0; i < lengthof(secrets); i++)
		if (strstr(lower, secrets[i]) != NULL)
			return NULL;
	return text;
}

char *
ddl_log_changed(bool dropped)
{
	static OwnerQuery commands = {
		"SELECT coalesce(c.object_type || ' ' || c.object_identity, c.object_type, '') " COMMANDS " LIMIT 1", 0
	};
	static OwnerQuery drops = {
		"SELECT coalesce(c.object_type || ' ' || c.object_identity, c.object_type, '') " DROPPED " LIMIT 1", 0
	};
	Found		found = {NULL, CurrentMemoryContext};

	(void) owner_query_run(dropped ? &drops : &commands, SPI_OK_SELECT, NULL, NULL, InvalidSnapshot, take_change, &found);
	return found.change;
}

static void
take_change(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Found	   *found = argument;
	MemoryContext old = MemoryContextSwitchTo(found->context);

	found->change = owner_query_text(tuple, desc, 1);
	MemoryContextSwitchTo(old);
}

/*
 * The last entry about the object, or about what it is a part of; or one of a
 * command that names no object, if its text has the object's name: of a part
 * only when there is no other.
 */
void
ddl_log_find(Culprit *culprits, int count)
{
	static OwnerQuery query = {
		"SELECT o.place, l.at, l.changed_by, l.application_name, l.statement"
		" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4))"
		"  WITH ORDINALITY AS o (kind, identity, anchor, since, place),"
		" LATERAL (SELECT * FROM ("
		"  (SELECT false AS weak, * FROM migrator.ddl_log l WHERE l.object = o.anchor AND l.at > o.since ORDER BY l.id DESC LIMIT 1)"
		"  UNION ALL"
		"  (SELECT false, * FROM migrator.ddl_log l WHERE pg_catalog.md5(l.identity) = pg_catalog.md5(o.identity)"
		"    AND l.at > o.since ORDER BY l.id DESC LIMIT 1)"
		"  UNION ALL"
		"  (SELECT o.kind IN ('column', 'constraint', 'index', 'policy', 'rule', 'trigger'), * FROM migrator.ddl_log l"
		"    WHERE l.identity IS NULL AND l.at > o.since"
		"    AND pg_catalog.strpos(l.statement, (SELECT c.relname::text FROM pg_catalog.pg_class c WHERE c.oid = o.anchor"
		"     UNION ALL SELECT p.proname FROM pg_catalog.pg_proc p WHERE p.oid = o.anchor"
		"     UNION ALL SELECT t.typname FROM pg_catalog.pg_type t WHERE t.oid = o.anchor"
		"     UNION ALL SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid = o.anchor LIMIT 1)) > 0"
		"   ORDER BY l.id DESC LIMIT 1)) l ORDER BY l.weak, l.id DESC LIMIT 1) l",
		4, {TEXTARRAYOID, TEXTARRAYOID, OIDARRAYOID, TIMESTAMPTZARRAYOID}
	};
	Datum	   *columns[4];
	Datum		values[4];
	Found		found = {culprits, CurrentMemoryContext};

	if (count == 0)
		return;
	for (int i = 0; i < lengthof(columns); i++)
		columns[i] = palloc(count * sizeof(Datum));
	for (int i = 0; i < count; i++)
	{
		columns[0][i] = CStringGetTextDatum(culprits[i].kind);
		columns[1][i] = CStringGetTextDatum(culprits[i].identity);
		columns[2][i] = ObjectIdGetDatum(culprits[i].anchor);
		columns[3][i] = TimestampTzGetDatum(culprits[i].since);
	}
	values[0] = owner_query_array(columns[0], count, TEXTOID);
	values[1] = owner_query_array(columns[1], count, TEXTOID);
	values[2] = owner_query_array(columns[2], count, OIDOID);
	values[3] = owner_query_array(columns[3], count, TIMESTAMPTZOID);
	owner_query_scan(&query, values, InvalidSnapshot, take_culprit, &found);
}

static void
take_culprit(const Datum *values, const bool *nulls, void *argument)
{
	Found	   *found = argument;
	Culprit    *culprit = &found->culprits[DatumGetInt64(values[0]) - 1];
	MemoryContext old = MemoryContextSwitchTo(found->context);

	culprit->changed_at = DatumGetTimestampTz(values[1]);
	culprit->changed_by = TextDatumGetCString(values[2]);
	culprit->application_name = TextDatumGetCString(values[3]);
	culprit->statement = nulls[4] ? NULL : TextDatumGetCString(values[4]);
	MemoryContextSwitchTo(old);
}
