/*
 * write_files.h
 *	  New files in a source that is a directory.
 *
 * The rights are those of pg_file_write(): members of pg_write_server_files.
 * The sandbox says where the directory is; nothing leads out of it from there.
 */
#ifndef MIGRATOR_SOURCE_WRITE_FILES_H
#define MIGRATOR_SOURCE_WRITE_FILES_H

#include "source/source.h"

/* The folder that is there while somebody writes: of dot names nobody reads. */
#define WRITE_FILES_FOLDER ".migrator-new"

typedef struct NewFile
{
	const char *path;			/* a name, or one in a new folder */
	const char *content;		/* in the server's encoding; UTF-8 is written */
} NewFile;

/* A directory that nobody else writes new files into meanwhile. */
typedef struct FileWriter FileWriter;

/* May the current user write files, and is the source a directory? */
extern bool write_files_allowed(const Source *source);

/*
 * Bracket of looking at the source and writing into it: no other call, of
 * whatever server, and no migrator-push --new comes between.  Raises 55006 when
 * another one does not end, and what the operating system says.  The end is
 * safe in any state.
 */
extern FileWriter *write_files_begin(const Source *source);
extern void write_files_end(FileWriter *writer);

/*
 * Write files that are names, or all in one new folder: all or none.  Raises
 * 58P02 when one is there, and what the operating system says.  place is a folder
 * at the top of the source, made if need be, or NULL.
 */
extern void write_files(FileWriter *writer, const char *place, const NewFile *files, int count);

#endif
