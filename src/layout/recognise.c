/*
 * recognise.c
 *	  Which layout a source has.
 *
 * Every layout is asked about every entry.  The source's layout is the first of
 * the registry that takes all entries which any layout takes; so a row with
 * narrower rules stands before one with wider rules.  When each layout leaves
 * something to another, the source is ambiguous and refused: to apply a part of
 * it would be worse.  The layout of the record decides before that, where a file
 * of the record is there: one odd name must not give all the others new
 * versions.
 *
 * Names come first, since they cost nothing.  Contents are read only where
 * names do not tell: for an entry that is named as a layout names its files
 * whose marks are what counts.  One file of such a source without the marks is
 * not taken; then either another layout takes all by their names, and refuses
 * the marks of the others before anything runs, or the source is ambiguous.
 * So doubt about contents never ends in running a file whole that one tool
 * would run in parts.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "parser/parser.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "base/finding.h"
#include "layout/left_out.h"
#include "layout/recognise.h"
#include "script/split.h"

/* misfits named in an error */
#define MISFITS_NAMED 5

static void find_signs(Candidates *all);
static bool make_claims(const Layout *layout, Candidates *all, int *claimed, int *faults);
static const char *path_of(const Candidate *item, const char *file);
static bool claims(const Layout *layout, const Candidate *item, LayoutClaim *claim);
static bool takes(const Layout *layout, Candidates *all, Candidate *item, LayoutClaim *claim);
static uint32 marks_of_file(const Source *source, const char *file);
static const Layout *layout_of_record(Candidates *all);
static bool taken_by_other(const Layout *layout, Candidates *all, Candidate *item);
static void refuse_ambiguous(Candidates *all);
static const char *known_patterns(const LayoutRegistry *registry);

/*
 * The layout of the directory, with its claims made.  A layout with more
 * faulty names than right ones is taken only when no other fits: numbers that
 * are no dates are numbers.
 */
const Layout *
recognise(Candidates *all)
{
	const Layout *found = NULL;
	const Layout *asked = NULL; /* whose claims they are */
	bool		any = false;
	int			claimed = 0,
				faults = 0;

	find_signs(all);
	for (int i = 0; i < all->asked_count && (found == NULL || faults > claimed); i++)
	{
		int			right,
					wrong;
		bool		whole = make_claims(all->asked[i], all, &right, &wrong);

		asked = all->asked[i];
		any |= right > 0 || !whole;
		if (!whole || right == 0 || (found != NULL && wrong > right))
			continue;
		found = all->asked[i];
		claimed = right;
		faults = wrong;
	}
	if (all->hints->recorded_layout != NULL &&
		(found == NULL || strcmp(found->name, all->hints->recorded_layout) != 0))
	{
		const Layout *recorded = layout_of_record(all);

		if (recorded != NULL)
			return recorded;
		asked = NULL;
	}
	if (found == NULL && any)
		refuse_ambiguous(all);
	if (found == NULL)
		recognise_refuse_empty(all);
	if (asked != found)
		(void) make_claims(found, all, &claimed, &faults);
	return found;
}

/* The layouts that are asked: a sign that is not there answers for all names. */
static void
find_signs(Candidates *all)
{
	const LayoutRegistry *registry = all->registry;

	all->asked = palloc(registry->count * sizeof(Layout *));
	all->asked_count = 0;
	for (int i = 0; i < registry->count; i++)
	{
		const char *sign = registry->rows[i]->sign;
		const char *slash = sign ? strchr(sign, '/') : NULL;
		bool		found = sign == NULL;

		for (int j = 0; !found && j < all->count; j++)
		{
			const SourceEntry *entry = all->items[j].entry;

			if (slash == NULL)
				found = !entry->is_directory && strcmp(entry->name, sign) == 0;
			else
				found = strlen(entry->name) == slash - sign &&
					strncmp(entry->name, sign, slash - sign) == 0 && layout_has_child(entry, slash + 1);
		}
		if (found)
			all->asked[all->asked_count++] = registry->rows[i];
	}
}

/*
 * Ask a layout about every entry.  False when it leaves something to another;
 * then not all may have been asked.
 */
static bool
make_claims(const Layout *layout, Candidates *all, int *claimed, int *faults)
{
	*claimed = *faults = 0;
	for (int i = 0; i < all->count; i++)
	{
		Candidate  *item = &all->items[i];

		if (item->aside)
			continue;
		if (!takes(layout, all, item, &item->claim))
		{
			if (taken_by_other(layout, all, item))
				return false;
		}
		else if (item->claim.fault != NULL)
			(*faults)++;
		else
			(*claimed)++;
	}
	return true;
}

/*
 * Does the layout claim the entry by its name?  Layouts know names; what is in
 * an environment's folder is that folder's.
 */
static bool
claims(const Layout *layout, const Candidate *item, LayoutClaim *claim)
{
	memset(claim, 0, sizeof(LayoutClaim));
	if (!layout->claim(item->entry, claim))
		return false;
	if (item->folder != NULL && claim->up != NULL)
		claim->up->file = path_of(item, claim->up->file);
	if (item->folder != NULL && claim->down != NULL)
		claim->down->file = path_of(item, claim->down->file);
	return true;
}

static const char *
path_of(const Candidate *item, const char *file)
{
	return file == item->entry->name ? item->path : psprintf("%s/%s", item->folder, file);
}

/*
 * Is the entry this layout's?  Its name says so, and its contents, where they
 * count.  A file that cannot be read bears no marks; whoever is to run it says
 * why.  The files of other environments are not read: their names are enough.
 */
