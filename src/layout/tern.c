/*
 * tern.c
 *	  tern: NUMBER_name.sql, with "---- create above / drop below ----".
 *
 * As in tern: what is above that goes up, what is below goes back, and a file
 * without it goes up as a whole.  "---- tern: disable-tx ----" is a line of its own.
 * tern divides at the words wherever they are, and fills in Go templates before
 * anything else; where that would matter, the file is refused.  So is one in which
 * nothing goes up, and a version before which one is missing, from 1: tern counts.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/nearest.h"
#include "layout/left_out.h"
#include "layout/sections.h"

#define DIVIDER "---- create above / drop below ----"
#define DISABLE_TX "---- tern: disable-tx ----"

/* So many letters make a line another one than the divider misspelt. */
#define MISSPELT_AT_MOST 5

static bool
claim_tern(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || stem < 0 || direction == 'd' || digits == 0 || digits + 1 >= stem ||
		entry->name[digits] != '_')
		return false;
	claim->version = pnstrdup(entry->name, digits);
	claim->name = pnstrdup(entry->name + digits + 1, stem - digits - 1);
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

static const char *
find_words(const FileLines *lines, const char *words)
{
	int			length = strlen(words);

	for (const char *c = lines->text; lines->end - c >= length; c++)
		if (*c == *words && memcmp(c, words, length) == 0)
			return c;
	return NULL;
}

static bool
is_line(const FileLines *lines, const char *words)
{
	return lines->end - lines->text == (int) strlen(words) && memcmp(lines->text, words, strlen(words)) == 0;
}

/* What tern passes over would go up with all that stands below it. */
static bool
is_misspelt(const FileLines *lines)
{
	NearestName nearest = {0};
	size_t		length = lines->end - lines->text;

	if (length < 2 || lines->text[0] != '-' || lines->text[1] != '-' || length > 2 * strlen(DIVIDER))
		return false;
	nearest.wanted = lines_printable(pnstrdup(lines->text, length));
	nearest_consider(&nearest, DIVIDER);
	return nearest.found != NULL && nearest.distance <= MISSPELT_AT_MOST;
}

static List *
read_tern(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	Sections	sections;
	FileLines  *lines = &sections.lines;
	bool		below = false;
	bool		any = false;	/* something goes up */
	MarkSense	sense;

	sections_begin(&sections, content, claim);
	/* what goes up begins with the file */
	sections.open = sections_unit(&sections, UNIT_UP);
	sections.from_line = 1;
	while (sections.result->fault == NULL && lines_next(lines))
	{
		if (find_words(lines, "{{") != NULL)
			sections_fault(&sections, lines->number, "tern would fill in a template here, and a database server cannot: %s", lines_quoted(lines));
		else if (is_line(lines, DISABLE_TX))
			sections_set_transactions(&sections, below ? UNIT_DOWN : UNIT_UP, UNIT_NO_TRANSACTION);
		else if (below)
			continue;
		else if (is_line(lines, DIVIDER) && !lines->after_cr)
		{
			below = true;
			sections_open(&sections, UNIT_DOWN);
		}
		else if (find_words(lines, DIVIDER) != NULL)
			sections_fault(&sections, lines->number, "tern divides the file at these words, which have to be a line of their own: %s", lines_quoted(lines));
		else if (mark_of_line(lines->text, lines->end, &sense) == MARK_OF_TERN)
			sections_fault(&sections, lines->number, "tern reads no mark in %s: it is \"%s\"", lines_quoted(lines),
						   sense == MARK_DOWN ? DIVIDER : DISABLE_TX);
		else if (is_misspelt(lines))
			sections_fault(&sections, lines->number, "tern reads no mark in %s: it is \"%s\"", lines_quoted(lines), DIVIDER);
		else
			any |= !lines_is_comment(lines);
	}
	if (!any)
		sections_fault(&sections, 1, "nothing in it goes up, which tern asks for");
	return sections_end(&sections);
}

/* Does the user call the file of this version none of ours? */
static bool
is_ignored(const MigrationSet *set, const char *version)
{
	int			length = strlen(version);
	ListCell   *lc;

	CHECK_FOR_INTERRUPTS();
	foreach(lc, set->ignored)
	{
		const IgnoredEntry *ignored = lfirst(lc);
		const char *number = ignored->file + strspn(ignored->file, "0");

		if (ignored->by_pattern && layout_leading_digits(number) == length && strncmp(number, version, length) == 0)
			return true;
	}
	return false;
}

/* Each has the one before it, from 1; what is refused is there, and two of one version are told elsewhere. */
static void
verify_tern(const Source *source, MigrationSet *set)
{
	int			wanted = 1;

	if (set->refused != NIL)
		return;
	for (int i = 0; i < set->count; i++)
	{
		const Migration *migration = set->migrations[i];
		char		number[12];

		for (;; wanted++)
		{
			snprintf(number, sizeof(number), "%d", wanted);
			if (version_matches(VERSION_ORDER_NUMBER, migration->version, number) || !is_ignored(set, number))
				break;
		}
		if (!version_matches(VERSION_ORDER_NUMBER, migration->version, number))
		{
			left_out_refuse(set, migration->up->file,
							version_compare(VERSION_ORDER_NUMBER, migration->version, "1") < 0 ? "tern counts from 1" :
							psprintf("there is no version %d before it, and tern counts without gaps", wanted))->elsewhere = migration->elsewhere;
			return;
		}
		wanted++;
	}
}

static bool
name_tern(NewMigration *fresh)
{
	return sections_name_new(fresh, NULL, DIVIDER);
}

const Layout layout_tern = {
	.name = "tern",
	.pattern = "NUMBER_name.sql",
	.order = VERSION_ORDER_NUMBER,
	.claim = claim_tern,
	.marks = MARK_OF_TERN,
	.marks_needed = MARKS_IN_ANY,
	.marks_shown = DIVIDER ", " DISABLE_TX,
	.down = DOWN_IN_SECTION,
	.read = read_tern,
	.verify = verify_tern,
	.name_new = name_tern
};
