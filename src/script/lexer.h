/*
 * lexer.h
 *	  SQL text as tokens, as far as cutting it into statements needs.
 *
 * The rules are those of the server's scanner and of psql: what is quoted,
 * what is a comment, where a word, number or operator ends.  What a quoted
 * token means (escapes, Unicode) is left to the server.
 *
 * Bytes from 0x80 on are identifier characters: every encoding that a server
 * can have keeps ASCII bytes out of its multi-byte characters.
 */
#ifndef MIGRATOR_SCRIPT_LEXER_H
#define MIGRATOR_SCRIPT_LEXER_H

typedef enum TokenKind
{
	TOKEN_END,					/* end of the text; has no bytes */
	TOKEN_WORD,					/* keyword or unquoted identifier */
	TOKEN_QUOTED_IDENTIFIER,	/* "..." or U&"..." */
	TOKEN_STRING,				/* '...' with its prefix if any, $tag$...$tag$ */
	TOKEN_NUMBER,
	TOKEN_PARAMETER,			/* $1 */
	TOKEN_OPERATOR,
	TOKEN_LEFT_PAREN,
	TOKEN_RIGHT_PAREN,
	TOKEN_SEMICOLON,
	TOKEN_BACKSLASH,			/* one byte: a psql command begins */
	TOKEN_OTHER,				/* punctuation and bytes that SQL does not
								 * know */
	TOKEN_REFERENCE,			/* of psql, where asked for: :name, :'name',
								 * :"name", :{?name} */
	TOKEN_LINE_COMMENT,			/* without the line end */
	TOKEN_BLOCK_COMMENT
} TokenKind;

typedef struct Token
{
	TokenKind	kind;
	uint32		offset;			/* of its first byte */
	uint32		length;
	uint32		line;			/* of its first byte, from 1 */
	uint32		line_start;		/* offset of that line */
	const char *fault;			/* "unterminated ...", or NULL */
} Token;

typedef struct Lexer
{
	const char *text;
	uint32		length;			/* nothing is read behind it */
	uint32		position;		/* next byte to read */
	uint32		line;			/* line of position, from 1 */
	uint32		line_start;		/* offset of that line */
	bool		conforming_strings; /* standard_conforming_strings; may be
									 * changed between two tokens */

	bool		references;		/* read TOKEN_REFERENCE; else they are a colon
								 * and what comes behind it */

	/* private: a string goes on in a string on a later line */
	bool		after_string;
	bool		after_string_escapes;
	uint32		after_string_line;

	/* private: the last column asked for, so that columns cost linear time */
	uint32		column_line_start;
	uint32		column_offset;
	uint32		column;
} Lexer;

/* len must be below 4 GB */
extern void lexer_init(Lexer *lexer, const char *text, size_t len, bool conforming_strings);

/* Read the next token, comments included.  Raises nothing. */
extern void lexer_next(Lexer *lexer, Token *token);

/* Column (from 1, in characters) of a token that this lexer returned. */
extern uint32 lexer_column(Lexer *lexer, const Token *token);

/* Offset of the end of the line that contains the next byte to read. */
extern uint32 lexer_line_end(const Lexer *lexer);

/* Go on reading at that offset, as the first byte of that line. */
extern void lexer_continue_at(Lexer *lexer, uint32 offset, uint32 line);

/* Does a line end here?  True for LF, and for CR unless LF follows. */
extern bool lexer_ends_line(const char *text, size_t len, size_t offset);

/* Is the token this word?  Ignores case; word is in lower case. */
extern bool token_is_word(const char *text, const Token *token, const char *word);

/* Number of characters in len bytes of the database's encoding. */
extern uint32 lexer_characters(const char *bytes, size_t len);

/* Length in bytes of the first of them, at most len. */
extern size_t lexer_character_length(const char *bytes, size_t len);

#endif
