/*
 * service_view.h
 *	  A registered service's view of its own migrations.
 */
#ifndef MIGRATOR_RECORD_SERVICE_VIEW_H
#define MIGRATOR_RECORD_SERVICE_VIEW_H


/* Make and drop the view <service>_schema_migrations. */
extern void record_make_service_view(const char *service);
extern void record_drop_service_view(const char *service);

/* Name of that view. */
extern char *record_service_view_name(const char *service);

#endif
