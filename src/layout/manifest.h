/*
 * manifest.h
 *	  What dependencies.json says of a source's migrations.
 *
 * Nothing is raised for what is wrong with the file: problems are collected, so
 * that validate() lists all, and whoever runs stops at the first.
 */
#ifndef MIGRATOR_LAYOUT_MANIFEST_H
#define MIGRATOR_LAYOUT_MANIFEST_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "base/version.h"
#include "layout/names.h"
#include "source/source.h"

/* What an entry needs to be applied before. */
typedef struct ManifestNeed
{
	const char *service;		/* NULL: of the same service */
	const char *version;		/* as written */
	const char *file;			/* that says so; NULL: that of the entry */
	int			line;
} ManifestNeed;

/* A table's name, taken apart as the server would. */
typedef struct ManifestTable
{
	const char *written;
	const char *schema;			/* NULL: as search_path says */
	const char *name;
	int			line;
} ManifestTable;

/* A key of "migrations".  What is not given is NULL, NIL or false. */
typedef struct ManifestEntry
{
	const char *version;		/* as written */
	const char *file;			/* that says so; NULL: the manifest's */
	int			line;
	const char *description;
	List	   *depends_on;		/* of ManifestNeed * */
	List	   *cross_service;	/* likewise */
	List	   *conflicts;		/* likewise: what another service must not
								 * have applied; of a layout's entries */
	List	   *affects_tables; /* of ManifestTable * */
	bool		declares_tables;	/* affects_tables is there, if empty */
	Interval   *estimated_duration;
	const char *risk_level;		/* low, medium, high */
	bool		rollback_safe;
	bool		tells_rollback_safe;
	const char *environment;	/* it belongs to no other one */
	int			environment_line;
	const char *reason;
	bool		manual;
} ManifestEntry;

typedef struct ManifestProblem
{
	const char *version;		/* of the entry, or NULL */
	int			line;
	int			sqlstate;
	const char *message;
	const char *detail;			/* or NULL */
	const char *hint;			/* or NULL */
} ManifestProblem;

typedef struct Manifest
{
	const char *file;			/* relative to the source */
	bool		of_layout;		/* there is no dependencies.json */
	VersionOrder order;
	int			count;
	int			own;			/* so many of them are the file's */
	ManifestEntry **entries;	/* by version, each once */
	List	   *problems;		/* of ManifestProblem *, as the file has them */
} Manifest;

/*
 * Read a file of a source.  The result lives as long as CurrentMemoryContext; it
 * may be that of an earlier read of the same bytes.
 */
extern const Manifest *manifest_read(const Source *source, const char *file, VersionOrder order);

/* The same of entries that a layout has, each with a version of its own; file is where they were found. */
extern const Manifest *manifest_of_entries(const char *file, VersionOrder order, List *entries);

/*
 * Both: what either says that a migration needs is needed.  The rest is the
 * manifest's.  What the layout alone has an entry of has a file in it.
 */
extern const Manifest *manifest_join(const Manifest *manifest, const Manifest *of_layout);

/* What of an entry says that it needs a version of its own service; NULL: nothing does. */
extern const ManifestNeed *manifest_find_need(const Manifest *manifest, const ManifestEntry *entry, const char *version);

/* Which file says so?  need may be NULL: that of the entry, then. */
extern const char *manifest_file_of(const Manifest *manifest, const ManifestEntry *entry, const ManifestNeed *need);

/*
 * Does the entry keep its migration out of an environment?  Asked with NULL,
 * where none is known, it cannot be told: false.
 */
extern bool manifest_excludes(const ManifestEntry *entry, const char *environment);

#endif
