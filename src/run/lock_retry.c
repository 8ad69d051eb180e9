/*
 * lock_retry.c
 *	  Trying a migration again that did not get its locks.
 *
 * Whoever waits for ACCESS EXCLUSIVE makes everybody behind it wait as well.  A
 * short lock_timeout and another attempt later keep a deploy from becoming an
 * outage.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "parser/scansup.h"
#include "storage/latch.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/wait_event.h"

#include "base/owner_query.h"
#include "run/lock_retry.h"
#include "script/lexer.h"

/* ms */
#define FIRST_PAUSE 100
#define LONGEST_PAUSE 10000

static List *relations_named(const char *statement, int length);
static char *identifier(const char *text, const Token *token);
static void add_line(HeapTuple tuple, TupleDesc desc, void *argument);

bool
lock_retry_applies(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED;
}

typedef struct HolderLines
{
	StringInfoData lines;
	MemoryContext context;
} HolderLines;

char *
lock_retry_holders(const char *statement, int length)
{
	static OwnerQuery query = {
		"SELECT pg_catalog.format('pid %s (user \"%s\", application \"%s\") holds %s on %s',"
		" l.pid, a.usename, a.application_name, l.mode, c.relname)"
		" FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation"
		" LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
		" WHERE l.locktype = 'relation' AND l.granted AND l.database = $1 AND l.pid <> $2"
		" AND l.relation = ANY ($3) ORDER BY l.pid LIMIT 5",
		3, {OIDOID, INT4OID, OIDARRAYOID}
	};
	List	   *relations = relations_named(statement, length);
	Datum	   *oids = palloc(Max(list_length(relations), 1) * sizeof(Datum));
	HolderLines holders;
	Datum		values[3];
	ListCell   *lc;

	if (relations == NIL)
		return NULL;
	foreach(lc, relations)
	{
		oids[foreach_current_index(lc)] = ObjectIdGetDatum(lfirst_oid(lc));
	}
	values[0] = ObjectIdGetDatum(MyDatabaseId);
	values[1] = Int32GetDatum(MyProcPid);
	values[2] = PointerGetDatum(construct_array(oids, list_length(relations), OIDOID,
												sizeof(Oid), true, TYPALIGN_INT));
	initStringInfo(&holders.lines);
	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, add_line, &holders);
	return holders.lines.len > 0 ? holders.lines.data : NULL;
}

static void
add_line(HeapTuple tuple, TupleDesc desc, void *argument)
{
	HolderLines *holders = argument;
	bool		isnull;
	Datum		line = heap_getattr(tuple, 1, desc, &isnull);

	if (!isnull)
		appendStringInfo(&holders->lines, "%s%s", holders->lines.len > 0 ? "\n" : "",
						 TextDatumGetCString(line));
}

/*
 * Every name of the text that is a relation's now, qualified or not.  Names are
 * looked for, not grammar, so that all kinds of statements are covered; a
 * column's name that is also a table's makes a line too many at worst.
 */
static List *
relations_named(const char *statement, int length)
{
	Lexer		lexer;
	Token		token;
	List	   *relations = NIL;
	char	   *previous = NULL;
	bool		dot = false;

	lexer_init(&lexer, statement, length, true);
	for (lexer_next(&lexer, &token); token.kind != TOKEN_END; lexer_next(&lexer, &token))
	{
		char	   *name = identifier(statement, &token);
		Oid			relation;

		if (name == NULL)
		{
			dot = token.length == 1 && statement[token.offset] == '.';
			continue;
		}
		if (dot && previous != NULL)
			relation = get_relname_relid(name, get_namespace_oid(previous, true));
		else
			relation = RelnameGetRelid(name);
		if (OidIsValid(relation))
			relations = list_append_unique_oid(relations, relation);
		previous = name;
		dot = false;
	}
	return relations;
}

/* The name a token stands for, or NULL; U&"..." is passed over. */
static char *
identifier(const char *text, const Token *token)
{
	const char *start = text + token->offset;
	char	   *name,
			   *to;

	if (token->kind == TOKEN_WORD)
		return downcase_truncate_identifier(start, token->length, false);
	if (token->kind != TOKEN_QUOTED_IDENTIFIER || *start != '"' || token->length < 3)
		return NULL;
	name = to = palloc(token->length);
	for (uint32 i = 1; i < token->length - 1; i++)
	{
		*to++ = start[i];
		if (start[i] == '"')
			i++;				/* doubled */
	}
	*to = '\0';
	truncate_identifier(name, to - name, false);
	return name;
}

void
lock_retry_pause(int attempt)
{
	double		pause = FIRST_PAUSE * (double) (1 << Min(attempt - 1, 10));

	pause = Min(pause, LONGEST_PAUSE) * (0.5 + pg_prng_double(&pg_global_prng_state));
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 (long) pause, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}
