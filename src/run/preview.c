/*
 * preview.c
 *	  What a run that goes back would do, as far as it can be seen beforehand.
 *
 * From the parse trees of the down scripts and the catalog as it is now: what an
 * earlier statement would have changed by then is not seen, nor what DO blocks and
 * functions do.  Nothing is locked but for the moment of a look.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/finding.h"
#include "base/hide_values.h"
#include "base/owner_query.h"
#include "plan/check_scripts.h"
#include "run/back.h"
#include "run/preview.h"
#include "script/parse.h"
#include "script/psql_late.h"
#include "script/server_parser.h"
#include "script/touch.h"

/* A statement that is looked at. */
typedef struct Preview
{
	const RunRequest *request;
	Survey	   *survey;
	PreviewReport report;
	void	   *argument;
	const Script *script;
	bool		drops;			/* what is named now goes altogether */
	PreviewRow	row;
} Preview;

/* argument of take_text() */
typedef struct TextList
{
	List	   *texts;			/* of char * */
	MemoryContext context;
} TextList;

static void preview_steps(Preview *preview);
static void preview_step(Preview *preview, const Step *step);
static void preview_statement(Preview *preview, const RawStmt *raw);
static void preview_drop(Preview *preview, const DropStmt *drop);
static void preview_alter(Preview *preview, const AlterTableStmt *alter);
static void put_relation(Preview *preview, const RangeVar *name, const char *column);
static void put_object(Preview *preview, const char *object);
static void measure(PreviewRow *row);
static List *dependents_of(Oid relation, const char *column);
static void take_text(HeapTuple tuple, TupleDesc desc, void *argument);

void
run_preview(const RunRequest *request, PreviewReport report, void *argument)
{
	const Scope *scope = request->scope;
	Preview		preview = {request,.report = report,.argument = argument};
	FindingSink sink = {0};
	int			level;

	scope_require_rights(scope, true);
	scope_check_search_path(scope);
	preview.survey = survey_take(scope, CHECK_FOR_RUN);
	if (preview.survey->source != NULL)
		source_require_runnable(preview.survey->source);
	back_prepare_reader(preview.survey);
	back_select(preview.survey->plan, scope->service, &request->back, &sink);

	level = NewGUCNestLevel();
	if (scope->search_path != NULL)
		(void) set_config_option("search_path", scope->search_path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
								 ERROR, false);
	preview_steps(&preview);
	AtEOXact_GUC(false, level);
}

static void
preview_steps(Preview *preview)
{
	MigrationPlan *plan = preview->survey->plan;
	MemoryContext keep = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(keep, "migrator preview", ALLOCSET_DEFAULT_SIZES);

	for (int i = plan->count - 1; i >= 0; i--)
	{
		Step	   *step = &plan->steps[i];
		FindingSink findings = {.settings = &preview->survey->checks};

		if (!step->selected)
			continue;
		MemoryContextSwitchTo(work);
		back_load_script(preview->survey, step, preview->request->back.down_source, &findings);
		finding_raise_first(&findings);
		preview_step(preview, step);
		MemoryContextSwitchTo(keep);
		MemoryContextReset(work);
	}
	MemoryContextDelete(work);
}

static void
preview_step(Preview *preview, const Step *step)
{
	Script	   *script;

	memset(&preview->row, 0, sizeof(PreviewRow));
	preview->row.service = preview->request->scope->service;
	preview->row.version = step->version;
	preview->row.name = step->name;
	if (step->down.unit == NULL)
	{
		preview->script = NULL;
		put_object(preview, NULL);
		return;
	}
	preview->row.down_source = step->down.unit->text ? "record" : "file";
	preview->script = script = check_load_script(preview->survey->reader, &step->down);
	for (int i = 0; i < script->statement_count; i++)
	{
		const RawStmt *raw;

		CHECK_FOR_INTERRUPTS();
		preview->row.statement = i + 1;
		if (script->statements[i].unfilled)
		{
			/* only its run knows what it is */
			preview->row.command = NULL;
			put_object(preview, NULL);
			continue;
		}
		raw = script_parse_statement(script, i, NULL);
		if (raw == NULL)
			continue;
		preview->row.command = CreateCommandName((Node *) raw);
		preview_statement(preview, raw);
		if (psql_late_result(script, i) != NULL && psql_late_result(script, i)->executes)
		{
			preview->row.command = "\\gexec";
			put_object(preview, NULL);
		}
	}
}

static void
preview_statement(Preview *preview, const RawStmt *raw)
{
	const Node *statement = raw->stmt;
	ListCell   *lc;

	preview->drops = IsA(statement, DropStmt);
	switch (nodeTag(statement))
	{
		case T_DropStmt:
			preview_drop(preview, (const DropStmt *) statement);
			break;
		case T_AlterTableStmt:
			preview_alter(preview, (const AlterTableStmt *) statement);
			break;
		case T_TruncateStmt:
			foreach(lc, ((const TruncateStmt *) statement)->relations)
			{
				put_relation(preview, lfirst(lc), NULL);
			}
			break;
		case T_DeleteStmt:
			put_relation(preview, ((const DeleteStmt *) statement)->relation, NULL);
			break;
		case T_UpdateStmt:
			put_relation(preview, ((const UpdateStmt *) statement)->relation, NULL);
			break;
		case T_InsertStmt:
			put_relation(preview, ((const InsertStmt *) statement)->relation, NULL);
			break;
		default:
			put_object(preview, NULL);
	}
}

