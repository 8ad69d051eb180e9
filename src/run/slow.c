/*
 * slow.c
 *	  Migrations that took long.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/finding.h"
#include "base/settings.h"
#include "run/slow.h"

static double interval_ms(const Interval *interval);

/* One WARNING at most: that a migration is slow says more than that it is slower than expected. */
void
slow_warn(const Step *step, UnitDirection direction, double ms)
{
	const ManifestEntry *entry = direction == UNIT_UP ? step->entry : NULL;
	const Interval *estimated = entry ? entry->estimated_duration : NULL;
	const char *version = finding_one_line(step->version);
	const char *expected = estimated ? DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(estimated))) : NULL;

	if (migrator_slow_threshold >= 0 && ms > migrator_slow_threshold)
		ereport(WARNING,
				errmsg("migration \"%s\" is slow: it took %.3f ms", version, ms),
				expected ?
				errdetail("migrator.slow_threshold is %s, its estimated duration %s.",
						  GetConfigOptionByName("migrator.slow_threshold", NULL, false), expected) :
				errdetail("migrator.slow_threshold is %s.", GetConfigOptionByName("migrator.slow_threshold", NULL, false)));
	else if (estimated != NULL && ms > interval_ms(estimated))
		ereport(WARNING,
				errmsg("migration \"%s\" took longer than its estimated duration, %s", version, expected),
				errdetail("It took %.3f ms.", ms));
}

static double
interval_ms(const Interval *interval)
{
	return interval->time / 1000.0 +
		(interval->day + interval->month * (double) DAYS_PER_MONTH) * SECS_PER_DAY * 1000.0;
}
