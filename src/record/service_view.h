/*
 * service_view.h
 *	  A registered service's view of its own migrations.
 */
#ifndef MIGRATOR_RECORD_SERVICE_VIEW_H
#define MIGRATOR_RECORD_SERVICE_VIEW_H

/*
 * Make the view <service>_schema_migrations in a schema, and drop the one in the
 * schema that it was in before; NULL: the extension's own.  Raises 42P07 where
 * something of that name is there that is not ours.
 */
extern void record_make_service_view(const char *service, const char *schema, const char *old_schema);
extern void record_drop_service_view(const char *service, const char *schema);

/* Raise 3F000 or 42501 unless the caller could make it there himself, 22023 for a schema of the system's. */
extern void record_check_view_schema(const char *schema);

/* Name of that view. */
extern char *record_service_view_name(const char *service);

#endif
