/*
 * html.c
 *	  Text as it may stand in a page of HTML, which is XML at the same time.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/timestamp.h"

#include "watch/html.h"

#define REPLACEMENT 0xFFFD

static char *to_utf8(const char *text);
static char *convert(const char *text, size_t length);
static void append_character(StringInfo page, pg_wchar c);
static bool is_unfit(pg_wchar c);

void
html_text(StringInfo page, const char *text)
{
	html_text_cut(page, text, INT_MAX);
}

void
html_text_cut(StringInfo page, const char *text, int characters)
{
	const unsigned char *c;

	if (text == NULL)
		return;
	for (c = (const unsigned char *) to_utf8(text); *c != '\0' && characters > 0; c += pg_utf_mblen(c), characters--)
		append_character(page, utf8_to_unicode(c));
	if (*c != '\0')
		appendStringInfoString(page, "&#8230;");
}

/*
 * Conversion would raise an error for what the database's encoding holds and
 * UTF-8 does not, or for bytes of no encoding in an SQL_ASCII database.
 */
static char *
to_utf8(const char *text)
{
	size_t		length = strlen(text);

	if (GetDatabaseEncoding() == PG_UTF8)
		return unconstify(char *, text);
	if (GetDatabaseEncoding() != PG_SQL_ASCII)
		return convert(text, length);
	if (!pg_verify_mbstr(PG_UTF8, text, length, true))
	{
		char	   *ascii = pstrdup(text);

		for (char *c = ascii; *c != '\0'; c++)
			if (IS_HIGHBIT_SET(*c))
				*c = '?';
		return ascii;
	}
	return unconstify(char *, text);
}

/* Character by character where all at once does not go. */
static char *
convert(const char *text, size_t length)
{
	int			encoding = GetDatabaseEncoding();
	Oid			conversion = FindDefaultConversionProc(encoding, PG_UTF8);
	StringInfoData utf8;

	initStringInfo(&utf8);
	while (length > 0)
	{
		int			piece = Min(length, 1024);
		unsigned char out[1024 * MAX_CONVERSION_GROWTH + 1];
		int			done;

		piece = pg_mbcliplen(text, length, piece);
		done = OidIsValid(conversion) ?
			pg_do_encoding_conversion_buf(conversion, encoding, PG_UTF8, (unsigned char *) unconstify(char *, text),
										  piece, out, sizeof(out), true) : 0;
		if (done > 0)
			appendStringInfoString(&utf8, (char *) out);
		else
		{
			done = Max(pg_mbcliplen(text, length, pg_mblen(text)), 1);
			appendStringInfoString(&utf8, "\xEF\xBF\xBD");
		}
		text += done;
		length -= done;
	}
	return utf8.data;
}

static void
append_character(StringInfo page, pg_wchar c)
{
	if (c == '\t' || c == '\n' || c == '\r')
		appendStringInfo(page, "&#%u;", c);
	else if (c < ' ')
		appendStringInfo(page, "&#%u;", 0x2400 + c);	/* a picture of it */
	else if (c == 0x7F)
		appendStringInfoString(page, "&#9249;");
	else if (is_unfit(c))
		appendStringInfo(page, "&#%u;", REPLACEMENT);
	else if (c > 0x7F || strchr("<>&\"'", (char) c) != NULL)
		appendStringInfo(page, "&#%u;", c);
	else
		appendStringInfoChar(page, (char) c);
}

/*
 * What XML does not have, what HTML reads as something else (the second set of
 * control characters), and what turns text round or hides it.
 */
static bool
is_unfit(pg_wchar c)
{
	return (c >= 0x80 && c <= 0x9F) || (c >= 0xD800 && c <= 0xDFFF) || (c & 0xFFFE) == 0xFFFE || c > 0x10FFFF ||
		c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) ||
		c == 0x2028 || c == 0x2029 || c == 0xFEFF || (c >= 0xE0000 && c <= 0xE007F);
}

void
html_time(StringInfo page, TimestampTz time)
{
	struct pg_tm tm;
	fsec_t		fraction;
	int			zone;
	const char *zone_name;

	if (time == 0)
		appendStringInfoString(page, "&#8211;");
	else if (timestamp2tm(time, &zone, &tm, &fraction, &zone_name, NULL) == 0)
	{
		appendStringInfo(page, "<time>%04d-%02d-%02d %02d:%02d:%02d ", tm.tm_year, tm.tm_mon, tm.tm_mday,
						 tm.tm_hour, tm.tm_min, tm.tm_sec);
		html_text(page, zone_name);
		appendStringInfoString(page, "</time>");
	}
}

void
html_duration(StringInfo page, double ms)
{
	int64		seconds = (int64) rint(ms / 1000);

	if (ms < 0)
		appendStringInfoString(page, "&#8211;");
	else if (ms < 10)
		appendStringInfo(page, "%.1f&#160;ms", ms);
	else if (ms < 999.5)
		appendStringInfo(page, "%.0f&#160;ms", ms);
	else if (ms < 59950)
		appendStringInfo(page, "%.1f&#160;s", ms / 1000);
	else if (seconds < 3600)
		appendStringInfo(page, INT64_FORMAT "&#160;min&#160;" INT64_FORMAT "&#160;s", seconds / 60, seconds % 60);
	else
		appendStringInfo(page, INT64_FORMAT "&#160;h&#160;" INT64_FORMAT "&#160;min", seconds / 3600, seconds % 3600 / 60);
}

void
html_number(StringInfo page, int64 number)
{
	char	   *digits = psprintf(INT64_FORMAT, number);
	int			length = strlen(digits);

	for (int i = 0; i < length; i++)
	{
		if (i > 0 && digits[i - 1] != '-' && (length - i) % 3 == 0)
			appendStringInfoChar(page, ',');
		appendStringInfoChar(page, digits[i]);
	}
}
