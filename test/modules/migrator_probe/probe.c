/*
 * probe.c
 *	  SQL windows on modules that touch no database, and on shared memory, for
 *	  tests.
 *
 * No part of the product: a library of its own, which the product's objects
 * are linked into a second time (see the Makefile beside it).  A test declares
 * what it wants with CREATE FUNCTION ... AS 'migrator_probe', which only a
 * superuser can.
 *
 * What the objects keep in static variables is therefore the probe's own: the
 * segment of progress_begin() is not that of a run of this session.  Settings
 * are not defined here, so their variables have the values of the C source,
 * NULL for strings; a window on what reads them has to set them first.  What
 * is the server's is shared: dynamic shared memory, locks, transactions, memory
 * contexts, other libraries' settings.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "parser/parser.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/segment.h"
#include "run/progress.h"
#include "script/lexer.h"
#include "script/parse.h"
#include "script/script.h"
#include "script/server_parser.h"
#include "script/split.h"
#include "script/visit.h"

#include "probe.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(migrator_probe_split);
PG_FUNCTION_INFO_V1(migrator_probe_script);
PG_FUNCTION_INFO_V1(migrator_probe_visit);
PG_FUNCTION_INFO_V1(migrator_probe_oracle);
PG_FUNCTION_INFO_V1(migrator_probe_cost);
PG_FUNCTION_INFO_V1(migrator_probe_segment);

static Script *probe_script(FunctionCallInfo fcinfo);
static void report_node(const Script *script, const Statement *statement, const Node *node,
						RuleSink *sink);
static void report_statement(const Script *script, const Statement *statement, const Node *node,
							 RuleSink *sink);
static void put_trimmed(ReturnSetInfo *rsinfo, int n, const char *text, int len);
static Datum text_or_null(const char *string, bool *isnull);
static ArrayType *directive_array(const Script *script);
static const char *form_name(TransactionForm form);

/*
 * (script text, conforming boolean) -> setof (n int, line int, col int,
 * kind text, statement text, data text)
 */
