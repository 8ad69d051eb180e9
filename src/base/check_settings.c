/*
 * check_settings.c
 *	  What configuration makes of the checks.
 */
#include "postgres.h"

#include "base/check_settings.h"
#include "base/finding.h"
#include "base/nearest.h"

static bool severity_of(const char *name, FindingSeverity *severity);
static const char *nearest_check(const char *name);
static void put(CheckSettings *settings, CheckId id, FindingSeverity severity);

static bool
severity_of(const char *name, FindingSeverity *severity)
{
	for (*severity = FINDING_OFF; *severity <= FINDING_ERROR; (*severity)++)
		if (*severity != FINDING_OK && strcmp(check_severity_name(*severity), name) == 0)
			return true;
	return false;
}

const char *
check_settings_fault(const char *check, const char *severity, const char **hint)
{
	FindingSeverity wanted;
	FindingSeverity own = FINDING_OFF;
	bool		is_known = false;
	bool		may_lower = false;

	*hint = NULL;
	for (CheckId id = CHECK_FIRST; id <= CHECK_LAST; id++)
	{
		const Check *row = check_row(id);

		if (row->of_runs || row->severity == FINDING_OK || strcmp(row->name, check) != 0)
			continue;
		is_known = true;
		may_lower |= row->may_lower;
		own = Max(own, row->severity);
	}
	if (!is_known)
	{
		const char *nearest = nearest_check(check);

		if (nearest != NULL)
			*hint = psprintf("Perhaps you meant \"%s\".", nearest);
		return psprintf("unknown check \"%s\"", finding_one_line(check));
	}
	if (!severity_of(severity, &wanted))
	{
		*hint = "Known severities: off, info, warning, error.";
		return psprintf("unknown severity \"%s\" of check \"%s\"", finding_one_line(severity), check);
	}
	if (!may_lower && wanted < own)
	{
		*hint = own == FINDING_ERROR ? "What it finds stops a run, whatever is configured." :
			psprintf("It can only be raised; without configuration it is \"%s\".", check_severity_name(own));
		return psprintf("check \"%s\" cannot be lowered to \"%s\"", check, severity);
	}
	return NULL;
}

static const char *
nearest_check(const char *name)
{
	NearestName nearest = {name};

	for (CheckId id = CHECK_FIRST; id <= CHECK_LAST; id++)
		if (!check_row(id)->of_runs && check_row(id)->severity != FINDING_OK)
			nearest_consider(&nearest, check_row(id)->name);
	return nearest.found;
}

/* Rows that protect are not lowered, whatever the others of their name are. */
static void
put(CheckSettings *settings, CheckId id, FindingSeverity severity)
{
	const Check *row = check_row(id);

	settings->is_set[id] = true;
	settings->severity[id] = row->may_lower ? severity : Max(severity, row->severity);
	settings->raises |= severity == FINDING_ERROR && row->severity < FINDING_ERROR;
}

void
check_settings_put(CheckSettings *settings, const char *check, const char *severity)
{
	FindingSeverity wanted;

	if (!severity_of(severity, &wanted))
		elog(ERROR, "unknown severity \"%s\"", severity);
	for (CheckId id = CHECK_FIRST; id <= CHECK_LAST; id++)
		if (!check_row(id)->of_runs && strcmp(check_row(id)->name, check) == 0)
			put(settings, id, wanted);
}

void
check_settings_put_floor(CheckSettings *settings, const char *check, const char *severity)
{
	FindingSeverity floor;

	if (!severity_of(severity, &floor))
		elog(ERROR, "unknown severity \"%s\"", severity);
	for (CheckId id = CHECK_FIRST; id <= CHECK_LAST; id++)
		if (!check_row(id)->of_runs && strcmp(check_row(id)->name, check) == 0)
			put(settings, id, settings->is_set[id] ? Max(settings->severity[id], floor) : floor);
}

void
check_settings_skip_lint(CheckSettings *settings)
{
	for (CheckId id = CHECK_FIRST; id <= CHECK_LAST; id++)
		if (check_row(id)->is_lint)
			put(settings, id, FINDING_OFF);
}
