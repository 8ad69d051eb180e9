/*
 * parts.h
 *	  Run a script that cannot be one transaction: part by part, each with its
 *	  mark in the record.
 *
 * A part is a BEGIN ... COMMIT, or a statement outside of one.  An ordinary
 * part commits together with its mark, so it happens exactly once.  A statement
 * that refuses a transaction block gets a mark "started" first; when a run
 * finds one, the catalog decides (resume.h).  A DO or CALL that commits within
 * is no single act: it is run again from its beginning.
 *
 * What the finished parts changed of the session's settings, by whatever means,
 * stands beside the mark: the rest of the script is run with these values, or
 * not at all.
 */
#ifndef MIGRATOR_EXECUTE_PARTS_H
#define MIGRATOR_EXECUTE_PARTS_H

#include "execute/execute.h"

typedef struct Parts
{
	const char *service;
	const char *version;		/* as on record */
	int64		run_id;
	Execution  *execution;

	/* what the script began with */
	SessionSettings *settings;
	const char *role;
	const char *search_path;

	/* where it stands; kept up to date, for the record of a failure */
	int			done;			/* statements */
	int			started;		/* number of the one started, 0: none */
	bool		retry;			/* an earlier attempt started a statement that
								 * may have left something */
	char		done_digest[SHA256_HEX_LENGTH + 1]; /* of those done */
	char	   *late;			/* JSON, of what results have set by the end
								 * of those done, or NULL */
	char	   *reindex;		/* JSON, of a REINDEX CONCURRENTLY started, or
								 * NULL */
} Parts;

/*
 * Run what is left.  Begins and ends in a transaction without a snapshot.
 * recorded_digest is that of the record, or NULL at the first try.  Raises the
 * script's errors, and MG011 when it cannot be told where to go on, or the
 * session cannot be made what it was for the parts that are done.
 */
extern void parts_run(Parts *parts, const char *recorded_digest);

#endif
