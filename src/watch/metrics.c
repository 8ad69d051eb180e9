/*
 * metrics.c
 *	  Numbers about services for those who draw curves and raise alarms.
 *
 * What a service is now comes from health.c.  What has happened is summed up over
 * the whole of "runs" and "history", in one pass over each: so it costs in
 * proportion to their rows, and no more state has to be kept anywhere.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/owner_query.h"
#include "base/settings.h"
#include "watch/health.h"
#include "watch/metrics.h"

typedef enum FamilyId
{
	METRIC_INFO,
	METRIC_APPLIED,
	METRIC_PENDING,
	METRIC_FAILED,
	METRIC_INTERRUPTED,
	METRIC_STATUS,
	METRIC_DURATION,
	METRIC_RUNS,
	METRIC_LAST_RUN_TIME,
	METRIC_LAST_RUN_DURATION,
	METRIC_LAST_RUN_SUCCESS,
	METRIC_LAST_SUCCESS_TIME,
	METRIC_LOCK_HELD,
	METRIC_LOCK_WAITS,
	METRIC_LOCK_WAIT_TIME,
	METRIC_LOCK_RETRIES,
	METRIC_SLOW,
	METRIC_DRIFT,
	METRIC_FAMILIES
} FamilyId;

static const MetricFamily families[METRIC_FAMILIES] = {
	[METRIC_INFO] = {"migrator_extension_info", "gauge", "The version of the extension, and the database; always 1."},
	[METRIC_APPLIED] = {"migrator_migrations_applied", "gauge", "Migrations that are applied."},
	[METRIC_PENDING] = {"migrator_migrations_pending", "gauge", "Migrations that a run would apply; no sample where the source cannot be read."},
	[METRIC_FAILED] = {"migrator_migrations_failed", "gauge", "Migrations whose last attempt failed."},
	[METRIC_INTERRUPTED] = {"migrator_migrations_interrupted", "gauge", "Migrations that were interrupted, or are partly rolled back."},
	[METRIC_STATUS] = {"migrator_health_status", "gauge", "1 for the status that health() tells, 0 for the others."},
	[METRIC_DURATION] = {"migrator_migration_duration_seconds", "histogram", "How long migrations took that were applied."},
	[METRIC_RUNS] = {"migrator_runs_total", "counter", "Runs that have ended."},
	[METRIC_LAST_RUN_TIME] = {"migrator_last_run_timestamp_seconds", "gauge", "When the last run began, in seconds since 1970."},
	[METRIC_LAST_RUN_DURATION] = {"migrator_last_run_duration_seconds", "gauge", "How long the last run took, or has taken until now."},
	[METRIC_LAST_RUN_SUCCESS] = {"migrator_last_run_success", "gauge", "1 when the last run did not fail, else 0; no sample while it is going on."},
	[METRIC_LAST_SUCCESS_TIME] = {"migrator_last_success_timestamp_seconds", "gauge", "When a run last ended that applied migrations, in seconds since 1970."},
	[METRIC_LOCK_HELD] = {"migrator_lock_held", "gauge", "1 while somebody keeps runs from beginning, else 0."},
	[METRIC_LOCK_WAITS] = {"migrator_lock_waits_total", "counter", "Runs that had to wait for the lock of the service."},
	[METRIC_LOCK_WAIT_TIME] = {"migrator_lock_wait_seconds_total", "counter", "How long they waited."},
	[METRIC_LOCK_RETRIES] = {"migrator_lock_retries_total", "counter", "Attempts that were repeated since a migration did not get a lock."},
	[METRIC_SLOW] = {"migrator_migrations_slow", "gauge", "Applied migrations that took longer than migrator.slow_threshold."},
	[METRIC_DRIFT] = {"migrator_drift_objects", "gauge", "Objects that are not as runs left them, as the last run found them, or as they are now where migrator.check_schema is on."},
};

/* ms; the query below has them, too */
static const double bounds[] = {10, 50, 100, 500, 1000, 5000, 10000, 30000, 60000, 300000, 1800000};
static const char *const bound_labels[] = {"0.01", "0.05", "0.1", "0.5", "1", "5", "10", "30", "60", "300", "1800"};

/* Filled while the record is read. */
typedef struct Collection
{
	MetricFamily *families;
	MemoryContext context;
	List	   *services;		/* of ServiceHealth * */
	List	   *histograms;		/* of Histogram * */
	List	   *run_sums;		/* of RunSums * */
} Collection;

typedef struct Histogram
{
	char	   *service;
	double		within[lengthof(bounds)];	/* so many are not above the bound */
	double		count;
	double		sum;			/* ms */
} Histogram;

typedef struct RunSums
{
	char	   *service;
	double		waits;
	double		wait_ms;
	double		retries;
	TimestampTz last_success;	/* 0: never */
} RunSums;

