/*
 * recognise.c
 *	  Which layout a source has.
 *
 * It is the chosen one, or that of the record where a file of the record is
 * there: one odd name must not give all the others new versions.  Else every layout
 * is asked about every entry.  First those that know marks: the source is theirs
 * when they take all names that any layout takes, and enough of the files bear
 * their marks.  Then, by names alone, the first of the registry that takes all;
 * so a row with narrower rules stands before one with wider rules.  When each
 * layout leaves something to another, or the files bear the marks of two, the source
 * is ambiguous and refused: to apply a part of it would be worse.
 *
 * Contents are read only where names do not tell, and once: what was found in them
 * is kept with the candidate.  A few marked files among others are not enough;
 * then a layout takes all by their names, and refuses the marks before anything
 * runs.  So doubt about contents never ends in running a file whole that one tool
 * would run in parts.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "base/errors.h"
#include "base/finding.h"
#include "layout/aside.h"
#include "layout/claim.h"
#include "layout/left_out.h"
#include "layout/recognise.h"

/* misfits named in an error */
#define MISFITS_NAMED 5

static const Layout *by_choice(Candidates *all);
static const Layout *by_marks(Candidates *all);
static const Layout *by_names(Candidates *all);
static void find_signs(Candidates *all);
static bool has_sign(const Candidates *all, const char *sign);
static bool make_claims(const Layout *layout, Candidates *all, int *claimed, int *faults);
static bool fits_by_marks(const Layout *layout, Candidates *all);
static const Layout *layout_of_record(Candidates *all);
static bool is_recorded(const LayoutHints *hints, const LayoutClaim *claim);
static bool taken_by_other(const Layout *layout, Candidates *all, Candidate *item);
static void add_first_file(StringInfo detail, const Layout *layout, Candidates *all);
static void refuse_ambiguous(Candidates *all, const char *detail);
static const char *first_code(const Candidates *all);

const Layout *
recognise_root(Candidates *all)
{
	const char *wanted = all->hints->layout ? all->hints->layout : all->hints->recorded_layout;
	const Layout *found = NULL;
	const char *root = NULL;

	for (int i = 0; i < all->registry->count; i++)
	{
		const Layout *layout = all->registry->rows[i];

		if (layout->is_root == NULL || (wanted != NULL && strcmp(wanted, layout->name) != 0))
			continue;
		for (int j = 0; j < all->count; j++)
			if (!aside_ignores(all->hints, all->items[j].path) && layout->is_root(all->source, all->items[j].entry))
			{
				if (found != NULL && found != layout)
					refuse_ambiguous(all, psprintf("%s: \"%s\"\n%s: \"%s\"", found->name, left_out_name(root),
												   layout->name, left_out_name(all->items[j].path)));
				found = layout;
				root = all->items[j].path;
			}
	}
	return found;
}

/* The layout of the source, with its claims made. */
const Layout *
recognise(Candidates *all)
{
	const Layout *found = NULL;

	find_signs(all);
	source_hold((Source *) all->source);
	if (all->hints->layout != NULL)
		found = by_choice(all);
	if (found == NULL && all->hints->recorded_layout != NULL)
		found = layout_of_record(all);
	if (found == NULL)
		found = by_marks(all);
	if (found == NULL)
		found = by_names(all);
	source_release((Source *) all->source);
	return found;
}

/* The claims of a layout by names, which may leave something. */
static int
claim_all(const Layout *layout, Candidates *all)
{
	int			claimed = 0;

	for (int i = 0; i < all->count; i++)
	{
		Candidate  *item = &all->items[i];

		memset(&item->claim, 0, sizeof(LayoutClaim));
		if (!item->aside && claim_by_name(layout, item, &item->claim) && item->claim.fault == NULL)
			claimed++;
	}
	return claimed;
}

