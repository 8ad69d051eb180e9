/*
 * histories.h
 *	  The tools whose histories are known: one row each.
 */
HISTORY(history_golang_migrate)
HISTORY(history_tern)
HISTORY(history_dbmate)
HISTORY(history_goose)
HISTORY(history_flyway)
HISTORY(history_prisma)
HISTORY(history_sqlx)