static void collect_health(Collection *all);
static void collect_durations(Collection *all);
static void take_durations(const Datum *values, const bool *nulls, void *argument);
static Histogram *histogram_of(Collection *all, const char *service);
static void collect_runs(Collection *all);
static void take_runs(const Datum *values, const bool *nulls, void *argument);
static RunSums *sums_of(Collection *all, const char *service);
static void collect_drift(Collection *all);
static void take_drift(const Datum *values, const bool *nulls, void *argument);
static MetricSample *add(Collection *all, FamilyId family, const char *service, double value);
static void add_label(MetricSample *sample, const char *name, const char *value);
static double seconds(TimestampTz time);

List *
metrics_collect(void)
{
	Collection	all = {.families = palloc(sizeof(families)),.context = CurrentMemoryContext};
	List	   *result = NIL;
	MetricSample *info;

	memcpy(all.families, families, sizeof(families));
	info = add(&all, METRIC_INFO, NULL, 1);
	add_label(info, "version", MIGRATOR_VERSION);
	add_label(info, "database", get_database_name(MyDatabaseId));
	all.services = health_look(NULL, NULL);
	collect_health(&all);
	collect_durations(&all);
	collect_runs(&all);
	collect_drift(&all);
	for (int i = 0; i < METRIC_FAMILIES; i++)
		result = lappend(result, &all.families[i]);
	return result;
}

/* What is not known has no sample. */
static void
collect_health(Collection *all)
{
	ListCell   *lc;

	foreach(lc, all->services)
	{
		const ServiceHealth *health = lfirst(lc);
		const LastRun *run = health->last_run;

		if (health->applied >= 0)
			add(all, METRIC_APPLIED, health->service, health->applied);
		if (health->pending >= 0)
			add(all, METRIC_PENDING, health->service, health->pending);
		if (health->failed >= 0)
			add(all, METRIC_FAILED, health->service, health->failed);
		if (health->interrupted >= 0)
			add(all, METRIC_INTERRUPTED, health->service, health->interrupted);
		if (health->slow >= 0)
			add(all, METRIC_SLOW, health->service, health->slow);
		for (int status = HEALTH_HEALTHY; status <= HEALTH_UNHEALTHY; status++)
			add_label(add(all, METRIC_STATUS, health->service, health->status == (HealthStatus) status),
					  "status", health_status_name(status));
		add(all, METRIC_LOCK_HELD, health->service, health->lock != NULL);
		if (run != NULL)
		{
			TimestampTz end = run->finished_at != 0 ? run->finished_at : GetCurrentTimestamp();

			add(all, METRIC_LAST_RUN_TIME, health->service, seconds(run->started_at));
			add(all, METRIC_LAST_RUN_DURATION, health->service, (end - run->started_at) / (double) USECS_PER_SEC);
			if (run->finished_at != 0)
				add(all, METRIC_LAST_RUN_SUCCESS, health->service,
					strcmp(run->outcome, "failed") != 0 && strcmp(run->outcome, "interrupted") != 0);
		}
	}
}

/* bounds, negative and so turned round: a time that is a bound belongs below it */
static void
collect_durations(Collection *all)
{
	static OwnerQuery query = {
		"SELECT service, pg_catalog.width_bucket(- execution_time_ms, '{-1800000,-300000,-60000,-30000,-10000,-5000,"
		"-1000,-500,-100,-50,-10}'::pg_catalog.float8[]),"
		" pg_catalog.count(*)::pg_catalog.float8, pg_catalog.sum(execution_time_ms)"
		" FROM migrator.history WHERE event = 'applied' AND execution_time_ms IS NOT NULL GROUP BY 1, 2",
		0
	};
	ListCell   *lc;

	owner_query_scan(&query, NULL, InvalidSnapshot, take_durations, all);
	foreach(lc, all->histograms)
	{
		const Histogram *histogram = lfirst(lc);

		for (int i = 0; i <= lengthof(bounds); i++)
		{
			MetricSample *bucket = add(all, METRIC_DURATION, histogram->service,
									   i < lengthof(bounds) ? histogram->within[i] : histogram->count);

			bucket->suffix = "_bucket";
			add_label(bucket, "le", i < lengthof(bounds) ? bound_labels[i] : "+Inf");
		}
		add(all, METRIC_DURATION, histogram->service, histogram->sum / 1000)->suffix = "_sum";
		add(all, METRIC_DURATION, histogram->service, histogram->count)->suffix = "_count";
	}
}

static void
take_durations(const Datum *values, const bool *nulls, void *argument)
{
	Collection *all = argument;
	MemoryContext old = MemoryContextSwitchTo(all->context);
	Histogram  *histogram = histogram_of(all, TextDatumGetCString(values[0]));
	int			bounds_above = DatumGetInt32(values[1]);
	double		count = DatumGetFloat8(values[2]);

	histogram->count += count;
	histogram->sum += DatumGetFloat8(values[3]);
	for (int i = lengthof(bounds) - bounds_above; i < lengthof(bounds); i++)
		histogram->within[i] += count;
	MemoryContextSwitchTo(old);
}

