/*
 * sqitch.h
 *	  What sqitch.plan and sqitch.conf say; private to sqitch*.c, and to whoever
 *	  adopts what sqitch deployed.
 */
#ifndef MIGRATOR_LAYOUT_SQITCH_H
#define MIGRATOR_LAYOUT_SQITCH_H

#include "layout/layout.h"

#define SQITCH_PLAN "sqitch.plan"
#define SQITCH_CONF "sqitch.conf"

/* What a change requires, or must not meet: [a !b project:c d@tag @tag id]. */
typedef struct SqitchNeed
{
	bool		conflict;
	const char *words;			/* as written, without "!" */
	char	   *project;		/* or NULL, like the next three */
	char	   *change;
	char	   *tag;			/* without its "@" */
	char	   *id;
} SqitchNeed;

/* A line of the plan. */
typedef struct SqitchLine
{
	bool		is_tag;
	char	   *name;			/* of a tag without its "@" */
	int			line;
	List	   *needs;			/* SqitchNeed * */
	char	   *time;
	char	   *planner;		/* "Name <mail>" */
	char	   *note;			/* or NULL */
	int			before;			/* index of the line that this one reworks, or
								 * -1 */
	int			later;			/* of the one that reworks it, or -1 */
	int			tags_before;	/* so many tags stand before it */
	char	   *version;		/* NAME, or NAME@TAG if it is reworked */
	char		id[SHA1_HEX_LENGTH + 1];	/* of a change, once
											 * sqitch_find_ids() found it out */
} SqitchLine;

typedef struct SqitchFault
{
	int			line;
	char	   *reason;
} SqitchFault;

typedef struct SqitchPlan
{
	const char *project;
	const char *uri;			/* or NULL */
	SqitchLine *lines;			/* changes and tags, in their order */
	int			count;
	int		   *tags;			/* the indexes of those that are tags */
	int			tag_count;
	bool		names_ids;		/* some need is an id */
	struct HTAB *names;			/* of sqitch_plan.c */
	List	   *faults;			/* SqitchFault *: what is wrong with it */
} SqitchPlan;

/* Take a plan apart, and refuse what sqitch would refuse of it. */
extern void sqitch_read_plan(const char *text, size_t length, SqitchPlan *plan);

/*
 * The index of the change of this plan that a need means, wherever it stands;
 * -1: there is none.  One of another project is none.
 */
extern int	sqitch_find_change(const SqitchPlan *plan, const SqitchNeed *need);

/* Compute what sqitch calls the id of each change. */
extern void sqitch_find_ids(SqitchPlan *plan);

/* What sqitch.conf says, or what holds without it. */
typedef struct SqitchConf
{
	const char *plan;			/* path of the plan */
	int			plan_line;		/* that says where it is; 0: none does */
	const char *deploy;			/* folders, "" for the top */
	const char *revert;
	const char *verify;
	const char *reworked_deploy;	/* those of changes that are reworked */
	const char *reworked_revert;
	const char *reworked_verify;
	const char *ending;
	const char *registry;
	List	   *up_variables;	/* Variable * */
	List	   *down_variables;
	List	   *verify_variables;
	bool		verifies;		/* a run is to verify its changes */
	const char *mode;			/* how far a failed deploy goes back, if that
								 * is further than its own change; or NULL */
	char	   *fault;			/* something that is not done here, or NULL */
	int			fault_line;
} SqitchConf;

/* text NULL: there is no such file */
extern void sqitch_read_conf(const char *text, size_t length, SqitchConf *conf);

/* The plan of a source; NULL where there is none without a fault. */
extern SqitchPlan *sqitch_plan_of(const Source *source);

/* A path below a folder, which may be the top. */
extern char *sqitch_path(const char *folder, const char *name);

#endif
