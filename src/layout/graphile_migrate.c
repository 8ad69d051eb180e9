/*
 * graphile_migrate.c
 *	  graphile-migrate: the folder "committed", NNNNNN.sql or NNNNNN-slug.sql.
 *
 * A file begins with headers "--! Previous: " and "--! Hash: ", then a blank line.  As
 * in graphile-migrate the hash is SHA-1 of the one before and the body; each names the
 * one before, so that a file that was edited, left out or put between breaks the chain.
 * "--! AllowInvalidHash" lifts the first of these.
 *
 * The body is the script, without a transaction if its first line says so.  :NAME
 * stands for a value where there is one of that name.
 */
#include "postgres.h"

#include "base/digest.h"
#include "layout/left_out.h"
#include "layout/sections.h"

#define DIGITS 6

static bool
claim_graphile_migrate(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || stem < 0 || direction != ' ' || digits < DIGITS ||
		(digits < stem && entry->name[digits] != '-'))
		return false;
	claim->version = pnstrdup(entry->name, digits);
	claim->name = digits < stem ? pnstrdup(entry->name + digits + 1, stem - digits - 1) : pstrdup("");
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

/* "sha1:" and hex of previous, a line end and the body, without white space around. */
static char *
chain_hash(const char *previous, const char *body, const char *end)
{
	StringInfoData text;
	const char *from;
	char		hex[SHA1_HEX_LENGTH + 1];

	while (body < end && lines_is_space(*body))
		body++;
	while (end > body && lines_is_space(end[-1]))
		end--;
	initStringInfo(&text);
	if (strcmp(previous, "-") != 0)
		appendStringInfoString(&text, previous);
	appendStringInfoChar(&text, '\n');
	appendBinaryStringInfo(&text, body, end - body);
	while (text.len > 0 && lines_is_space(text.data[text.len - 1]))
		text.len--;
	text.data[text.len] = '\0';
	appendStringInfoChar(&text, '\n');
	from = text.data;
	while (text.len > 1 && lines_is_space(*from))
	{
		from++;
		text.len--;
	}
	digest_sha1(from, text.len, hex);
	return psprintf("sha1:%s", hex);
}

/* The value of a header, or NULL. */
static char *
header_value(const FileLines *lines, const char *key)
{
	const char *rest = lines_skip(lines->text, lines->end, key, false);
	const char *end = lines->end;

	if (rest == NULL)
		return NULL;
	while (rest < end && lines_is_space(*rest))
		rest++;
	while (end > rest && lines_is_space(end[-1]))
		end--;
	return pnstrdup(rest, end - rest);
}

static List *
read_graphile_migrate(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	Sections	sections;
	FileLines  *lines = &sections.lines;
	char	   *previous = NULL;
	char	   *hash = NULL;
	int			hash_line = 1;
	bool		allow_invalid = false;
	bool		in_headers = true;
	bool		first = true;
	const char *end = content->bytes + content->length;
	const char *body = end;

	sections_begin(&sections, content, claim);
	sections_unit(&sections, UNIT_UP)->fill = FILL_COLONS;
	while (sections.result->fault == NULL && lines_next(lines))
	{
		const char *value;

		if (in_headers)
		{
			/* headers begin with a capital letter */
			value = lines_skip(lines->text, lines->end, "--! ", false);
			if (value != NULL && value < lines->end && *value >= 'A' && *value <= 'Z')
			{
				if ((value = header_value(lines, "--! Previous:")) != NULL)
					previous = unconstify(char *, value);
				else if ((value = header_value(lines, "--! Hash:")) != NULL)
				{
					hash = unconstify(char *, value);
					hash_line = lines->number;
				}
				else if (lines_skip(lines->text, lines->end, "--! AllowInvalidHash", false) != NULL)
					allow_invalid = true;
				continue;
			}
			if (lines->text != lines->end || lines->offset + 1 != lines->next)
				sections_fault(&sections, lines->number, lines->text == lines->end ?
							   "its lines end with CRLF, and graphile-migrate writes LF" :
							   "no blank line is between the headers and the script");
			in_headers = false;
			body = content->bytes + lines->next;
			sections_open(&sections, UNIT_UP);
			continue;
		}
		if (first && !lines_is_blank(lines))
		{
			first = false;
			value = lines_skip(lines->text, lines->end, "--!", false);
			if (value != NULL && lines_skip(value, lines->end, "no-transaction", false) != NULL)
				sections_set_transactions(&sections, UNIT_UP, UNIT_NO_TRANSACTION);
		}
		/* behind blanks it is a comment, there too */
		if (lines->text < lines->end && *lines->text == '-' &&
			(value = lines_skip(lines->text, lines->end, "--!", false)) != NULL &&
			lines_skip(value, lines->end, "include ", false) != NULL)
			sections_fault(&sections, lines->number, "graphile-migrate puts in what %s names when it commits, and has not", lines_quoted(lines));
	}
	if (sections.result->fault == NULL && (previous == NULL || hash == NULL))
		sections_fault(&sections, 1, "there is no header \"--! %s\": the migration is not committed", previous == NULL ? "Previous:" : "Hash:");
	else if (sections.result->fault == NULL && !allow_invalid)
	{
		char	   *found = chain_hash(previous, body, end);

		if (strcmp(found, hash) != 0)
			sections_fault(&sections, hash_line, "the hash is %s, and the header says %s: the file was changed after it was committed",
						   found, lines_printable(hash));
	}
	sections.result->hash = hash;
	sections.result->previous = previous;
	return sections_end(&sections);
}

/* Each names the one before it. */
static void
verify_graphile_migrate(const Source *source, MigrationSet *set)
{
	const Migration *before = NULL;

	for (int i = 0; i < set->count; i++)
	{
		const Migration *migration = set->migrations[i];

		if (migration->elsewhere)
			continue;
		/* what is before a file that is refused is not known */
		if (set->refused == NIL && migration->previous != NULL &&
			strcmp(migration->previous, before ? before->hash : "-") != 0)
			left_out_refuse(set, migration->up->file,
							before ? psprintf("it says that the migration before it has hash %s, and that of \"%s\" is %s",
											  lines_printable(migration->previous), before->up->file, lines_printable(before->hash)) :
							psprintf("it says that there is a migration before it, with hash %s",
									 lines_printable(migration->previous)))->line = 1;
		before = migration;
	}
}

/* The hash is made when graphile-migrate commits. */
static bool
name_graphile_migrate(NewMigration *fresh)
{
	return false;
}

const Layout layout_graphile_migrate = {
	.name = "graphile-migrate",
	.pattern = "NNNNNN.sql, NNNNNN-slug.sql",
	.order = VERSION_ORDER_NUMBER,
	.claim = claim_graphile_migrate,
	.marks = MARK_OF_GRAPHILE_MIGRATE,
	.marks_shown = "--! Previous:, --! Hash:",
	.read = read_graphile_migrate,
	.verify = verify_graphile_migrate,
	.name_new = name_graphile_migrate
};