static Histogram *
histogram_of(Collection *all, const char *service)
{
	Histogram  *histogram;
	ListCell   *lc;

	foreach(lc, all->histograms)
	{
		histogram = lfirst(lc);
		if (strcmp(histogram->service, service) == 0)
			return histogram;
	}
	histogram = palloc0(sizeof(Histogram));
	histogram->service = pstrdup(service);
	all->histograms = lappend(all->histograms, histogram);
	return histogram;
}

static void
collect_runs(Collection *all)
{
	static OwnerQuery query = {
		"SELECT service, kind, COALESCE(outcome, ''), pg_catalog.count(*)::pg_catalog.float8,"
		" pg_catalog.count(*) FILTER (WHERE lock_wait_ms OPERATOR(pg_catalog.>) 0)::pg_catalog.float8,"
		" COALESCE(pg_catalog.sum(lock_wait_ms), 0), COALESCE(pg_catalog.sum(lock_retries), 0)::pg_catalog.float8,"
		" pg_catalog.max(finished_at)"
		" FROM migrator.runs WHERE finished_at IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
		0
	};
	ListCell   *lc;

	owner_query_scan(&query, NULL, InvalidSnapshot, take_runs, all);
	foreach(lc, all->run_sums)
	{
		const RunSums *sums = lfirst(lc);

		add(all, METRIC_LOCK_WAITS, sums->service, sums->waits);
		add(all, METRIC_LOCK_WAIT_TIME, sums->service, sums->wait_ms / 1000);
		add(all, METRIC_LOCK_RETRIES, sums->service, sums->retries);
		if (sums->last_success != 0)
			add(all, METRIC_LAST_SUCCESS_TIME, sums->service, seconds(sums->last_success));
	}
}

static void
take_runs(const Datum *values, const bool *nulls, void *argument)
{
	Collection *all = argument;
	MemoryContext old = MemoryContextSwitchTo(all->context);
	const char *service = TextDatumGetCString(values[0]);
	const char *outcome = TextDatumGetCString(values[2]);
	MetricSample *runs = add(all, METRIC_RUNS, service, DatumGetFloat8(values[3]));
	RunSums    *sums = sums_of(all, service);

	add_label(runs, "kind", TextDatumGetCString(values[1]));
	add_label(runs, "outcome", outcome);
	sums->waits += DatumGetFloat8(values[4]);
	sums->wait_ms += DatumGetFloat8(values[5]);
	sums->retries += DatumGetFloat8(values[6]);
	if (strcmp(outcome, "applied") == 0)
		sums->last_success = Max(sums->last_success, DatumGetTimestampTz(values[7]));
	MemoryContextSwitchTo(old);
}

/* Those of one service come one after the other. */
static RunSums *
sums_of(Collection *all, const char *service)
{
	RunSums    *sums = all->run_sums != NIL ? llast(all->run_sums) : NULL;

	if (sums != NULL && strcmp(sums->service, service) == 0)
		return sums;
	sums = palloc0(sizeof(RunSums));
	sums->service = pstrdup(service);
	all->run_sums = lappend(all->run_sums, sums);
	return sums;
}

static void
collect_drift(Collection *all)
{
	static OwnerQuery query = {
		"SELECT t.service, pg_catalog.count(s.object)::pg_catalog.float8"
		" FROM migrator.tracked_services t LEFT JOIN migrator.schema_state s"
		" ON s.drifted AND s.home OPERATOR(pg_catalog.=) ANY (t.homes) GROUP BY 1 ORDER BY 1",
		0
	};

	owner_query_scan(&query, NULL, InvalidSnapshot, take_drift, all);
}

static void
take_drift(const Datum *values, const bool *nulls, void *argument)
{
	Collection *all = argument;
	MemoryContext old = MemoryContextSwitchTo(all->context);
	const char *service = TextDatumGetCString(values[0]);
	double		objects = DatumGetFloat8(values[1]);
	ListCell   *lc;

	foreach(lc, all->services)
	{
		const ServiceHealth *health = lfirst(lc);

		if (strcmp(health->service, service) == 0 && health->drift >= 0)
			objects = health->drift;
	}
	add(all, METRIC_DRIFT, service, objects);
	MemoryContextSwitchTo(old);
}

static MetricSample *
add(Collection *all, FamilyId family, const char *service, double value)
{
	MetricSample *sample = palloc0(sizeof(MetricSample));

	sample->suffix = "";
	sample->value = value;
	if (service != NULL)
		add_label(sample, "service", service);
	all->families[family].samples = lappend(all->families[family].samples, sample);
	return sample;
}

static void
add_label(MetricSample *sample, const char *name, const char *value)
{
	int			i = 0;

	while (i < METRIC_LABELS && sample->labels[i][0] != NULL)
		i++;
	Assert(i < METRIC_LABELS);
	sample->labels[i][0] = name;
	sample->labels[i][1] = value;
}

/* since 1970 */
static double
seconds(TimestampTz time)
{
	return time / (double) USECS_PER_SEC + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (double) SECS_PER_DAY;
}
