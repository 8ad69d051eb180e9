/*
 * hook_function.c
 *	  Functions that run before or after a run and its migrations: table "hooks".
 *
 * A function is kept by its name, which a dump takes along.  It acts with the
 * rights of whoever runs migrations.  So both have to be trusted that decide what
 * it does: the role that added the hook, as the one that registers a service,
 * and the owner of the function, who may replace its body at any time.  A
 * function of that name which somebody else has made since has another owner.
 *
 * Functions are called by their OIDs, behind these checks: to look a name up
 * again would find what somebody put there in between.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/owner_query.h"
#include "record/author.h"
#include "record/hook_function.h"
#include "record/registration.h"
#include "record/write.h"

typedef struct HookFunctionList
{
	List	   *hooks;
	MemoryContext context;
} HookFunctionList;

static void copy_hook(HeapTuple tuple, TupleDesc desc, void *argument);
static void copy_id(HeapTuple tuple, TupleDesc desc, void *argument);
static void require_fit(Oid function, const HookFunction *hook);
static void require_rights(const char *service);
static char *signature_of(const char *schema, const char *name);
static void refuse_stranger(const HookFunction *hook, Oid role, const char *did);
static void write_history(const char *event, const HookFunction *hook);

List *
hook_function_list(const char *service)
{
	static OwnerQuery query = {
		"SELECT id, event, service, function_schema, function_name, system_identifier, added_oids, added_as, added_by, added_login"
		" FROM migrator.hooks WHERE service = $1 OR service IS NULL ORDER BY id",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(service);
	HookFunctionList list = {NIL, CurrentMemoryContext};

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, copy_hook, &list);
	return list.hooks;
}

static void
copy_hook(HeapTuple tuple, TupleDesc desc, void *argument)
{
	HookFunctionList *list = argument;
	MemoryContext old = MemoryContextSwitchTo(list->context);
	HookFunction *hook = palloc0(sizeof(HookFunction));
	Datum		value;
	bool		isnull;

	hook->id = DatumGetInt64(heap_getattr(tuple, 1, desc, &isnull));
	hook->event = owner_query_text(tuple, desc, 2);
	hook->service = owner_query_text(tuple, desc, 3);
	hook->schema = owner_query_text(tuple, desc, 4);
	hook->name = owner_query_text(tuple, desc, 5);
	hook->signature = signature_of(hook->schema, hook->name);
	value = heap_getattr(tuple, 6, desc, &isnull);
	hook->author_known = author_read(tuple, desc, 7, !isnull && (uint64) DatumGetInt64(value) == GetSystemIdentifier(),
									 &hook->author);
	hook->added_by = owner_query_text(tuple, desc, 9);
	list->hooks = lappend(list->hooks, hook);
	MemoryContextSwitchTo(old);
}

int64
hook_function_add(const char *event, Oid function, const char *service)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.hooks (event, service, function_schema, function_name,"
		" system_identifier, added_oids, added_as, added_by, added_login) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
		" ON CONFLICT DO NOTHING RETURNING id",
		9, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT8OID, OIDARRAYOID, TEXTOID, TEXTOID, TEXTOID}
	};
	HookFunction hook = {
		.event = (char *) event,
		.service = (char *) service,
		.schema = get_namespace_name(get_func_namespace(function)),
		.name = get_func_name(function)
	};
	Datum		values[9];
	char		nulls[9];
	Author		by;

	if (hook.name == NULL || hook.schema == NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_FUNCTION),
				errmsg("function with OID %u does not exist", function));
	hook.signature = signature_of(hook.schema, hook.name);
	require_rights(service);
	trust_own_session(&by, "add a hook");
	require_fit(function, &hook);

	memset(nulls, ' ', sizeof(nulls));
	values[0] = CStringGetTextDatum(event);
	values[1] = owner_query_text_or_null(service, &nulls[1]);
	values[2] = CStringGetTextDatum(hook.schema);
	values[3] = CStringGetTextDatum(hook.name);
	values[4] = Int64GetDatum((int64) GetSystemIdentifier());
	values[5] = author_oids(&by);
	values[6] = CStringGetTextDatum(trust_role_name(by.current));
	values[7] = CStringGetTextDatum(trust_role_name(by.session));
	values[8] = CStringGetTextDatum(trust_role_name(by.login));
	if (owner_query_run(&query, SPI_OK_INSERT_RETURNING, values, nulls, InvalidSnapshot, copy_id, &hook.id) == 0)
		ereport(ERROR,
				errcode(ERRCODE_DUPLICATE_OBJECT),
				errmsg("function %s is a hook of that event already", hook.signature));
	write_history("hook_added", &hook);
	return hook.id;
}

static void
copy_id(HeapTuple tuple, TupleDesc desc, void *argument)
{
	bool		isnull;

	*(int64 *) argument = DatumGetInt64(heap_getattr(tuple, 1, desc, &isnull));
}

/* It is called without arguments, and what it returns is thrown away. */
static void
require_fit(Oid function, const HookFunction *hook)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	const char *fault = NULL;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (form->prokind != PROKIND_FUNCTION)
		fault = "It is no plain function.";
	else if (form->pronargs > 0)
		fault = "A hook's function has no arguments; migrator.current_run() tells it what goes on.";
	else if (form->proretset)
		fault = "A hook's function returns no set.";
	else if (get_typtype(form->prorettype) == TYPTYPE_PSEUDO && form->prorettype != VOIDOID && form->prorettype != RECORDOID)
		fault = "It cannot be called directly.";
	else if (isAnyTempNamespace(form->pronamespace))
		fault = "It is gone when its session ends.";
	ReleaseSysCache(tuple);
	if (fault != NULL)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				hook->id != 0 ? errmsg("hook " INT64_FORMAT " cannot run: function %s cannot be a hook", hook->id, hook->signature) :
				errmsg("function %s cannot be a hook", hook->signature),
				errdetail_internal("%s", fault));
}

