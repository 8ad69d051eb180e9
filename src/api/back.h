/*
 * back.h
 *	  What the SQL functions share that take migrations back.
 */
#ifndef MIGRATOR_API_BACK_H
#define MIGRATOR_API_BACK_H

#include "api/api.h"

/* Begin a request that goes back: settings, and argument "options". */
extern void back_api_options(FunctionCallInfo fcinfo, int n, RunRequest *request);

/* Argument "steps". */
extern void back_api_steps(FunctionCallInfo fcinfo, int n, BackRequest *back);

/* Raise 22023 when it is said twice what is to go. */
extern void back_api_require_one_choice(const BackRequest *back);

/* The scope of one service, with variables and the patterns of the request; 22023 for all of them. */
extern Scope *back_api_scope(const RunRequest *request, const char *source, const char *service,
							 const char *environment, Jsonb *variables);

#endif
