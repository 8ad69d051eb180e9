/*
 * affected.c
 *	  The tables of a migration: what its entry declares, and what its script
 *	  touches.
 */
#include "postgres.h"

#include "plan/affected.h"

static AffectedTable *add_table(List **tables, const char *schema, const char *name);

List *
affected_tables(const Step *step)
{
	List	   *tables = NIL;
	int			declared;
	ListCell   *lc;

	foreach(lc, step->entry ? step->entry->affects_tables : NIL)
	{
		const ManifestTable *table = lfirst(lc);

		add_table(&tables, table->schema, table->name)->declared = table;
	}
	declared = list_length(tables);
	foreach(lc, step->touches)
	{
		const Touch *touch = lfirst(lc);
		bool		matched = false;

		for (int i = 0; i < declared; i++)
		{
			AffectedTable *table = list_nth(tables, i);
			bool		guessed;

			if (!touch_same(table->declared->schema, table->declared->name, touch->schema, touch->name, &guessed))
				continue;
			matched = true;
			table->commands = list_concat_copy(table->commands, touch->commands);
			if (guessed)
				table->guessed = touch;
			if (table->schema == NULL)
				table->schema = touch->schema;
		}
		if (!matched)
			add_table(&tables, touch->schema, touch->name)->commands = touch->commands;
	}
	return tables;
}

static AffectedTable *
add_table(List **tables, const char *schema, const char *name)
{
	AffectedTable *table = palloc0(sizeof(AffectedTable));

	table->schema = schema;
	table->name = name;
	*tables = lappend(*tables, table);
	return table;
}