static const Layout *
by_choice(Candidates *all)
{
	const Layout *layout = NULL;

	for (int i = 0; i < all->registry->count && layout == NULL; i++)
		if (strcmp(all->registry->rows[i]->name, all->hints->layout) == 0)
			layout = all->registry->rows[i];
	if (layout == NULL)
		elog(ERROR, "unknown layout \"%s\"", all->hints->layout);
	if (layout->sign != NULL && !has_sign(all, layout->sign))
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
				errmsg("\"%s\" has not layout \"%s\": there is no file \"%s\"",
					   finding_one_line(all->source->given), layout->name, layout->sign));
	/* what is refused says more */
	if (claim_all(layout, all) == 0 && (all->whole == NULL || all->set->refused == NIL))
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
				errmsg("\"%s\" has not layout \"%s\": no name in it fits",
					   finding_one_line(all->source->given), layout->name),
				errdetail("The names of that layout are: %s.", layout->pattern),
				errhint("Check the path, and option \"layout\"."));
	return layout;
}

/* NULL when no layout's marks are in enough of the files. */
static const Layout *
by_marks(Candidates *all)
{
	List	   *fitting = NIL;
	const Layout *found;
	int			claimed,
				faults;
	StringInfoData detail;
	ListCell   *lc;

	for (int i = 0; i < all->asked_count; i++)
	{
		const Layout *layout = all->asked[i];

		if (layout->marks != MARK_OF_NOBODY && !layout->chosen_only &&
			make_claims(layout, all, &claimed, &faults) && claimed > 0 && fits_by_marks(layout, all))
			fitting = lappend(fitting, (void *) layout);
	}
	if (fitting == NIL)
		return NULL;
	if (list_length(fitting) > 1)
	{
		initStringInfo(&detail);
		foreach(lc, fitting)
		{
			add_first_file(&detail, lfirst(lc), all);
		}
		refuse_ambiguous(all, detail.data);
	}
	found = linitial(fitting);
	(void) claim_all(found, all);
	return found;
}

/* Do enough of the files that a layout claimed bear its marks? */
static bool
fits_by_marks(const Layout *layout, Candidates *all)
{
	int			looked = 0,
				marked = 0;

	for (int i = 0; i < all->count; i++)
	{
		Candidate  *item = &all->items[i];

		if (item->aside || item->elsewhere || item->claim.version == NULL || item->claim.fault != NULL)
			continue;
		CHECK_FOR_INTERRUPTS();
		looked++;
		if (claim_is_marked(layout, all, item, &item->claim))
			marked++;
	}
	return layout->marks_needed == MARKS_IN_ANY ? marked > 0 : marked > looked - marked;
}

/*
 * A layout with more faulty names than right ones is taken only when no other
 * fits: numbers that are no dates are numbers.
 */
static const Layout *
by_names(Candidates *all)
{
	const Layout *found = NULL;
	bool		any = false;
	int			claimed = 0,
				faults = 0;

	for (int i = 0; i < all->asked_count && (found == NULL || faults > claimed); i++)
	{
		int			right,
					wrong;
		bool		whole;

		if (all->asked[i]->marks != MARK_OF_NOBODY || all->asked[i]->chosen_only)
			continue;
		whole = make_claims(all->asked[i], all, &right, &wrong);
		any |= right > 0 || !whole;
		if (!whole || right == 0 || (found != NULL && wrong > right))
			continue;
		found = all->asked[i];
		claimed = right;
		faults = wrong;
	}
	if (found == NULL && any)
	{
		StringInfoData detail;

		initStringInfo(&detail);
		for (int i = 0; i < all->asked_count; i++)
			if (!all->asked[i]->chosen_only)
				add_first_file(&detail, all->asked[i], all);
		refuse_ambiguous(all, detail.data);
	}
	if (found == NULL)
		recognise_refuse_empty(all);
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
		if (registry->rows[i]->sign == NULL || has_sign(all, registry->rows[i]->sign))
			all->asked[all->asked_count++] = registry->rows[i];
}