static bool
takes(const Layout *layout, Candidates *all, Candidate *item, LayoutClaim *claim)
{
	const char *file;

	if (!claims(layout, item, claim))
		return false;
	if (layout->marks == MARK_OF_NOBODY || claim->fault != NULL || item->elsewhere)
		return true;
	file = (claim->up ? claim->up : claim->down)->file;
	if (item->marked_file == NULL || strcmp(item->marked_file, file) != 0)
	{
		item->marked_file = file;
		item->marks = marks_of_file(all->source, file);
	}
	if ((item->marks & ((uint32) 1 << layout->marks)) != 0)
		return true;
	memset(claim, 0, sizeof(LayoutClaim));
	return false;
}

/* A bit for each tool. */
static uint32
marks_of_file(const Source *source, const char *file)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "migrator marks of a file",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	SourceScript read = {0};
	uint32		marks = 0;

	source_read(source, file, &read.raw);
	if (read.raw.bytes != NULL)
		source_decode_script(file, &read);
	if (read.text != NULL)
	{
		ListCell   *lc;

		foreach(lc, script_split(read.text, read.length, 1, standard_conforming_strings)->marks)
		{
			marks |= (uint32) 1 << ((const Mark *) lfirst(lc))->tool;
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return marks;
}

/*
 * The layout of the record, when a file that it knows is there; else NULL.  An
 * entry that only another layout would take stays without a claim.  Names are
 * enough here: that the files are this layout's was settled when the first of
 * them ran.
 */
static const Layout *
layout_of_record(Candidates *all)
{
	const LayoutHints *hints = all->hints;
	const Layout *layout = NULL;
	bool		known = false;

	for (int i = 0; i < all->asked_count; i++)
	{
		if (strcmp(all->asked[i]->name, hints->recorded_layout) == 0)
			layout = all->asked[i];
	}
	for (int i = 0; layout != NULL && i < all->count; i++)
	{
		Candidate  *item = &all->items[i];

		memset(&item->claim, 0, sizeof(LayoutClaim));
		if (!item->aside && claims(layout, item, &item->claim) && !known)
			known = item->claim.up != NULL &&
				hints->is_recorded(hints->argument, item->claim.up->file);
	}
	return known ? layout : NULL;
}

static bool
taken_by_other(const Layout *layout, Candidates *all, Candidate *item)
{
	for (int i = 0; i < all->asked_count; i++)
	{
		LayoutClaim claim;

		if (all->asked[i] != layout && takes(all->asked[i], all, item, &claim) &&
			claim.fault == NULL)
			return true;
	}
	return false;
}

/* Name each layout that takes something, with its first file. */
static void
refuse_ambiguous(Candidates *all)
{
	StringInfoData detail;

	initStringInfo(&detail);
	for (int i = 0; i < all->asked_count; i++)
	{
		for (int j = 0; j < all->count; j++)
		{
			LayoutClaim claim;

			if (!all->items[j].aside && takes(all->asked[i], all, &all->items[j], &claim) &&
				claim.fault == NULL)
			{
				appendStringInfo(&detail, "%s%s: \"%s\"", detail.len > 0 ? "\n" : "",
								 all->asked[i]->name,
								 left_out_name((claim.up ? claim.up : claim.down)->file));
				break;
			}
		}
	}
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg("\"%s\" is ambiguous: its files fit more than one layout", finding_one_line(all->source->given)),
			errdetail_internal("%s", detail.data),
			errhint("Name all migrations of a directory by the rules of one layout."));
}

void
recognise_refuse_empty(const Candidates *all)
{
	const RefusedEntry *refused = all->set->refused ? linitial(all->set->refused) : NULL;

	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg("\"%s\" holds no migrations", finding_one_line(all->source->given)),
			refused ?
			errdetail("No other name in it fits a known layout, and \"%s\" cannot be run: %s.",
					  refused->file, refused->reason) :
			errdetail("No name in it fits a known layout:\n%s", known_patterns(all->registry)),
			errhint("Check the path; it is read on the database server."));
}

static const char *
known_patterns(const LayoutRegistry *registry)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < registry->count; i++)
	{
		appendStringInfo(&text, "%s%s: %s", i > 0 ? "\n" : "",
						 registry->rows[i]->name, registry->rows[i]->pattern);
	}
	return text.data;
}

/*
 * One fitting name among many that do not fit is chance, and its layout a
 * guess.
 */
void
recognise_refuse_misfits(const Candidates *all)
{
	StringInfoData names;
	int			claimed = 0,
				misfits = 0;
	char		direction;

	initStringInfo(&names);
	for (int i = 0; i < all->count; i++)
	{
		const Candidate *item = &all->items[i];

		if (item->aside)
			continue;
		if (item->claim.version != NULL)
			claimed++;
		else if (!item->entry->is_directory && layout_sql_stem(item->entry->name, &direction) >= 0 &&
				 misfits++ < MISFITS_NAMED)
			appendStringInfo(&names, "%s\"%s\"", misfits > 1 ? ", " : "", left_out_name(item->path));
	}
	if (misfits <= claimed || misfits < 3)
		return;
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg_plural("\"%s\" is in no known layout: %d of its SQL files fits layout \"%s\", and %d do not",
						  "\"%s\" is in no known layout: %d of its SQL files fit layout \"%s\", and %d do not",
						  claimed, finding_one_line(all->source->given), claimed, all->set->layout, misfits),
			errdetail("Those that do not fit: %s%s.", names.data, misfits > MISFITS_NAMED ? ", ..." : ""),
			errhint("Check the path. What is no migration can be left out with options => '{\"ignore\": [\"PATTERN\"]}'."));
}
