/*
 * portal.c
 *	  Run one statement as the server runs one that a client sends.
 *
 * As exec_simple_query() of src/backend/tcop/postgres.c does: analyze, plan,
 * portal.
 */
#include "postgres.h"

#include "parser/analyze.h"
#include "tcop/cmdtag.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "execute/portal.h"

static Portal start(RawStmt *raw, const char *query);

void
portal_execute(RawStmt *raw, const char *query, bool top_level)
{
	Portal		portal = start(raw, query);
	QueryCompletion completion;

	(void) portal_run(portal, FETCH_ALL, top_level, None_Receiver, None_Receiver, &completion);
	PortalDrop(portal, false);
}

void
portal_execute_into(RawStmt *raw, const char *query, bool top_level, DestReceiver *receiver)
{
	Portal		portal = start(raw, query);
	QueryCompletion completion;

	if (portal->tupDesc != NULL)
		(void) portal_run(portal, FETCH_ALL, top_level, receiver, receiver, &completion);
	PortalDrop(portal, false);
}

bool
portal_is_logged(RawStmt *raw)
{
	return log_statement != LOGSTMT_NONE &&
		(log_statement == LOGSTMT_ALL || GetCommandLogLevel((Node *) raw) <= log_statement);
}

static Portal
start(RawStmt *raw, const char *query)
{
	List	   *queries,
			   *plans;
	Portal		portal;
	bool		snapshot = analyze_requires_snapshot(raw);

	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	queries = pg_analyze_and_rewrite_fixedparams(raw, query, NULL, 0, NULL);
	plans = pg_plan_queries(queries, query, CURSOR_OPT_PARALLEL_OK, NULL);
	if (snapshot)
		PopActiveSnapshot();

	portal = CreateNewPortal();
	portal->visible = false;
	PortalDefineQuery(portal, NULL, query, CreateCommandTag(raw->stmt), plans, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	return portal;
}
