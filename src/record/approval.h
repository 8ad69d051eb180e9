/*
 * approval.h
 *	  Which bytes of which migration may run: table "given_approvals".
 *
 * An approval stands until it is revoked or used, and it is used by the run
 * that applies the migration.
 */
#ifndef MIGRATOR_RECORD_APPROVAL_H
#define MIGRATOR_RECORD_APPROVAL_H

/* One that stands. */
typedef struct Approval
{
	const char *version;
	const char *checksum;
	const char *hooks;			/* files and checksums, "" for none */
	const char *approved_by;
} Approval;

/* Those of a service, by version. */
typedef struct ApprovalList
{
	Approval   *items;
	int			count;
	int			room;
} ApprovalList;

/*
 * Those of a version, or (NULL) all.  As they are committed now, also in a transaction with one snapshot for all of
 * its statements: a revoked one must not be had by waiting.
 */
extern ApprovalList *approval_load(const char *service, const char *version);

/* One of that version; of any checksum, and of any hooks, where they are NULL.  NULL when there is none. */
extern const Approval *approval_find(const ApprovalList *list, const Approval *like);

/* In the name of the session user. */
extern void approval_write(const char *service, const Approval *approval, const char *note);

/* All of a version that stand; false when there are none.  Numbers match as numbers. */
extern bool approval_revoke(const char *service, const char *version);

/* The run has applied what was approved; false when no such approval stands any more. */
extern bool approval_use(const char *service, const Approval *approval, int64 run_id);

#endif
