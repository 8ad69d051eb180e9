/*
 * new_names.c
 *	  What a new migration's files are called.
 *
 * bin/migrator-push names files by the same rules where there is no server:
 * what changes here changes there, and t/533_push_new.pl compares the two.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/finding.h"
#include "layout/new_names.h"

#define TIME_DIGITS 14
#define DATE_DIGITS 8

static char *number_behind(const char *version);
static char *second_behind(const char *time);
static char *format_time(TimestampTz time);
static char *with_names(const char *file, const Migration *like, const char *version, const char *words);

char *
new_names_words(const char *description)
{
	char	   *words = palloc(strlen(description) + 1);
	char	   *to = words;

	for (const char *from = description; *from != '\0'; from++)
	{
		if ((*from >= 'a' && *from <= 'z') || (*from >= '0' && *from <= '9'))
			*to++ = *from;
		else if (*from >= 'A' && *from <= 'Z')
			*to++ = *from + ('a' - 'A');
		else if (to > words && to[-1] != '_')
			*to++ = '_';
	}
	if (to > words && to[-1] == '_')
		to--;
	*to = '\0';
	return to > words ? words : NULL;
}

char *
new_names_joined(const char *words, char joint)
{
	char	   *joined = pstrdup(words);

	for (char *c = joined; *c != '\0'; c++)
		if (*c == '_')
			*c = joint;
	return joined;
}

char *
new_names_number(const char *version)
{
	int			digits = version ? strlen(version) : 0;

	if (version == NULL)
		return pstrdup("000001");
	if (digits == TIME_DIGITS && layout_is_date(version, digits))
		return new_names_time(version);
	if (digits == DATE_DIGITS && layout_is_date(version, digits) && strcmp(new_names_today(), version) > 0)
		return new_names_today();
	return number_behind(version);
}

/* By its digits, so that it may have any length, and keeps its zeros. */
static char *
number_behind(const char *version)
{
	char	   *next = psprintf("0%s", version);
	char	   *digit = next + strlen(next) - 1;

	while (*digit == '9')
		*digit-- = '0';
	(*digit)++;
	return *next == '0' ? next + 1 : next;
}

char *
new_names_time(const char *version)
{
	char	   *now = format_time(GetCurrentTimestamp());
	int			digits = version ? layout_leading_digits(version) : 0;
	char	   *time = NULL;

	if (version == NULL || strncmp(now, version, TIME_DIGITS) > 0)
		return now;
	if (digits >= TIME_DIGITS && layout_is_date(version, TIME_DIGITS))
		time = second_behind(pnstrdup(version, TIME_DIGITS));
	else if (digits == DATE_DIGITS && layout_is_date(version, DATE_DIGITS))
		time = psprintf("%.*s000000", DATE_DIGITS, version);
	if (time == NULL || strcmp(time, version) <= 0)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("no time sorts behind version \"%s\"", finding_one_line(version)),
				errhint("Make the file by hand."));
	return time;
}

static char *
second_behind(const char *time)
{
	struct pg_tm tm = {0};
	Timestamp	second;

	if (sscanf(time, "%4d%2d%2d%2d%2d%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
			   &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6 ||
		tm2timestamp(&tm, 0, NULL, &second) != 0)
		return NULL;
	return format_time(second + USECS_PER_SEC);
}

static char *
format_time(TimestampTz time)
{
	struct pg_tm tm;
	fsec_t		fraction;

	if (timestamp2tm(time, NULL, &tm, &fraction, NULL, NULL) != 0 || tm.tm_year > 9999)
		return NULL;
	return psprintf("%04d%02d%02d%02d%02d%02d", tm.tm_year, tm.tm_mon, tm.tm_mday,
					tm.tm_hour, tm.tm_min, tm.tm_sec);
}

char *
new_names_today(void)
{
	return pnstrdup(format_time(GetCurrentTimestamp()), DATE_DIGITS);
}

const char *
new_names_latest_file(const NewMigration *fresh)
{
	const Migration *latest = fresh->latest;

	return latest->folder ? latest->up->file + strlen(latest->folder) + 1 : latest->up->file;
}

bool
new_names_like_latest(NewMigration *fresh)
{
	const Migration *latest = fresh->latest;
	const char *version;

	if (latest == NULL || latest->version[layout_leading_digits(latest->version)] != '\0')
		return false;
	version = new_names_number(fresh->latest_version);
	fresh->up_file = with_names(new_names_latest_file(fresh), latest, version, fresh->words);
	if (latest->down != NULL && strcmp(latest->down->file, latest->up->file) != 0)
		fresh->down_file = with_names(latest->down->file + (new_names_latest_file(fresh) - latest->up->file),
									  latest, version, fresh->words);
	return fresh->up_file != NULL && (latest->down == NULL || fresh->down_file != NULL);
}

/* A name with another version and other words; NULL where these are not in it, or in a folder that is there. */
static char *
with_names(const char *file, const Migration *like, const char *version, const char *words)
{
	const char *number = strstr(file, like->version);
	const char *slash = strchr(file, '/');
	const char *name;

	if (number == NULL || like->name[0] == '\0' || (slash != NULL && slash < number))
		return NULL;
	name = strstr(number + strlen(like->version), like->name);
	if (name == NULL)
		return NULL;
	return psprintf("%.*s%s%.*s%s%s", (int) (number - file), file, version,
					(int) (name - number - strlen(like->version)), number + strlen(like->version),
					strchr(like->name, '-') != NULL && strchr(like->name, '_') == NULL ?
					new_names_joined(words, '-') : words,
					name + strlen(like->name));
}
