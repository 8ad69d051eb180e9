/*
 * checks.c
 *	  The registry of checks.
 *
 * A new check is a row here, one in docs/validate.md, and what finds it: a
 * function in plan/check_plan.c or plan/check_scripts.c, or a rule in
 * script/rules.c.
 */
#include "postgres.h"

#include "base/checks.h"
#include "base/errors.h"

static const Check checks[CHECK_LAST + 1] = {
	[CHECK_READABLE] = {
		.name = "readable",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_IO_ERROR,
		.text = "a file that cannot be opened or read, is no regular file, is too large, or lies outside of the allowed roots"
	},
	[CHECK_ENCODING] = {
		.name = "encoding",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
		.text = "bytes that are no UTF-8, NUL bytes, characters that the database's encoding lacks"
	},
	[CHECK_SYNTAX] = {
		.name = "syntax",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_SYNTAX_ERROR,
		.text = "what the server's parser refuses; unterminated quotes; psql commands; COPY TO stdout; statements that are not allowed in a script"
	},
	[CHECK_TRANSACTIONS] = {
		.name = "transactions",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_INVALID_TRANSACTION_STATE,
		.text = "ROLLBACK, SAVEPOINT, BEGIN without COMMIT, COMMIT without BEGIN, VACUUM inside BEGIN ... COMMIT"
	},
	[CHECK_DIRECTIVES] = {
		.name = "directives",
		.severity = FINDING_WARNING,
		.sqlstate = ERRCODE_INVALID_PARAMETER_VALUE,
		.text = "\"-- migrator:\" with an unknown word",
		.may_lower = true
	},
	[CHECK_VARIABLES] = {
		.name = "variables",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_UNDEFINED_OBJECT,
		.text = "a variable without a value, in a run; \":{?name}\"; \"-- migrator: variables\" behind the first statement"
	},
	[CHECK_VARIABLES_LATER] = {
		.name = "variables",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_UNDEFINED_OBJECT,
		.text = "a variable whose value a run has to be given"
	},
	[CHECK_MARKS] = {
		.name = "marks",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
		.text = "a mark by which another tool divides its scripts"
	},
	[CHECK_NAMES_IGNORED] = {
		.name = "names",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
		.text = "ignored entries, with the reason"
	},
	[CHECK_NAMES_IGNORED_SQL] = {
		.name = "names",
		.severity = FINDING_WARNING,
		.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
		.text = "ignored entries that look like SQL"
	},
	[CHECK_NAMES_REFUSED] = {
		.name = "names",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
		.text = "names that may be meant to run and cannot"
	},
	[CHECK_DUPLICATES] = {
		.name = "duplicates",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_MIGRATOR_DUPLICATE_VERSION,
		.text = "two files of one version"
	},
	[CHECK_DUPLICATES_ELSEWHERE] = {
		.name = "duplicates",
		.severity = FINDING_WARNING,
		.sqlstate = ERRCODE_MIGRATOR_DUPLICATE_VERSION,
		.text = "the same, where one of them is of another environment"
	},
	[CHECK_ENVIRONMENTS] = {
		.name = "environments",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
		.text = "no environment chosen, or an unknown one; what is wrong in environments.json; its lists against the folders"
	},
	[CHECK_ENVIRONMENTS_ELSEWHERE] = {
		.name = "environments",
		.severity = FINDING_WARNING,
		.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
		.text = "lists against folders, of other environments"
	},
	[CHECK_HOOKS] = {
		.name = "hooks",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_FEATURE_NOT_SUPPORTED,
		.text = "hooks, bootstrap.sql and seed.sql that cannot run: names that are none, no such version, two for one event, transactions"
	},
	[CHECK_LAYOUT] = {
		.name = "layout",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
		.text = "the layout is not the one of the record; the source is not the registered one"
	},
	[CHECK_CHECKSUMS_REFORMATTED] = {
		.name = "checksums",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_MIGRATOR_MODIFIED,
		.text = "applied files that were reformatted",
		.of_record = true
	},
	[CHECK_CHECKSUMS_MODIFIED] = {
		.name = "checksums",
		.severity = FINDING_WARNING,
		.sqlstate = ERRCODE_MIGRATOR_MODIFIED,
		.text = "applied files that were modified",
		.of_record = true
	},
	[CHECK_CHECKSUMS_OTHER_FILE] = {
		.name = "checksums",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
		.text = "a version that was applied from another file with other statements"
	},
	[CHECK_MISSING] = {
		.name = "missing",
		.severity = FINDING_WARNING,
		.sqlstate = ERRCODE_UNDEFINED_FILE,
		.text = "applied migrations without a file",
		.of_record = true
	},
	[CHECK_LATE] = {
		.name = "late",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_MIGRATOR_LATE,
		.text = "pending migrations that sort before an applied one"
	},
	[CHECK_LATE_ALLOWED] = {
		.name = "late",
		.severity = FINDING_WARNING,
		.sqlstate = ERRCODE_MIGRATOR_LATE,
		.text = "the same with migrator.late = allow"
	},
	[CHECK_GROUPS] = {
		.name = "groups",
		.severity = FINDING_OK,
		.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
		.text = "how many migrations there are, and how many of them have a down script"
	},
	[CHECK_DOWN_SCRIPTS] = {
		.name = "down_scripts",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_MIGRATOR_IRREVERSIBLE,
		.text = "migrations without a down script, one row for each; one row in all if there is none",
		.may_lower = true
	},
	[CHECK_NON_TRANSACTIONAL] = {
		.name = "non_transactional",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_ACTIVE_SQL_TRANSACTION,
		.text = "pending scripts that up runs part by part, and why",
		.may_lower = true
	},
	[CHECK_DESTRUCTIVE_ALLOWED] = {
		.name = "destructive",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_MIGRATOR_DESTRUCTIVE,
		.text = "statements of pending scripts that lose data or objects, where allow_destructive_operations = true",
		.may_lower = true
	},
	[CHECK_DESTRUCTIVE] = {
		.name = "destructive",
		.severity = FINDING_WARNING,
		.sqlstate = ERRCODE_MIGRATOR_DESTRUCTIVE,
		.text = "the same where nothing is said of it; DO blocks that may hide one, and what only a run knows",
		.may_lower = true
	},
	[CHECK_DESTRUCTIVE_REFUSED] = {
		.name = "destructive",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_MIGRATOR_DESTRUCTIVE,
		.text = "the same where allow_destructive_operations = false"
	},
	[CHECK_CASCADE] = {
		.name = "cascade",
		.severity = FINDING_WARNING,
		.sqlstate = ERRCODE_MIGRATOR_DESTRUCTIVE,
		.text = "DROP ... CASCADE, TRUNCATE ... CASCADE",
		.may_lower = true,
		.is_lint = true
	},
	[CHECK_NO_WHERE] = {
		.name = "no_where",
		.severity = FINDING_WARNING,
		.sqlstate = ERRCODE_MIGRATOR_DESTRUCTIVE,
		.text = "DELETE and UPDATE of all rows",
		.may_lower = true,
		.is_lint = true
	},
	[CHECK_QUALIFICATION] = {
		.name = "qualification",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_INVALID_NAME,
		.text = "relations that are named without their schema",
		.may_lower = true,
		.is_lint = true
	},
	[CHECK_SUGGESTIONS] = {
		.name = "suggestions",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_INVALID_OBJECT_DEFINITION,
		.text = "statements that lock or rewrite a table for longer than need be; types that are regretted later",
		.may_lower = true,
		.is_lint = true
	},
	[CHECK_CHANGE_CLASS] = {
		.name = "change_class",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_MIGRATOR_DESTRUCTIVE,
		.text = "pending migrations of class care or dangerous, with the statement that makes them so",
		.may_lower = true
	},
	[CHECK_DEPENDENCIES_TABLES] = {
		.name = "dependencies",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_MIGRATOR_DEPENDENCY,
		.text = "tables that a script touches and affects_tables lacks, and the reverse",
		.may_lower = true
	},
	[CHECK_DEPENDENCIES] = {
		.name = "dependencies",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_MIGRATOR_DEPENDENCY,
		.text = "a dependencies.json that cannot be followed; dependencies that do not exist; rings; what needs a manual migration that is not applied"
	},
	[CHECK_DEPENDENCY_DEPTH] = {
		.name = "dependency_depth",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_MIGRATOR_DEPENDENCY,
		.text = "migrations before which more than four others must come, one after the other",
		.may_lower = true
	},
	[CHECK_ORPHANS_FILE] = {
		.name = "orphans",
		.severity = FINDING_INFO,
		.sqlstate = ERRCODE_MIGRATOR_DEPENDENCY,
		.text = "files without an entry in dependencies.json",
		.may_lower = true
	},
	[CHECK_ORPHANS_ENTRY] = {
		.name = "orphans",
		.severity = FINDING_WARNING,
		.sqlstate = ERRCODE_MIGRATOR_DEPENDENCY,
		.text = "entries of dependencies.json without a file",
		.may_lower = true,
		.of_record = true
	},
	[CHECK_CROSS_SERVICE] = {
		.name = "cross_service",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_MIGRATOR_BLOCKED,
		.text = "pending migrations that need one of another service which is not applied"
	},
	[CHECK_INTERRUPTED] = {
		.name = "interrupted",
		.severity = FINDING_ERROR,
		.sqlstate = ERRCODE_MIGRATOR_INTERRUPTED,
		.text = "migrations that stopped half-way, for a run that cannot resume them",
		.of_runs = true
	}
};

const Check *
check_row(CheckId id)
{
	Assert(id >= CHECK_FIRST && id <= CHECK_LAST);
	return &checks[id];
}

FindingSeverity
check_severity(const CheckSettings *settings, CheckId id)
{
	return settings != NULL && settings->is_set[id] ? settings->severity[id] : check_row(id)->severity;
}

const char *
check_severity_name(FindingSeverity severity)
{
	switch (severity)
	{
		case FINDING_OFF:
			return "off";
		case FINDING_OK:
			return "ok";
		case FINDING_INFO:
			return "info";
		case FINDING_WARNING:
			return "warning";
		case FINDING_ERROR:
			return "error";
	}
	return "unknown";
}
