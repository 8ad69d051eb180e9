/*
 * layout.c
 *	  A window on the joints of layouts that no layout of the product uses yet:
 *	  a sign, marks in contents, contents that say more than a name.
 *
 * Two layouts stand before the product's dated and numbered ones.  "divided" is
 * of files NUMBER_name.sql in which dbmate's marks divide the way up and the way
 * back; "listed" of a file plan.txt, each line of which is a version and a file
 * below "deploy/".
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "base/check_settings.h"
#include "base/compat.h"
#include "layout/layout.h"
#include "plan/check_scripts.h"
#include "plan/plan.h"

PG_FUNCTION_INFO_V1(migrator_probe_layout);

extern const Layout layout_dated;
extern const Layout layout_numbered;

static bool
claim_divided(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || stem < 0 || digits == 0 || entry->name[digits] != '_')
		return false;
	claim->version = pnstrdup(entry->name, digits);
	claim->name = pnstrdup(entry->name + digits + 1, stem - digits - 1);
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

/* From one mark, which is of the script, to the next one; NULL without the mark. */
static ScriptUnit *
unit_from(const FileContent *content, const char *file, UnitDirection direction, const char *mark)
{
	ScriptUnit *unit = unit_of_file(direction, file);
	UnitRange  *range = palloc0(sizeof(UnitRange));
	const char *start = strstr(content->bytes, mark);
	const char *end;

	if (start == NULL)
		return NULL;
	end = strstr(start + strlen(mark), "-- migrate:");
	if (end == NULL)
		end = content->bytes + content->length;
	range->offset = start - content->bytes;
	range->length = end - start;
	range->line = 1;
	for (const char *c = content->bytes; c < start; c++)
		range->line += *c == '\n';
	unit->range_count = 1;
	unit->ranges = range;
	return unit;
}

static List *
read_divided(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	LayoutClaim *found = palloc(sizeof(LayoutClaim));

	*found = *claim;
	found->up = unit_from(content, claim->up->file, UNIT_UP, "-- migrate:up");
	found->down = unit_from(content, claim->up->file, UNIT_DOWN, "-- migrate:down");
	if (found->up == NULL)
		found->fault = "no way up is marked in it";
	return list_make1(found);
}

static const Layout layout_divided = {
	.name = "divided",
	.pattern = "NUMBER_name.sql with marks",
	.order = VERSION_ORDER_NUMBER,
	.claim = claim_divided,
	.marks = MARK_OF_DBMATE,
	.read = read_divided
};

static bool
claim_listed(const SourceEntry *entry, LayoutClaim *claim)
{
	if (strcmp(entry->name, "plan.txt") != 0)
		return false;
	claim->version = "0";
	claim->name = "";
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

static List *
read_listed(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	List	   *result = NIL;
	char	   *state;
	char	   *bytes = pstrdup(content->bytes);

	for (char *line = strtok_r(bytes, "\n", &state); line != NULL; line = strtok_r(NULL, "\n", &state))
	{
		LayoutClaim *found = palloc0(sizeof(LayoutClaim));
		char	   *blank = strchr(line, ' ');

		if (blank == NULL)
			found->fault = psprintf("line \"%s\" names no file", line);
		else
		{
			found->version = pnstrdup(line, blank - line);
			found->name = blank + 1;
			found->up = unit_of_file(UNIT_UP, psprintf("deploy/%s.sql", blank + 1));
		}
		result = lappend(result, found);
	}
	return result;
}

static const Layout layout_listed = {
	.name = "listed",
	.pattern = "plan.txt",
	.order = VERSION_ORDER_NUMBER,
	.sign = "plan.txt",
	.claim = claim_listed,
	.read = read_listed
};

static bool
nothing_is_recorded(void *argument, const char *file)
{
	return false;
}

static char *
text_of(UnitReader *reader, const ScriptUnit *unit)
{
	UnitText	text;
	char	   *found = unit ? unit_read_text(reader, unit, &text) : NULL;

	return found ? psprintf("%s:%d: %s", unit->file, text.first_line, found) : NULL;
}

static void
put(ReturnSetInfo *rsinfo, const char *layout, const char *version, const char *up, const char *down,
	const char *findings)
{
	const char *texts[] = {layout, version, up, down, findings};
	Datum		values[lengthof(texts)];
	bool		nulls[lengthof(texts)];

	for (int i = 0; i < lengthof(texts); i++)
	{
		nulls[i] = texts[i] == NULL;
		values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * (directory text) -> setof (layout text, version text, up text, down text,
 * findings text): how the directory would be read.  What is refused has no
 * version.
 */
Datum
migrator_probe_layout(PG_FUNCTION_ARGS)
{
	static const Layout *const layouts[] = {
		&layout_listed, &layout_divided, &layout_dated, &layout_numbered
	};
	const LayoutRegistry registry = {layouts, lengthof(layouts)};
	const LayoutHints hints = {.is_recorded = nothing_is_recorded};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Record	   *record = palloc0(sizeof(Record));
	Source	   *source;
	MigrationSet *set;
	MigrationPlan *plan;
	UnitReader *reader;
	CheckSettings settings = {0};
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	source = source_open(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	set = layout_read_by(&registry, source, &hints);
	plan = plan_join(set, record);
	check_settings_skip_lint(&settings);
	plan_set_checks(plan, &settings);
	reader = unit_reader_create(source);
	check_scripts(plan, reader, CHECK_FOR_RUN);
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];
		const Finding *finding = step->findings.findings ? linitial(step->findings.findings) : NULL;

		put(rsinfo, set->layout, step->version, text_of(reader, step->migration->up),
			text_of(reader, step->migration->down), finding ? finding->message : NULL);
	}
	foreach(lc, set->refused)
	{
		const RefusedEntry *refused = lfirst(lc);

		put(rsinfo, set->layout, NULL, NULL, NULL, psprintf("%s: %s", refused->file, refused->reason));
	}
	return (Datum) 0;
}
