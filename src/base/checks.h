/*
 * checks.h
 *	  The registry of checks: everything that is ever found wrong belongs to one
 *	  of these rows.
 *
 * A check of one name may find several cases of different weight, which are
 * rows of their own, one behind the other.  The table in docs/validate.md has
 * the same rows; test/checks.pl compares.
 */
#ifndef MIGRATOR_BASE_CHECKS_H
#define MIGRATOR_BASE_CHECKS_H

typedef enum FindingSeverity
{
	FINDING_OFF,				/* not worth a word; or not known yet */
	FINDING_OK,
	FINDING_INFO,
	FINDING_WARNING,
	FINDING_ERROR
} FindingSeverity;

/*
 * In the order in which validate() shows them.  0 is none: a finding that names
 * no check is a mistake.
 */
typedef enum CheckId
{
	CHECK_READABLE = 1,
	CHECK_ENCODING,
	CHECK_SYNTAX,
	CHECK_TRANSACTIONS,
	CHECK_DIRECTIVES,
	CHECK_VARIABLES,
	CHECK_VARIABLES_LATER,
	CHECK_MARKS,
	CHECK_NAMES_IGNORED,
	CHECK_NAMES_IGNORED_SQL,
	CHECK_NAMES_REFUSED,
	CHECK_DUPLICATES,
	CHECK_DUPLICATES_ELSEWHERE,
	CHECK_ENVIRONMENTS,
	CHECK_ENVIRONMENTS_ELSEWHERE,
	CHECK_HOOKS,
	CHECK_LAYOUT,
	CHECK_CHECKSUMS_REFORMATTED,
	CHECK_CHECKSUMS_MODIFIED,
	CHECK_CHECKSUMS_OTHER_FILE,
	CHECK_MISSING,
	CHECK_LATE,
	CHECK_LATE_ALLOWED,
	CHECK_GROUPS,
	CHECK_DOWN_SCRIPTS,
	CHECK_NON_TRANSACTIONAL,
	CHECK_DEPENDENCIES_TABLES,
	CHECK_DEPENDENCIES,
	CHECK_DEPENDENCY_DEPTH,
	CHECK_ORPHANS_FILE,
	CHECK_ORPHANS_ENTRY,
	CHECK_CROSS_SERVICE,
	CHECK_DESTRUCTIVE_ALLOWED,
	CHECK_DESTRUCTIVE,
	CHECK_DESTRUCTIVE_REFUSED,
	CHECK_CASCADE,
	CHECK_NO_WHERE,
	CHECK_QUALIFICATION,
	CHECK_SUGGESTIONS,
	CHECK_CHANGE_CLASS,
	CHECK_INTERRUPTED
} CheckId;

#define CHECK_FIRST CHECK_READABLE
#define CHECK_LAST CHECK_INTERRUPTED

typedef struct Check
{
	const char *name;			/* stable, as in validate().check_name */
	FindingSeverity severity;	/* ask check_severity() */
	int			sqlstate;		/* of a finding that brings none of its own */
	const char *text;			/* what it finds, for people */
	bool		of_runs;		/* a run alone can find it, validate() never */
	bool		may_lower;		/* it protects nothing: configuration may make
								 * less of it, or nothing */
	bool		of_record;		/* it is of no pending migration, and made an
								 * error it stops any run */
	bool		is_lint;		/* flag skip_validation passes it over */
} Check;

extern const Check *check_row(CheckId id);

/*
 * What configuration makes of the checks, row by row; nothing where all is
 * zero.  check_settings.h fills it.
 */
typedef struct CheckSettings
{
	bool		is_set[CHECK_LAST + 1];
	FindingSeverity severity[CHECK_LAST + 1];
	bool		raises;			/* some check is an error that was none */
} CheckSettings;

/*
 * How severe a finding of this check is, by the settings or (NULL) without
 * any.  Whoever wants to know asks here.
 */
extern FindingSeverity check_severity(const CheckSettings *settings, CheckId id);

extern const char *check_severity_name(FindingSeverity severity);

#endif