static bool
has_sign(const Candidates *all, const char *sign)
{
	const char *slash = strchr(sign, '/');

	for (int i = 0; i < all->count; i++)
	{
		const SourceEntry *entry = all->items[i].entry;

		if (slash == NULL ? !entry->is_directory && strcmp(entry->name, sign) == 0 :
			strlen(entry->name) == slash - sign &&
			strncmp(entry->name, sign, slash - sign) == 0 && layout_has_child(entry, slash + 1))
			return true;
	}
	return false;
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
		if (!claim_by_name(layout, item, &item->claim))
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
	ListCell   *lc;

	for (int i = 0; i < all->asked_count; i++)
	{
		if (strcmp(all->asked[i]->name, hints->recorded_layout) == 0)
			layout = all->asked[i];
	}
	for (int i = 0; layout != NULL && i < all->count; i++)
	{
		Candidate  *item = &all->items[i];

		memset(&item->claim, 0, sizeof(LayoutClaim));
		if (item->aside || !claim_by_name(layout, item, &item->claim) || known)
			continue;
		known = is_recorded(hints, &item->claim);
		if (item->claim.many)
			foreach(lc, layout->expand(all->source, item->entry, item->path))
				known |= is_recorded(hints, lfirst(lc));
	}
	return known ? layout : NULL;
}

static bool
is_recorded(const LayoutHints *hints, const LayoutClaim *claim)
{
	return claim->up != NULL && hints->is_recorded(hints->argument, claim->up->file);
}

static bool
taken_by_other(const Layout *layout, Candidates *all, Candidate *item)
{
	for (int i = 0; i < all->asked_count; i++)
	{
		const Layout *other = all->asked[i];
		LayoutClaim claim;

		if (other != layout && !other->chosen_only && claim_by_name(other, item, &claim) && claim.fault == NULL &&
			(other->marks == MARK_OF_NOBODY || claim_is_marked(other, all, item, &claim)))
			return true;
	}
	return false;
}

/* Add a layout that takes something, with the first file. */
static void
add_first_file(StringInfo detail, const Layout *layout, Candidates *all)
{
	for (int i = 0; i < all->count; i++)
	{
		LayoutClaim claim;

		if (all->items[i].aside || !claim_by_name(layout, &all->items[i], &claim) || claim.fault != NULL ||
			(layout->marks != MARK_OF_NOBODY && !claim_is_marked(layout, all, &all->items[i], &claim)))
			continue;
		appendStringInfo(detail, "%s%s: \"%s\"", detail->len > 0 ? "\n" : "", layout->name,
						 left_out_name((claim.up ? claim.up : claim.down)->file));
		return;
	}
}

/* The detail names each layout that takes something. */
static void
refuse_ambiguous(Candidates *all, const char *detail)
{
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg("\"%s\" is ambiguous: its files fit more than one layout", finding_one_line(all->source->given)),
			errdetail_internal("%s", detail),
			errhint("Name all migrations of a directory by the rules of one layout, or choose one with options => '{\"layout\": \"NAME\"}'."));
}

/* A file that is named like a migration and is code, or NULL. */
static const char *
first_code(const Candidates *all)
{
	for (int i = 0; i < all->count; i++)
	{
		const Candidate *item = &all->items[i];

		if (!item->aside && name_may_be_migration(item->entry) && left_out_is_code(item->entry))
			return left_out_name(item->path);
	}
	return NULL;
}

void
recognise_refuse_empty(const Candidates *all)
{
	const RefusedEntry *refused = all->set->refused ? linitial(all->set->refused) : NULL;
	const char *code = refused ? NULL : first_code(all);

	if (code != NULL)
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
				errmsg("\"%s\" holds no migrations in SQL", finding_one_line(all->source->given)),
				errdetail("No name in it fits a known layout; \"%s\" is code, which its own tool runs.", code),
				errhint("Have that tool apply them, write new migrations as SQL in a folder of their own, and put on record with migrator.adopt() what is applied."));
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg("\"%s\" holds no migrations", finding_one_line(all->source->given)),
			refused ?
			errdetail("No other name in it fits a known layout, and \"%s\" cannot be run: %s.",
					  refused->file, refused->reason) :
			errdetail("No name in it fits a known layout."),
			errhint("Check the path; it is read on the database server. SELECT * FROM migrator.layouts() has the patterns of names that are known."));
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
