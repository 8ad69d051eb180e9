/*
 * names.c
 *	  What a name says by itself, whatever the layout of its directory.
 *
 * Pieces of names for the layouts, and two questions to a name: can it be a
 * script that goes up, might it be a migration.  Where there is doubt the answer is the one that
 * stops a run: a file that must not run must not, and one that should is not
 * left out without a word.  options.ignore is the way out.
 */
#include "postgres.h"

#include <ctype.h>

#include "layout/names.h"

/* A whole word between dots: what it says of the file. */
typedef struct NameWord
{
	const char *word;
	enum
	{
		WORD_BACK,
		WORD_DATABASE,
		WORD_ENVIRONMENT,
		WORD_COPY
	}			kind;
} NameWord;

/* JSON files that change what runs; ignoring them would run too much */
static const char *const manifest_names[] = {
	ENVIRONMENTS_FILE, MANIFEST_FILE,
};

static const NameWord dotted_words[] = {
	{"down", WORD_BACK}, {"undo", WORD_BACK}, {"rollback", WORD_BACK}, {"revert", WORD_BACK},
	{"downgrade", WORD_BACK}, {"backout", WORD_BACK},
	{"mysql", WORD_DATABASE}, {"mariadb", WORD_DATABASE}, {"sqlite", WORD_DATABASE},
	{"sqlite3", WORD_DATABASE}, {"mssql", WORD_DATABASE}, {"sqlserver", WORD_DATABASE},
	{"tsql", WORD_DATABASE}, {"oracle", WORD_DATABASE}, {"plsql", WORD_DATABASE},
	{"db2", WORD_DATABASE}, {"h2", WORD_DATABASE}, {"hsqldb", WORD_DATABASE},
	{"derby", WORD_DATABASE}, {"firebird", WORD_DATABASE}, {"cockroach", WORD_DATABASE},
	{"cockroachdb", WORD_DATABASE}, {"crdb", WORD_DATABASE}, {"clickhouse", WORD_DATABASE},
	{"snowflake", WORD_DATABASE}, {"redshift", WORD_DATABASE}, {"bigquery", WORD_DATABASE},
	{"spanner", WORD_DATABASE}, {"cassandra", WORD_DATABASE}, {"cql", WORD_DATABASE},
	{"duckdb", WORD_DATABASE},
	{"env", WORD_ENVIRONMENT}, {"dev", WORD_ENVIRONMENT}, {"development", WORD_ENVIRONMENT},
	{"test", WORD_ENVIRONMENT}, {"testing", WORD_ENVIRONMENT}, {"staging", WORD_ENVIRONMENT},
	{"prod", WORD_ENVIRONMENT}, {"production", WORD_ENVIRONMENT},
	{"bak", WORD_COPY}, {"backup", WORD_COPY}, {"orig", WORD_COPY}, {"old", WORD_COPY},
	{"copy", WORD_COPY}, {"save", WORD_COPY}, {"rej", WORD_COPY}, {"tmp", WORD_COPY},
	{"disabled", WORD_COPY}, {"skip", WORD_COPY}, {"draft", WORD_COPY}, {"wip", WORD_COPY},
	{"example", WORD_COPY}, {"sample", WORD_COPY}, {"template", WORD_COPY},
	{"deprecated", WORD_COPY}, {"obsolete", WORD_COPY},
};

/* the last word of a title, behind "_" or "-"; either end of a word between dots */
static const char *const back_words[] = {
	"down", "undo", "rollback", "revert", "downgrade", "backout",
};

/* words in front of a number that make it a version */
static const char *const version_words[] = {
	"v", "u", "b", "m", "version", "migration", "migrate", "patch", "delta", "up", "down",
	"undo", "rollback", "revert",
};

/* files that make a folder that of a migration */
static const char *const migration_children[] = {
	"migration.sql", "up.sql",
};

/* files that say something to people, and nothing to a tool */
static const char *const page_endings[] = {
	".md", ".rst", ".adoc", ".html",
};

static const char goes_back[] = "its name says that it goes back";
static const char does_not_show[] = "its name has a character that does not show";

static bool has_invisible(const char *name);
static bool begins_with_up(const char *name);
static const char *dotted_word(const char *name, char direction);
static bool goes_back_with_more(const char *word, int length);
static bool ends_in_suffix(const char *name, int stem);
static bool has_version(const char *name);
static bool ends_so(const char *name, const char *ending);
static bool is_page(const char *name);