static void
preview_drop(Preview *preview, const DropStmt *drop)
{
	ListCell   *lc;

	foreach(lc, drop->objects)
	{
		Node	   *object = lfirst(lc);

		switch (drop->removeType)
		{
			case OBJECT_TABLE:
			case OBJECT_VIEW:
			case OBJECT_MATVIEW:
			case OBJECT_FOREIGN_TABLE:
			case OBJECT_SEQUENCE:
			case OBJECT_INDEX:
				put_relation(preview, makeRangeVarFromNameList(castNode(List, object)), NULL);
				break;
			default:
				put_object(preview,
						   IsA(object, List) ? NameListToString((List *) object) :
						   IsA(object, ObjectWithArgs) ? NameListToString(((ObjectWithArgs *) object)->objname) :
						   IsA(object, TypeName) ? TypeNameToString((TypeName *) object) :
						   IsA(object, String) ? pstrdup(strVal(object)) : NULL);
		}
	}
}

/* A column that goes is an object of its own. */
static void
preview_alter(Preview *preview, const AlterTableStmt *alter)
{
	bool		columns = false;
	ListCell   *lc;

	foreach(lc, alter->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		if (command->subtype != AT_DropColumn)
			continue;
		columns = preview->drops = true;
		put_relation(preview, alter->relation, command->name);
	}
	if (!columns)
		put_relation(preview, alter->relation, NULL);
}

static void
put_relation(Preview *preview, const RangeVar *name, const char *column)
{
	Oid			relation = RangeVarGetRelid(name, NoLock, true);
	char	   *shown = OidIsValid(relation) ?
		touch_name(get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation)) :
		touch_name(name->schemaname, name->relname);

	preview->row.relation = relation;
	if (OidIsValid(relation))
	{
		measure(&preview->row);
		if (column != NULL)
			preview->row.bytes = -1;
		if (preview->drops)
			preview->row.dependents = dependents_of(relation, column);
	}
	put_object(preview, column != NULL ? psprintf("%s.%s", shown, quote_identifier(column)) : shown);
	preview->row.dependents = NIL;
	preview->row.relation = InvalidOid;
}

/* Values of variables are not shown. */
static void
put_object(Preview *preview, const char *object)
{
	const Script *script = preview->script;

	if (!OidIsValid(preview->row.relation))
		preview->row.rows = preview->row.bytes = -1;
	preview->row.object = object != NULL && script->fill != NULL ?
		hide_values(script->fill->variables, NULL, (char *) object) : object;
	preview->report(&preview->row, preview->argument);
}

/* With all that inherits from it, partitions among them. */
static void
measure(PreviewRow *row)
{
	List	   *all = has_subclass(row->relation) ? find_all_inheritors(row->relation, NoLock, NULL) : list_make1_oid(row->relation);
	ListCell   *lc;

	row->rows = 0;
	row->bytes = 0;
	foreach(lc, all)
	{
		HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(lfirst_oid(lc)));
		Form_pg_class form;

		if (!HeapTupleIsValid(tuple))
			continue;
		form = (Form_pg_class) GETSTRUCT(tuple);
		if (form->relkind == RELKIND_RELATION || form->relkind == RELKIND_MATVIEW || form->relkind == RELKIND_FOREIGN_TABLE)
			row->rows = form->reltuples < 0 || row->rows < 0 ? -1 : row->rows + form->reltuples;
		else if (form->relkind != RELKIND_PARTITIONED_TABLE)
			row->rows = -1;
		if (RELKIND_HAS_STORAGE(form->relkind))
		{
			LOCAL_FCINFO(call, 1);
			Datum		size;

			/* nothing locks it: it is NULL if the relation is gone by now */
			InitFunctionCallInfoData(*call, NULL, 1, InvalidOid, NULL, NULL);
			call->args[0].value = ObjectIdGetDatum(lfirst_oid(lc));
			call->args[0].isnull = false;
			size = pg_total_relation_size(call);
			if (!call->isnull)
				row->bytes += DatumGetInt64(size);
		}
		ReleaseSysCache(tuple);
	}
}

/* What CASCADE would take along, or a drop without it would fail for. */
static List *
dependents_of(Oid relation, const char *column)
{
	static OwnerQuery query = {
		"SELECT DISTINCT pg_catalog.pg_describe_object(x.classid, x.objid, x.objsubid) COLLATE \"C\" AS what FROM ("
		"SELECT CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::pg_catalog.regclass END AS classid,"
		" COALESCE(r.ev_class, d.objid) AS objid, CASE WHEN r.oid IS NULL THEN d.objsubid ELSE 0 END AS objsubid"
		" FROM pg_catalog.pg_depend d LEFT JOIN pg_catalog.pg_rewrite r"
		"  ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid"
		" WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = $1 AND d.deptype = 'n'"
		" AND ($2 = 0 OR d.refobjsubid = $2)) x"
		" WHERE NOT (x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND x.objid = $1) ORDER BY what",
		2, {OIDOID, INT4OID}
	};
	Datum		values[2] = {ObjectIdGetDatum(relation), Int32GetDatum(column ? get_attnum(relation, column) : 0)};
	TextList	take = {NIL, CurrentMemoryContext};

	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_text, &take);
	return take.texts;
}

static void
take_text(HeapTuple tuple, TupleDesc desc, void *argument)
{
	TextList   *list = argument;
	MemoryContext old = MemoryContextSwitchTo(list->context);

	list->texts = lappend(list->texts, owner_query_text(tuple, desc, 1));
	MemoryContextSwitchTo(old);
}
