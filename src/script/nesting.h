/*
 * nesting.h
 *	  Where a semicolon ends no statement: within parentheses and BEGIN ATOMIC bodies.
 */
#ifndef MIGRATOR_SCRIPT_NESTING_H
#define MIGRATOR_SCRIPT_NESTING_H

#include "script/lexer.h"

/* how far the words at the start of a statement go to CREATE FUNCTION */
typedef enum RoutineHead
{
	ROUTINE_HEAD_START,
	ROUTINE_HEAD_CREATE,
	ROUTINE_HEAD_OR,
	ROUTINE_HEAD_REPLACE,
	ROUTINE_HEAD_FOUND,			/* CREATE [OR REPLACE] FUNCTION | PROCEDURE */
	ROUTINE_HEAD_OTHER
} RoutineHead;

/* All zero where a statement begins. */
typedef struct Nesting
{
	uint32		parens;
	uint32		bodies;			/* BEGIN ATOMIC bodies we are in */
	RoutineHead routine;		/* of the innermost statement */
	bool		boundary;		/* last token: ATOMIC, or ";" of a body */
	bool		after_begin;	/* last token: BEGIN */
} Nesting;

static inline bool
nesting_is_open(const Nesting *nesting)
{
	return nesting->parens > 0 || nesting->bodies > 0;
}

/* The next token of the statement; comments are none. */
extern void nesting_follow(Nesting *nesting, const char *text, const Token *token);

#endif
