/*
 * part_mark.h
 *	  How far a migration has come that is run part by part.
 */
#ifndef MIGRATOR_RECORD_PART_MARK_H
#define MIGRATOR_RECORD_PART_MARK_H

#include "nodes/pg_list.h"

/*
 * Statements done, and the one started (0: none).  done_digest covers the text of those done;
 * resume_state is JSON, of what a resume has to find or to make again:
 *
 *	  role, search_path		of the user who ran it, at its beginning
 *	  user					whom the parts that are done left
 *	  settings				what its parts changed, value by name, null for RESET, an
 *							object for the value of a variable
 *	  late					what a script of psql's has left to its run (script/psql_late.c)
 *	  reindex				of a REINDEX CONCURRENTLY that was started (execute/resume.c)
 */
typedef struct RecordMark
{
	const char *service;
	const char *version;
	int64		run_id;
	int			done;
	int			started;
	const char *done_digest;
	const char *resume_state;
} RecordMark;

/*
 * Move the mark of a migration that run_id is running.  Raises 40001 when the
 * row is not that any more: the part is undone with its mark.
 */
extern void record_mark(const RecordMark *mark);

/* resume_state, as far as it is about the session; strings NULL: nothing is known */
typedef struct ResumeState
{
	char	   *role;
	char	   *search_path;
	char	   *user;
	char	   *late;			/* JSON: what the script's results have set
								 * (script/psql_late.h), or NULL */
	List	   *settings;		/* of SettingValue *, in no order */
} ResumeState;

/* a setting and its value as text; value NULL: RESET */
typedef struct SettingValue
{
	char	   *name;
	char	   *value;
	bool		hidden;			/* the value of a variable, or a text with one */
	char	   *variable;		/* whose, or NULL */
} SettingValue;

extern ResumeState *record_resume_state(const char *service, const char *version);

#endif
