/*
 * sqitch.h
 *	  What sqitch.plan and sqitch.conf say; private to sqitch*.c.
 */
#ifndef MIGRATOR_LAYOUT_SQITCH_H
#define MIGRATOR_LAYOUT_SQITCH_H

#include "layout/layout.h"

#define SQITCH_PLAN "sqitch.plan"
#define SQITCH_CONF "sqitch.conf"

/* A line of the plan. */
typedef struct SqitchLine
{
	bool		is_tag;
	char	   *name;			/* of a tag without its "@" */
	int			line;
	List	   *needs;			/* char *, as written: [a !b project:c d@tag] */
	int			later;			/* index of the line that reworks it, or -1 */
	char	   *version;		/* NAME, or NAME@TAG if it is reworked */
} SqitchLine;

typedef struct SqitchPlan
{
	const char *project;
	SqitchLine *lines;			/* changes and tags, in their order */
	int			count;
	char	   *fault;			/* the first thing that is wrong, or NULL */
	int			fault_line;
} SqitchPlan;

/* Take a plan apart: its lines, no more. */
extern void sqitch_read_plan(const char *text, size_t length, SqitchPlan *plan);

typedef struct SqitchConf
{
	const char *deploy;			/* folders, and what files end in */
	const char *revert;
	const char *verify;
	const char *ending;
	char	   *fault;			/* something that is not done here, or NULL */
	int			fault_line;
} SqitchConf;

/* text NULL: there is no such file */
extern void sqitch_read_conf(const char *text, size_t length, SqitchConf *conf);

#endif
