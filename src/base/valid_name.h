/*
 * valid_name.h
 *	  What may be the name of a service, or of an environment.
 */
#ifndef MIGRATOR_BASE_VALID_NAME_H
#define MIGRATOR_BASE_VALID_NAME_H

/* so that NAME_schema_migrations is an identifier */
#define SERVICE_NAME_AT_MOST 45

/* Is it lower-case letters, digits, "_" and "-", a letter first, and not too long? */
extern bool valid_service_name(const char *name);

/* The same, as long as an identifier may be. */
extern bool valid_environment_name(const char *name);

#endif
