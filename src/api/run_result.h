/*
 * run_result.h
 *	  What a run gives back: rows of a function, or the JSON of a CALL.
 */
#ifndef MIGRATOR_API_RUN_RESULT_H
#define MIGRATOR_API_RUN_RESULT_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "portability/instr_time.h"

#include "run/run.h"

/* Result of a CALL while it is being made: JSON text of the rows so far. */
typedef struct CallResult
{
	bool		brief;			/* none are wanted */
	StringInfoData rows;		/* of one service */
	StringInfoData services;	/* results of those that are done */
	RunResult	sum;			/* of these */
} CallResult;

/* Reports of a run: argument is the ReturnSetInfo, or a CallResult. */
extern void run_result_put_row(const RunRow *row, void *argument);
extern void run_result_add_row(const RunRow *row, void *argument);

/* Since then. */
extern double run_result_ms(instr_time start);

/* Raise 25001 or 0A000 where a CALL cannot commit; "other" is the function that need not, or NULL. */
extern void run_result_refuse_atomic(FunctionCallInfo fcinfo, const char *name, const char *other);

/*
 * done_key: what the count of migrations is called.  items: of the list with that
 * name; NULL when none is wanted.
 */
extern char *run_result_json(const char *done_key, const char *service, const RunResult *done, const char *list,
							 const char *items, double ms);

/* What a procedure returns whose only INOUT argument is its result. */
extern Datum run_result_datum(const char *json);

#endif
