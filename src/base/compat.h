/*
 * compat.h
 *	  Every difference between the supported server versions (15 to 18).
 *
 * Callers write the newest API; this file carries the rest.  No other file
 * tests PG_VERSION_NUM.
 *
 * Where no headers of 16 are available to test with, each of its two sides is
 * compiled elsewhere: what begins with 16 on 17 and 18, what ends with it on 15.
 * That holds as long as tests have the form >= a major; test/lint.sh looks.
 */
#ifndef MIGRATOR_BASE_COMPAT_H
#define MIGRATOR_BASE_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "migrator needs PostgreSQL 15 or later"
#endif

#include "access/slru.h"
#include "access/sysattr.h"
#include "commands/async.h"
#include "common/jsonapi.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "parser/parse_node.h"
#include "storage/lwlock.h"
#include "tcop/pquery.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

/*
 * The library is compiled with hidden visibility, as 16 and later do it
 * themselves: a module's other symbols could be taken over by those of another
 * one.  Before 16 nothing marks what the server has to find.  So every file with
 * SQL functions, the module magic or a worker's main function includes this.
 */
#if PG_VERSION_NUM >= 160000
/* as the server has them */
#else
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(funcname) \
extern PGDLLEXPORT Datum funcname(PG_FUNCTION_ARGS); \
extern PGDLLEXPORT const Pg_finfo_record * CppConcat(pg_finfo_,funcname)(void); \
const Pg_finfo_record * \
CppConcat(pg_finfo_,funcname) (void) \
{ \
	static const Pg_finfo_record my_finfo = { 1 }; \
	return &my_finfo; \
} \
extern int no_such_variable
#endif

/* part of postgres.h before 16 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* PortalRun lost its run_once argument in 18 */
#if PG_VERSION_NUM >= 180000
#define portal_run(portal, count, top, dest, altdest, qc) \
	PortalRun(portal, count, top, dest, altdest, qc)
#else
#define portal_run(portal, count, top, dest, altdest, qc) \
	PortalRun(portal, count, top, true, dest, altdest, qc)
#endif

/* pg_attribute_noreturn() behind a declaration became pg_noreturn before it in 18 */
#ifndef pg_noreturn
#define pg_noreturn __attribute__((noreturn))
#endif

/* get_guc_variables took no argument before 16; the result is palloc'd from 16 on */
static inline struct config_generic **
guc_variables(int *count)
{
#if PG_VERSION_NUM >= 160000
	return get_guc_variables(count);
#else
	*count = GetNumConfigOptions();
	return get_guc_variables();
#endif
}

/*
 * The rights that COPY FROM needs on a relation, as DoCopy() asks for them: of
 * the relation before WHERE is transformed, which adds SELECT of the columns
 * that it uses; then of the columns, and the check.  The permission bits moved
 * from the range table entry to a node of their own in 16.
 */
#if PG_VERSION_NUM >= 160000
#define copy_permissions(item) ((item)->p_perminfo)
#define check_permissions(pstate, item) \
	ExecCheckPermissions((pstate)->p_rtable, list_make1((item)->p_perminfo), true)
#else
#define copy_permissions(item) ((item)->p_rte)
#define check_permissions(pstate, item) ExecCheckRTPerms((pstate)->p_rtable, true)
#endif

/* The size of the queue of notifications, which became a setting in 17. */
#if PG_VERSION_NUM >= 170000
#define notify_queue_pages() max_notify_queue_pages
#else
#define notify_queue_pages() (SLRU_PAGES_PER_SEGMENT * 0x10000 / 2)
#endif

/* LockHeldByMe can ask for stronger modes too from 17 on */
#if PG_VERSION_NUM >= 170000
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode)
#endif

/* the actions of the JSON parser return a result from 16 on: what they are, and how one ends that, is here */
#if PG_VERSION_NUM >= 160000
#define json_action_result JsonParseErrorType
#define json_action_done return JSON_SUCCESS
#else
#define json_action_result void
#define json_action_done return
#endif

/* makeJsonLexContextCstringLen takes a place for its result from 17 on, and the text as const */
static inline JsonLexContext *
json_lexer(const char *text, size_t length, int encoding)
{
#if PG_VERSION_NUM >= 170000
	return makeJsonLexContextCstringLen(NULL, text, length, encoding, true);
#else
	return makeJsonLexContextCstringLen((char *) text, (int) length, encoding, true);
#endif
}

/* MERGE ... WHEN NOT MATCHED BY SOURCE came with 17 */
#if PG_VERSION_NUM >= 170000
#define merge_when_not_by_source(when) ((when)->matchKind == MERGE_WHEN_NOT_MATCHED_BY_SOURCE)
#else
#define merge_when_not_by_source(when) false
#endif

/*
 * Could member SET ROLE to role?  A superuser can; from 16 on a membership says
 * by itself whether it allows that.
 */
static inline bool
can_become_role(Oid member, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return member_can_set_role(member, role);
#else
	return is_member_of_role(member, role);
#endif
}

#endif