Datum
migrator_probe_split(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Script	   *script;

	InitMaterializedSRF(fcinfo, 0);
	script = probe_script(fcinfo);

	for (int i = 0; i < script->statement_count; i++)
	{
		const Statement *statement = &script->statements[i];
		Datum		values[6];
		bool		nulls[6] = {0};

		values[0] = Int32GetDatum(i + 1);
		values[1] = Int32GetDatum(statement->line);
		values[2] = Int32GetDatum(statement->column);
		values[3] = CStringGetTextDatum(statement_kind_name(statement->kind));
		values[4] = CStringGetTextDatum(script_statement_text(script, i));
		nulls[5] = statement->data_offset == 0;
		if (!nulls[5])
			values[5] = PointerGetDatum(cstring_to_text_with_len(script->text + statement->data_offset,
																 statement->data_length));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * (script text, conforming boolean) -> (form text, outside text, isolation_line
 * int, second_line int, description text, fingerprint text, directives text[],
 * problems text[], locks int)
 */
Datum
migrator_probe_script(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Script	   *script;
	Datum		values[9];
	bool		nulls[9] = {0};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	script = probe_script(fcinfo);

	values[0] = CStringGetTextDatum(form_name(script->transaction_form));
	values[1] = text_or_null(script->first_outside < 0 ? NULL :
							 script_statement_text(script, script->first_outside), &nulls[1]);
	values[2] = Int32GetDatum(script->isolation_line);
	nulls[3] = script->second_transaction < 0;
	values[3] = nulls[3] ? (Datum) 0 :
		Int32GetDatum(script->statements[script->second_transaction].line);
	values[4] = text_or_null(script->description, &nulls[4]);
	values[5] = CStringGetTextDatum(script->fingerprint);
	values[6] = PointerGetDatum(directive_array(script));
	values[7] = PointerGetDatum(problem_array(script));
	values[8] = Int32GetDatum(script->lock_estimate);

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/*
 * (script text) -> problems text[]: what rules are given to see, each node that
 * they want reported by its name; then what the script's own rules find.  A
 * DELETE is forbidden.
 */
Datum
migrator_probe_visit(PG_FUNCTION_ARGS)
{
	static const ScriptRule rules[] = {
		{T_SelectStmt, CHECK_DIRECTIVES, false, report_node},
		{T_DeleteStmt, CHECK_DIRECTIVES, true, report_node},
		{T_CreateStmt, CHECK_DIRECTIVES, false, report_node},
		{T_IndexStmt, CHECK_DIRECTIVES, false, report_node},
		{T_AlterTableCmd, CHECK_DIRECTIVES, false, report_node},
		{T_ColumnDef, CHECK_DIRECTIVES, false, report_node},
		{T_Constraint, CHECK_DIRECTIVES, false, report_node},
		{T_FuncCall, CHECK_DIRECTIVES, false, report_node},
		{EVERY_STATEMENT, CHECK_DIRECTIVES, false, report_statement},
	};
	static RuleTable table = {.rules = rules,.count = lengthof(rules)};
	char	   *string = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Script	   *script = script_split(string, strlen(string), 1, true);

	for (int i = 0; i < script->statement_count; i++)
	{
		RuleSink	sink = {.script = script,.statement = i,.begin = i - 1};

		visit_statement(&table, script, &script->statements[i],
						script_parse_statement(script, i, NULL), &sink);
	}
	script_parse(script);
	PG_RETURN_POINTER(problem_array(script));
}

static void
report_node(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const char *name = "?";

	switch (nodeTag(node))
	{
		case T_SelectStmt:
			name = "SelectStmt";
			break;
		case T_DeleteStmt:
			name = "DeleteStmt";
			break;
		case T_CreateStmt:
			name = "CreateStmt";
			break;
		case T_IndexStmt:
			name = "IndexStmt";
			break;
		case T_AlterTableCmd:
			name = "AlterTableCmd";
			break;
		case T_ColumnDef:
			name = psprintf("ColumnDef %s", ((const ColumnDef *) node)->colname);
			break;
		case T_Constraint:
			name = "Constraint";
			break;
		case T_FuncCall:
			name = psprintf("FuncCall %s", strVal(llast(((const FuncCall *) node)->funcname)));
			break;
		default:
			break;
	}
	rule_report(sink, 0, name, NULL, NULL);
}

/* with an SQLSTATE of its own */
static void
report_statement(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	rule_report(sink, ERRCODE_WARNING, psprintf("statement behind %d", sink->begin), NULL, NULL);
}

/*
 * The server's own cutting of a whole script, which must be free of COPY data:
 * (script text) -> setof (n int, statement text).  Comments and blanks at both
 * ends, which differ between major versions, are taken off.
 */
Datum
migrator_probe_oracle(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *string = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List	   *list = raw_parser(string, RAW_PARSE_DEFAULT);
	ListCell   *cell;
	int			n = 0;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, list)
	{
		const RawStmt *raw = lfirst_node(RawStmt, cell);
		int			start = raw->stmt_location;
		int			length = raw->stmt_len > 0 ? raw->stmt_len : (int) strlen(string) - start;

		put_trimmed(rsinfo, ++n, string + start, length);
	}
	return (Datum) 0;
}

/*
 * (script text) -> (statements int, split_bytes bigint, both_bytes bigint,
 * split_ms float8, parse_ms float8): memory that script_split and then
 * script_parse leave allocated, and their time.
 */
Datum
migrator_probe_cost(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	char	   *string = text_to_cstring(PG_GETARG_TEXT_PP(0));
	MemoryContext context;
	MemoryContext old;
	Script	   *script;
	Datum		values[5];
	bool		nulls[5] = {0};
	instr_time	start;
	instr_time	middle;
	instr_time	end;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	context = AllocSetContextCreate(CurrentMemoryContext, "migrator probe",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	INSTR_TIME_SET_CURRENT(start);
	script = script_split(string, strlen(string), 1, true);
	INSTR_TIME_SET_CURRENT(middle);
	values[0] = Int32GetDatum(script->statement_count);
	values[1] = Int64GetDatum((int64) MemoryContextMemAllocated(context, true));
	script_parse(script);
	INSTR_TIME_SET_CURRENT(end);
	values[2] = Int64GetDatum((int64) MemoryContextMemAllocated(context, true));
	MemoryContextSwitchTo(old);

	INSTR_TIME_SUBTRACT(end, middle);
	INSTR_TIME_SUBTRACT(middle, start);
	values[3] = Float8GetDatum(INSTR_TIME_GET_MILLISEC(middle));
	values[4] = Float8GetDatum(INSTR_TIME_GET_MILLISEC(end));

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/* the two arguments of a probe, split and parsed */
static Script *
probe_script(FunctionCallInfo fcinfo)
{
	char	   *string = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Script	   *script = script_split(string, strlen(string), 1, PG_GETARG_BOOL(1));

	script_parse(script);
	return script;
}

static void
put_trimmed(ReturnSetInfo *rsinfo, int n, const char *text, int len)
{
	Lexer		lexer;
	Token		token;
	uint32		start = 0;
	uint32		end = 0;
	Datum		values[2];
	bool		nulls[2] = {0};

	lexer_init(&lexer, text, len, standard_conforming_strings);
	for (lexer_next(&lexer, &token); token.kind != TOKEN_END; lexer_next(&lexer, &token))
	{
		if (token.kind == TOKEN_LINE_COMMENT || token.kind == TOKEN_BLOCK_COMMENT)
			continue;
		if (end == 0)
			start = token.offset;
		end = token.offset + token.length;
	}

	values[0] = Int32GetDatum(n);
	values[1] = PointerGetDatum(cstring_to_text_with_len(text + start, end - start));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static Datum
text_or_null(const char *string, bool *isnull)
{
	*isnull = string == NULL;
	return string == NULL ? (Datum) 0 : CStringGetTextDatum(string);
}

/* each "line:name arguments" */
static ArrayType *
directive_array(const Script *script)
{
	Datum	   *elements = palloc(sizeof(Datum) * (list_length(script->directives) + 1));
	int			n = 0;
	ListCell   *cell;

	foreach(cell, script->directives)
	{
		const Directive *directive = lfirst(cell);

		elements[n++] = CStringGetTextDatum(psprintf("%d:%s %s", directive->line,
													 directive->name, directive->arguments));
	}
	return construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT);
}

ArrayType *
problem_array(const Script *script)
{
	Datum	   *elements = palloc(sizeof(Datum) * (list_length(script->problems) + 1));
	int			n = 0;
	ListCell   *cell;

	foreach(cell, script->problems)
	{
		const ScriptProblem *problem = lfirst(cell);

		elements[n++] = CStringGetTextDatum(psprintf("%d:%d %s %s", problem->line, problem->column,
													 unpack_sql_state(problem->sqlstate),
													 problem->message));
	}
	return construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT);
}

static const char *
form_name(TransactionForm form)
{
	switch (form)
	{
		case TRANSACTION_FORM_NONE:
			return "none";
		case TRANSACTION_FORM_WRAPPED:
			return "wrapped";
		case TRANSACTION_FORM_PARTS:
			return "parts";
	}
	return "unknown";
}

/*
 * (what text, run_id bigint) -> handle bigint: memory of this session that a
 * reader of progress may meet.  "whole" is that of a run; "torn" one whose
 * change never ends; "short" is of its kind but has no room for it; "foreign"
 * is somebody else's, full of the word that says of which kind it is.
 */
Datum
migrator_probe_segment(PG_FUNCTION_ARGS)
{
	char	   *what = text_to_cstring(PG_GETARG_TEXT_PP(0));
	dsm_segment *segment;

	if (strcmp(what, "whole") == 0 || strcmp(what, "torn") == 0)
	{
		dsm_handle	handle = progress_begin(PG_GETARG_INT64(1), 1);

		if (handle != 0 && strcmp(what, "torn") == 0)
			((SharedProgress *) segment_memory(dsm_find_mapping(handle)))->changes++;
		PG_RETURN_INT64(handle);
	}
	if (strcmp(what, "short") == 0)
	{
		segment = segment_create(sizeof(uint32));
		if (segment != NULL)
			segment_publish(segment, PROGRESS_KIND);
	}
	else
	{
		segment = dsm_create(2 * sizeof(SharedProgress), 0);
		dsm_pin_mapping(segment);
		for (int i = 0; i < 2 * sizeof(SharedProgress) / sizeof(uint32); i++)
			((uint32 *) dsm_segment_address(segment))[i] = PROGRESS_KIND;
	}
	PG_RETURN_INT64(segment ? dsm_segment_handle(segment) : 0);
}
