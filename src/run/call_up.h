/*
 * call_up.h
 *	  CALL migrator.up() in a background worker, where no client sends it.
 */
#ifndef MIGRATOR_RUN_CALL_UP_H
#define MIGRATOR_RUN_CALL_UP_H

#include "postgres_ext.h"
#include "utils/jsonb.h"

/* Arguments of up(), without result. */
#define CALL_UP_ARGUMENTS 10

typedef struct CallUp
{
	Datum		values[CALL_UP_ARGUMENTS];
	bool		nulls[CALL_UP_ARGUMENTS];
} CallUp;

/* Their types, as up() has them. */
extern const Oid call_up_types[CALL_UP_ARGUMENTS];

/*
 * Outside of a transaction: CALL it as a client would that sends parameters.
 * Returns its "outcome", in CurrentMemoryContext.  What the CALL raises is
 * returned in *error, reported nowhere, with no transaction in progress.
 */
extern const char *call_up(CallUp *arguments, ErrorData **error);

/* What a client's CALL would have put into the server log. */
extern void call_up_log_error(ErrorData *error);

#endif
