/*
 * report.h
 *	  One page of HTML about the migrations of a database.
 */
#ifndef MIGRATOR_WATCH_REPORT_H
#define MIGRATOR_WATCH_REPORT_H

/*
 * The page, palloc'd: of a service, or (NULL) of all that the caller may see.
 * Raises what report_collect() does.
 */
extern char *report_page(const char *service);

#endif
