/*
 * down_script.c
 *	  The down script that was kept when a migration was applied, and whose words
 *	  it is.
 *
 * It is run with the rights of whoever goes back, who need not have seen it, and
 * long after the files that it came from could be asked who sent them.  So what
 * holds for staged files holds for it: who put it on record must have the rights
 * of who runs it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "base/finding.h"
#include "base/owner_query.h"
#include "record/author.h"
#include "record/down_script.h"

/* argument of take_script() */
typedef struct Taken
{
	DownScript *script;
	MemoryContext context;
} Taken;

static void take_script(HeapTuple tuple, TupleDesc desc, void *argument);

DownScript *
down_script_load(const char *service, const char *version)
{
	static OwnerQuery query = {
		"SELECT down_script, down_system, down_oids, down_as, down_by, down_login FROM migrator.migrations"
		" WHERE service = $1 AND version = $2 AND down_script IS NOT NULL",
		2, {TEXTOID, TEXTOID},
		.generic = true
	};
	Datum		values[2] = {CStringGetTextDatum(service), CStringGetTextDatum(version)};
	Taken		taken = {NULL, CurrentMemoryContext};

	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_script, &taken);
	return taken.script;
}

static void
take_script(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Taken	   *taken = argument;
	MemoryContext old = MemoryContextSwitchTo(taken->context);
	DownScript *script = palloc0(sizeof(DownScript));
	bool		isnull;
	Datum		system = heap_getattr(tuple, 2, desc, &isnull);

	script->text = owner_query_text(tuple, desc, 1);
	script->author_known = author_read(tuple, desc, 3, !isnull && (uint64) DatumGetInt64(system) == GetSystemIdentifier(),
									   &script->author);
	script->recorded_by = owner_query_text(tuple, desc, 5);
	taken->script = script;
	MemoryContextSwitchTo(old);
}

void
down_script_require_trusted(const DownScript *script, const char *version)
{
	Oid			stranger;

	if (!script->author_known)
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied to run the down script of record of migration \"%s\"", finding_one_line(version)),
				errdetail("It would run with your rights, and role \"%s\", which put it on record, is not known here.",
						  script->recorded_by ? script->recorded_by : ""),
				errhint("Where there is a file of the same text it is run; options => '{\"down_source\": \"file\"}' runs one that differs."));
	if (has_privs_of_role(script->author.current, owner_query_owner()))
		return;
	stranger = trust_stranger(&script->author);
	if (OidIsValid(stranger))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied to run the down script of record of migration \"%s\", which role \"%s\" put there",
					   finding_one_line(version), trust_role_name(stranger)),
				errdetail("It would run with your rights, which that role does not have."),
				errhint("Let that role go back, or run the file: options => '{\"down_source\": \"file\"}'; or have an administrator add the role to migrator.trusted_stagers for you, if it may do all that you may."));
}
