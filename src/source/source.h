/*
 * source.h
 *	  Where migrations come from: a directory on the server, or files staged by
 *	  a client.
 *
 * The layers above know a source only by this interface.
 */
#ifndef MIGRATOR_SOURCE_SOURCE_H
#define MIGRATOR_SOURCE_SOURCE_H

#include "source/file.h"
#include "source/staged.h"

typedef struct Source
{
	const char *given;			/* as the user wrote it */
	StagedSet  *staged;			/* or NULL: a directory, as follows */
	char	   *path;			/* resolved */
	const char *file;			/* the one in it that was given as source;
								 * NULL: all are the source's */
	FileSandbox sandbox;
	FilePeeker	peeker;			/* open between source_hold and source_release */
} Source;

/* One entry at the top of a source. */
typedef struct SourceEntry
{
	const char *name;
	bool		is_directory;
	List	   *children;		/* file names in the directory, char * */
	List	   *folders;		/* names of the folders in it, char * */
} SourceEntry;

/*
 * Open a source.  Raises what file_resolve or staged_open raises.
 * The Source lives in CurrentMemoryContext.
 */
extern Source *source_open(const char *given);

/* Its entries as SourceEntry *, ordered by bytes; one level of folders. */
extern List *source_list(const Source *source);

/*
 * What is in a folder of it, named relative to the source: names, char *,
 * ordered by bytes.  Links to folders are by themselves, for whoever follows
 * them may come in a circle; one that leads nowhere is a file.
 */
extern void source_list_folder(const Source *source, const char *folder,
							   List **files, List **folders, List **links);

/* Bracket of many calls of source_unchanged. */
extern void source_hold(Source *source);
extern void source_release(Source *source);

/*
 * Does a file certainly have this checksum?  False also when it cannot be told
 * quickly: then read it.
 */
extern bool source_unchanged(Source *source, const char *file, const char *checksum);

/* Is there nothing that would keep the server from reading it?  Nothing is opened. */
extern bool source_may_read(const Source *source, const char *file);

/* Read one file, named relative to the source. */
extern void source_read(const Source *source, const char *file, FileContent *content);

/*
 * Does a source that the caller names stand for a registered one?  Of his the
 * sandbox is asked, so that he learns nothing of places that he may not read;
 * the other was readable to whoever registered it.
 */
extern bool source_same(const char *registered, const char *given);

/*
 * Raise 42501 when the scripts of this source must not be run by the caller,
 * though he may read them.
 */
extern void source_require_runnable(const Source *source);

/*
 * Bracket of a run over several transactions: what it opens stays to be read.
 * The end is safe in any state.
 */
extern void source_keep(const char *given);
extern void source_let_go(const char *given);

/* A script's bytes, and the text that they are. */
typedef struct SourceScript
{
	FileContent raw;			/* as stored */
	char	   *text;			/* server encoding, no BOM, NUL-terminated */
	size_t		length;
	int			bad_line;		/* of an encoding problem, else 0 */
	int			bad_column;
} SourceScript;

/*
 * Make text of raw, which is UTF-8 with or without byte order mark.  On failure
 * text is NULL and raw says why, with line and column of the first bad byte.
 */
extern void source_decode_script(const char *file, SourceScript *script);

#endif
