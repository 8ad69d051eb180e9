/*
 * api.h
 *	  Helpers of the SQL functions: arguments in, rows out.
 */
#ifndef MIGRATOR_API_API_H
#define MIGRATOR_API_API_H

#include "fmgr.h"
#include "nodes/execnodes.h"

#include "base/compat.h"
#include "base/options.h"
#include "run/call.h"
#include "run/run.h"

/* An argument as a palloc'd string, NULL when it is NULL. */
extern char *api_text(FunctionCallInfo fcinfo, int n);

extern bool api_bool(FunctionCallInfo fcinfo, int n, bool when_null);

/* Raises 22023 for NULL: name is the argument's. */
extern char *api_required_text(FunctionCallInfo fcinfo, int n, const char *name);

/* text[] without NULLs as strings; 22004 for a NULL in it. */
extern char **api_text_array(FunctionCallInfo fcinfo, int n, const char *name, int *count);
extern char **api_required_text_array(FunctionCallInfo fcinfo, int n, const char *name, int *count);

/* An interval in ms, when_null when it is NULL; 22023 when negative. */
extern int	api_interval_ms(FunctionCallInfo fcinfo, int n, const char *name, int when_null);

/* A jsonb argument, NULL when it is NULL. */
extern Jsonb *api_jsonb(FunctionCallInfo fcinfo, int n);

/* Fill a request from argument "options"; raises what options_read() and glob_require_valid() do. */
extern void api_run_options(FunctionCallInfo fcinfo, int n, RunRequest *request);

/* Option "ignore": patterns that are valid, in place of those in *patterns.  Without it they stay. */
extern void api_option_ignore(const List *options, char ***patterns, int *count);

/* Option "layout", of a known one.  Without it *layout stays. */
extern void api_option_layout(const List *options, const char **layout);

/*
 * The scopes of a call whose first arguments are source and service, with its variables;
 * versions: those of argument 2 are of one service.
 */
extern List *api_scopes(FunctionCallInfo fcinfo, char **versions, int environment_argument, int variables_argument);

/* Options "contexts" and "labels".  Without one it stays. */
extern void api_option_filters(const List *options, const char **contexts, const char **labels);

/* What options of a run say of its source, in place of what is registered. */
extern void api_put_run_options(const RunRequest *request, Scope *scope);

/* Begin and extend the result of a set-returning function. */
extern ReturnSetInfo *api_begin_rows(FunctionCallInfo fcinfo);

/* The same for a set of one scalar. */
extern ReturnSetInfo *api_begin_values(FunctionCallInfo fcinfo);

extern void api_put_row(ReturnSetInfo *result, const Datum *values, const bool *nulls);

/* 2025-02-01T10:30:00.000Z; NULL for what is no time of a calendar. */
extern char *api_iso_time(TimestampTz time);

/* Put text or NULL into a column. */
extern void api_set_text(Datum *values, bool *nulls, int column, const char *text);

#endif
