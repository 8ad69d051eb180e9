/*
 * beneath.h
 *	  Opening files below a directory, wherever links lead.
 *
 * A path is text until it is known to lie below a root; from there on each
 * step is one from a directory that is held open.  So nothing outside of the
 * roots is ever opened, or even looked up, and a directory that is exchanged
 * for a link meanwhile leads nowhere.
 *
 * Links are followed while they stay below some root, absolute ones too.
 */
#ifndef MIGRATOR_SOURCE_BENEATH_H
#define MIGRATOR_SOURCE_BENEATH_H

#include <fcntl.h>
#include <sys/types.h>

#include "nodes/pg_list.h"

/* a descriptor to go on from, which needs no right to read */
#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

typedef struct Root
{
	char	   *given;			/* as it is written, absolute */
	char	   *real;			/* without links */
	dev_t		device;			/* and what was found there: another directory */
	ino_t		inode;			/* in its place later is no root */
} Root;

/* A root that is to be followed through links; NULL when it is no directory. */
extern Root *beneath_root(const char *path);

/*
 * Open an absolute path that lies below one of the roots, which are Root *.
 * The descriptor is to be closed with CloseTransientFile(), or the server
 * closes it at the end of the (sub)transaction.  -1 and errno on failure;
 * beneath_is_hidden(errno) tells a path that leads outside, or nowhere.
 *
 * resolved, when it is not NULL, gets the path without links.
 */
extern int	beneath_open(const List *roots, const char *path, int flags, char **resolved);

/*
 * Open a file by its name below a directory that is held open, when that can
 * be had with one system call.  The descriptor is the caller's.  Otherwise -1
 * and errno: the file cannot be opened, or, when beneath_is_open_question(errno),
 * beneath_open() has to find out.
 */
extern int	beneath_open_at(int directory, const char *name, int flags);

extern bool beneath_is_open_question(int error);

/*
 * Nothing is there, or it is not below a root.  The two must look the same to
 * whoever may not read outside.
 */
extern bool beneath_is_hidden(int error);

#endif