static bool
same_word(const char *text, int length, const char *word)
{
	/* most differ in the first letter, which is that of either case */
	return (*text | 0x20) == *word &&
		(int) strlen(word) == length && pg_strncasecmp(text, word, length) == 0;
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

const char *
name_never_up(const SourceEntry *entry)
{
	char		direction;
	int			stem;

	if (entry->is_directory)
		return NULL;
	stem = layout_sql_stem(entry->name, &direction);
	if (stem < 0)
		return NULL;
	if (has_invisible(entry->name))
		return does_not_show;
	if (direction == ' ' && begins_with_up(entry->name))
		direction = 'u';
	if (direction == ' ' && ends_in_suffix(entry->name, stem))
		return goes_back;
	return dotted_word(entry->name, direction);
}

const char *
name_goes_back(const SourceEntry *entry)
{
	const char *reason = name_never_up(entry);

	return reason == goes_back || reason == does_not_show ? reason : NULL;
}

/* Such a one makes another word of one that would be understood.  Joiners of letters that are not ASCII's are none. */
static bool
has_invisible(const char *name)
{
	static const char *const characters[] = {
		"\xC2\xAD", "\xE2\x80\x8B", "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xAA", "\xE2\x80\xAB", "\xE2\x80\xAC", "\xE2\x80\xAD",
		"\xE2\x80\xAE", "\xE2\x81\xA0", "\xE2\x81\xA6", "\xE2\x81\xA7", "\xE2\x81\xA8", "\xE2\x81\xA9", "\xEF\xBB\xBF",
		/* joiners */
		"\xE2\x80\x8C", "\xE2\x80\x8D"
	};

	for (const char *c = name; *c != '\0'; c++)
		for (int i = 0; IS_HIGHBIT_SET(*c) && i < lengthof(characters); i++)
		{
			int			length = strlen(characters[i]);

			if (strncmp(c, characters[i], length) == 0 &&
				(i < lengthof(characters) - 2 || c == name || !IS_HIGHBIT_SET(c[-1]) || !IS_HIGHBIT_SET(c[length])))
				return true;
		}
	return false;
}

/* V1.2__x.sql, B2__x.sql, R__x.sql: the letter says more than the last word, and what goes back has another one. */
static bool
begins_with_up(const char *name)
{
	const char *divider = strstr(name, "__");

	if (divider == NULL)
		return false;
	if (*name == 'R')
		return divider == name + 1;
	return (*name == 'V' || *name == 'B') && is_digit(name[1]) &&
		(int) strspn(name + 1, "0123456789._") > divider - name - 1;
}

/*
 * What a word between two dots says; the first word is a title, the version
 * apart (1.down_payment.sql).
 */
static const char *
dotted_word(const char *name, char direction)
{
	const char *word = strchr(name, '.');
	bool		titled = word != NULL && layout_leading_digits(name) < word - name;

	while (word != NULL)
	{
		const char *end = strchr(++word, '.');
		int			length = end ? end - word : (int) strlen(word);

		while (length > 0 && (*word == ' ' || word[length - 1] == ' '))
		{
			word += *word == ' ' ? 1 : 0;
			length--;
		}
		for (int i = 0; end != NULL && i < lengthof(dotted_words); i++)
		{
			if (!same_word(word, length, dotted_words[i].word))
				continue;
			switch (dotted_words[i].kind)
			{
				case WORD_BACK:
					/* the last word says more: 2_a.rollback.up.sql */
					if (direction != ' ')
						break;
					return goes_back;
				case WORD_DATABASE:
					return "its name says that it is for another database system";
				case WORD_ENVIRONMENT:
					return "its name says that it is for one environment, and only folders divide by environments";
				case WORD_COPY:
					return "its name says that it is a copy or a draft";
			}
		}
		if (end != NULL && titled && direction == ' ' && goes_back_with_more(word, length))
			return goes_back;
		titled |= layout_leading_digits(word) < length;
		word = end;
	}
	return NULL;
}

/* 1_users.down_old.sql, 1_users.down2.sql, 1_users.old-down.v2.sql */
static bool
goes_back_with_more(const char *word, int length)
{
	for (int i = 0; i < lengthof(back_words); i++)
	{
		int			back = strlen(back_words[i]);

		if (length > back && pg_strncasecmp(word, back_words[i], back) == 0 &&
			!isalpha((unsigned char) word[back]) && !IS_HIGHBIT_SET(word[back]))
			return true;
	}
	return ends_in_suffix(word, length);
}

/* 1_users_down.sql, but not 12_break_down_by_day.sql */
static bool
ends_in_suffix(const char *name, int stem)
{
	for (int i = 0; i < lengthof(back_words); i++)
	{
		int			length = strlen(back_words[i]);

		if (stem > length && strchr("_-", name[stem - length - 1]) != NULL &&
			pg_strncasecmp(name + stem - length, back_words[i], length) == 0)
			return true;
	}
	return false;
}

bool
name_is_document(const char *name)
{
	return is_page(name) || ends_so(name, ".txt");
}

static bool
ends_so(const char *name, const char *ending)
{
	size_t		length = strlen(name);

	return length >= strlen(ending) && pg_strcasecmp(name + length - strlen(ending), ending) == 0;
}

/* A document that is no script with a wrong name, as .txt may be. */
static bool
is_page(const char *name)
{
	for (int i = 0; i < lengthof(page_endings); i++)
		if (ends_so(name, page_endings[i]))
			return true;
	return false;
}

bool
name_is_manifest(const char *path)
{
	const char *slash = strrchr(path, '/');

	for (int i = 0; i < lengthof(manifest_names); i++)
	{
		if (strcmp(slash ? slash + 1 : path, manifest_names[i]) == 0)
			return true;
	}
	return false;
}

bool
name_may_be_migration(const SourceEntry *entry)
{
	const char *up;
	ListCell   *lc;
	size_t		length = strlen(entry->name);

	/* Go's tests, which are part of no program: "go help test" */
	if (!entry->is_directory && length > 8 && strcmp(entry->name + length - 8, "_test.go") == 0)
		return false;

	/*
	 * what describes a migration is often named like it: 2_b.md beside
	 * 2_b.sql
	 */
	if (!entry->is_directory && is_page(entry->name))
		return false;
	if (has_version(entry->name))
		return true;
	if (!entry->is_directory)
	{
		/* users.up.sql, users.up.go */
		up = strstr(entry->name, ".up.");
		return up != NULL && up != entry->name;
	}
	foreach(lc, entry->children)
	{
		for (int i = 0; i < lengthof(migration_children); i++)
			if (pg_strcasecmp(lfirst(lc), migration_children[i]) == 0)
				return true;
	}
	return false;
}

/*
 * 2_b.up.go, 20240101-x.ts, 3b.sql, V1__a.sql, R__a.sql, m150101_x.php,
 * Version2024.php, down_1.sql; and Alembic's 1975ea83b712_x.py.
 */
static bool
has_version(const char *name)
{
	const char *rest;

	if (strspn(name, "0123456789abcdef") == 12 && name[12] == '_')
		return true;
	if (is_digit(*name))
	{
		char		direction;

		rest = name + layout_leading_digits(name);
		return *rest == '\0' || strchr("_-.~", *rest) != NULL || layout_sql_stem(name, &direction) >= 0;
	}
	if (pg_strncasecmp(name, "R__", 3) == 0)
		return true;
	for (int i = 0; i < lengthof(version_words); i++)
	{
		int			length = strlen(version_words[i]);

		if (pg_strncasecmp(name, version_words[i], length) != 0)
			continue;
		rest = name + length;
		if (*rest == '_' || *rest == '-' || *rest == '.')
			rest++;
		if (is_digit(*rest))
			return !name_is_document(name) || strchr(name, '_') != NULL;
	}
	return false;
}

int
layout_leading_digits(const char *s)
{
	return strspn(s, "0123456789");
}

int
layout_sql_stem(const char *name, char *direction)
{
	int			length = strlen(name);

	*direction = ' ';
	if (length < 4 || pg_strcasecmp(name + length - 4, ".sql") != 0)
		return -1;
	length -= 4;
	if (length >= 3 && pg_strncasecmp(name + length - 3, ".up", 3) == 0)
	{
		*direction = 'u';
		return length - 3;
	}
	if (length >= 5 && pg_strncasecmp(name + length - 5, ".down", 5) == 0)
	{
		*direction = 'd';
		return length - 5;
	}
	return length;
}

static int
two_digits(const char *s)
{
	return (s[0] - '0') * 10 + (s[1] - '0');
}

bool
layout_is_date(const char *s, int digits)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int			month = two_digits(s + 4);
	int			day = two_digits(s + 6);

	if (month < 1 || month > 12 || day < 1 || day > days[month - 1])
		return false;
	return digits < 14 ||
		(two_digits(s + 8) < 24 && two_digits(s + 10) < 60 && two_digits(s + 12) < 60);
}

bool
layout_has_child(const SourceEntry *entry, const char *name)
{
	ListCell   *lc;

	if (!entry->is_directory)
		return false;
	foreach(lc, entry->children)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

char *
layout_name_of_folder(const char *folder)
{
	const char *underscore = strchr(folder, '_');

	return pstrdup(underscore ? underscore + 1 : "");
}