/* What is run in everybody's runs is the administrator's to say. */
static void
require_rights(const char *service)
{
	if (service != NULL)
		registration_require_member(registration_find(service));
	else if (!has_privs_of_role(GetUserId(), owner_query_owner()))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied for the hooks of every service"),
				errdetail("Only the extension's owner and superusers may change them."),
				errhint("Name a service."));
}

bool
hook_function_drop(int64 id)
{
	static OwnerQuery find = {
		"SELECT id, event, service, function_schema, function_name, system_identifier, added_oids, added_as, added_by, added_login"
		" FROM migrator.hooks WHERE id = $1",
		1, {INT8OID}
	};
	static OwnerQuery delete = {"DELETE FROM migrator.hooks WHERE id = $1", 1, {INT8OID}};
	Datum		value = Int64GetDatum(id);
	HookFunctionList list = {NIL, CurrentMemoryContext};
	HookFunction *hook;

	if (owner_query_run(&find, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, copy_hook, &list) == 0)
		return false;
	hook = linitial(list.hooks);
	require_rights(hook->service);
	if (owner_query_run(&delete, SPI_OK_DELETE, &value, NULL, InvalidSnapshot, NULL, NULL) == 0)
		return false;
	write_history("hook_dropped", hook);
	return true;
}

static void
write_history(const char *event, const HookFunction *hook)
{
	RecordEntry entry = {
		.service = hook->service ? hook->service : "*",
		.name = hook->signature,
		.event = event,
		.note = hook->event,
		.execution_time_ms = -1
	};

	record_write_event(&entry);
}

static char *
signature_of(const char *schema, const char *name)
{
	return psprintf("%s()", quote_qualified_identifier(schema, name));
}

Oid
hook_function_find(const HookFunction *hook)
{
	Oid			schema = get_namespace_oid(hook->schema, true);

	return !OidIsValid(schema) ? InvalidOid :
		GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(hook->name),
						PointerGetDatum(buildoidvector(NULL, 0)), ObjectIdGetDatum(schema));
}

Oid
hook_function_require(const HookFunction *hook)
{
	Oid			function = hook_function_find(hook);
	Author		owner;
	HeapTuple	tuple;

	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_FUNCTION),
				errmsg("hook " INT64_FORMAT " cannot run: function %s does not exist", hook->id, hook->signature),
				errhint("Make it again, or take the hook away with migrator.drop_hook(" INT64_FORMAT ").", hook->id));
	owner.current = owner.session = owner.login = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	require_fit(function, hook);

	if (!hook->author_known)
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied to run hook " INT64_FORMAT ", function %s", hook->id, hook->signature),
				errdetail("It would act with your rights, and role \"%s\", which added it, is not known here.", hook->added_by),
				errhint("Drop the hook and add it again."));
	if (!has_privs_of_role(hook->author.current, owner_query_owner()))
		refuse_stranger(hook, trust_stranger(&hook->author), "added");
	if (!has_privs_of_role(owner.current, owner_query_owner()))
		refuse_stranger(hook, trust_stranger(&owner), "owns");
	if (!DatumGetBool(DirectFunctionCall2(has_function_privilege_id, ObjectIdGetDatum(function), CStringGetTextDatum("EXECUTE"))))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied to run hook " INT64_FORMAT ", function %s", hook->id, hook->signature),
				errdetail("A hook is run with your rights."),
				errhint("Have somebody grant you EXECUTE on the function."));
	return function;
}

static void
refuse_stranger(const HookFunction *hook, Oid role, const char *did)
{
	if (OidIsValid(role))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied to run hook " INT64_FORMAT ", function %s, which role \"%s\" %s",
					   hook->id, hook->signature, trust_role_name(role), did),
				errdetail("It would act with your rights, which that role does not have."),
				errhint("Add a function of your own, or let a superuser do it; or have an administrator add the role to migrator.trusted_stagers for you, if it may do all that you may."));
}
