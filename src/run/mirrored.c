/*
 * mirrored.c
 *	  What a change of the record makes of the table of another tool.
 */
#include "postgres.h"

#include "run/mirrored.h"

void
mirrored_write(Mirror *mirror, const Survey *survey, const Step *step, MirrorChange change, double ms)
{
	MirrorRow	row = {
		.version = step->version,
		.name = step->name,
		.file = step->migration ? step->migration->up->file : step->row ? step->row->file : NULL,
		.migration = step->migration,
		.source = survey->source,
		.execution_time_ms = ms
	};

	if (mirror != NULL)
		mirror_write(mirror, change, &row);
}

void
mirrored_settle(const Survey *survey, const Step *step, MirrorChange change)
{
	const Service *registration = registration_find(survey->scope->service);
	Mirror	   *mirror = mirror_of(registration);

	if (mirror == NULL)
		return;
	registration_require_trusted(registration, "mirror");
	mirrored_write(mirror, survey, step, change, -1);
}

void
mirrored_clear(const char *service)
{
	const Service *registration = registration_find(service);
	Mirror	   *mirror = mirror_of(registration);

	if (mirror == NULL)
		return;
	registration_require_trusted(registration, "mirror");
	mirror_clear(mirror);
}
