/*
 * tar.c
 *	  Read the files of a tar archive.
 *
 * zlib takes the compression away and libarchive reads what is left, with
 * nothing but its tar reader switched on.  (Its own gzip filter does not verify
 * the checksum, filters nest, and it does not come back to us while it skips
 * what a small input unpacks to.)  Both allocate with malloc(), so they are
 * freed by a callback of a memory context.  libarchive calls nothing of the
 * server but our read callback, which never raises an error.  It converts names to the character set of the
 * process's locale where it can, which is not what we want of names that are
 * UTF-8 already: its calls are made in the "C" locale, where it returns the
 * bytes as they are.
 */
#include "postgres.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <zlib.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/finding.h"
#include "source/tar.h"

/* the archive is handed over in pieces, so that a cancel is seen between them */
#define PIECE (64 * 1024)

/* tar fills its last record with zeros; what is behind more of them is not read */
#define PADDING_AT_MOST (16 * 1024 * 1024)
#define BLOCK 512

/* windowBits of inflateInit2(): the largest window, and a gzip header */
#define GZIP_ONLY (15 + 16)

/*
 * Headers of one entry never need this much.  libarchive reads all of them
 * before it returns, and they may be nothing but a comment.
 */
#define HEADERS_AT_MOST (8 * 1024 * 1024)

typedef struct TarReader
{
	struct archive *archive;
	const char *next;			/* what was not handed over yet */
	size_t		left;
	bool		compressed;		/* then zlib has what was not yet unpacked */
	bool		unpacked;		/* all of it */
	z_stream	zlib;
	char		piece[PIECE];	/* unpacked */
	int64		headers_end;	/* headers must not go beyond this position */
	const char *stopped;		/* why we refused to hand over more, or NULL */
	locale_t	outside;		/* locale to return to */
	MemoryContextCallback callback;
} TarReader;

static locale_t c_locale = (locale_t) 0;

static void open_archive(TarReader *reader, const void *bytes, size_t length);
static void free_archive(void *argument);
static void enter_library(TarReader *reader);
static void leave_library(TarReader *reader);
static la_ssize_t unpack(TarReader *reader);
static la_ssize_t hand_over(struct archive *archive, void *argument, const void **buffer);
static bool next_entry(TarReader *reader, struct archive_entry **entry);
static bool is_conversion_warning(struct archive *archive);
static void require_end(TarReader *reader);
static char *entry_name(struct archive_entry *entry);
static void refuse_special(struct archive_entry *entry, const char *name);
static struct varlena *read_content(TarReader *reader, const char *name, int64 size);
static void refuse(TarReader *reader);

void
tar_read(const void *bytes, size_t length, TarLimit limit, TarTake take, void *argument)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "migrator archive",
												  ALLOCSET_SMALL_SIZES);
	TarReader  *reader = MemoryContextAllocZero(context, sizeof(TarReader));
	int64		entries = 0;
	int64		total = 0;
	int64		names = 0;
	struct archive_entry *entry;

	reader->callback.func = free_archive;
	reader->callback.arg = reader;
	MemoryContextRegisterResetCallback(context, &reader->callback);
	open_archive(reader, bytes, length);

	while (next_entry(reader, &entry))
	{
		TarFile		file = {.name = entry_name(entry)};

		CHECK_FOR_INTERRUPTS();
		refuse_special(entry, file.name);
		names += strlen(file.name);
		if (archive_entry_filetype(entry) == AE_IFDIR)
		{
			limit(++entries, total, names, argument);
			pfree(file.name);
			continue;
		}
		file.size = archive_entry_size(entry);
		total += file.size;
		limit(++entries, total, names, argument);
		take(&file, argument);
		file.content = read_content(reader, file.name, file.size);
		take(&file, argument);
	}
	require_end(reader);
	MemoryContextDelete(context);
}

static void
open_archive(TarReader *reader, const void *bytes, size_t length)
{
	int			result;

	if (c_locale == (locale_t) 0)
	{
		c_locale = newlocale(LC_ALL_MASK, "C", (locale_t) 0);
		if (c_locale == (locale_t) 0)
			elog(ERROR, "could not create locale \"C\": %m");
	}
	reader->archive = archive_read_new();
	reader->compressed = length > 2 && memcmp(bytes, "\x1f\x8b", 2) == 0;
	if (reader->compressed)
	{
		reader->zlib.next_in = (Bytef *) bytes;
		reader->zlib.avail_in = length;
	}
	if (reader->archive == NULL ||
		(reader->compressed && inflateInit2(&reader->zlib, GZIP_ONLY) != Z_OK))
		ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
	reader->next = bytes;
	reader->left = length;
	reader->headers_end = HEADERS_AT_MOST;

	enter_library(reader);
	archive_read_support_format_tar(reader->archive);
	result = archive_read_open(reader->archive, reader, NULL, hand_over, NULL);
	leave_library(reader);
	if (result != ARCHIVE_OK)
		refuse(reader);
}

static void
free_archive(void *argument)
{
	TarReader  *reader = argument;

	if (reader->archive != NULL)
		archive_read_free(reader->archive);
	reader->archive = NULL;
	if (reader->compressed)
		(void) inflateEnd(&reader->zlib);
	reader->compressed = false;
}

static void
enter_library(TarReader *reader)
{
	reader->outside = uselocale(c_locale);
}

static void
leave_library(TarReader *reader)
{
	uselocale(reader->outside);
}

/*
 * The next piece of the archive.  To raise an error from here would jump over
 * libarchive's frames; so we only refuse to go on, and our callers raise it.
 */
static la_ssize_t
hand_over(struct archive *archive, void *argument, const void **buffer)
{
	TarReader  *reader = argument;
	size_t		piece = Min(reader->left, PIECE);

	if (QueryCancelPending || ProcDiePending)
	{
		reader->stopped = "cancelled";
		archive_set_error(archive, ECANCELED, NULL);
		return -1;
	}
	if (archive_filter_bytes(archive, 0) > reader->headers_end)
	{
		reader->stopped = "the headers of an entry are too large";
		archive_set_error(archive, EILSEQ, NULL);
		return -1;
	}
	if (reader->compressed)
	{
		*buffer = reader->piece;
		return unpack(reader);
	}
	*buffer = reader->next;
	reader->next += piece;
	reader->left -= piece;
	return piece;
}

/*
 * Fill the piece.  Returns its length, 0 at the end, -1 when the data are
 * damaged: zlib compares the checksum of each member.
 */
static la_ssize_t
unpack(TarReader *reader)
{
	z_stream   *zlib = &reader->zlib;

	zlib->next_out = (Bytef *) reader->piece;
	zlib->avail_out = PIECE;
	while (!reader->unpacked && zlib->avail_out > 0)
	{
		int			result = inflate(zlib, Z_NO_FLUSH);

		if (result == Z_STREAM_END)
		{
			/* another member may follow, or zeros of a padded file */
			if (zlib->avail_in > 0 && *zlib->next_in == 0x1f)
				(void) inflateReset(zlib);
			else
				reader->unpacked = true;
		}
		else if (result != Z_OK)
		{
			reader->stopped = result == Z_BUF_ERROR && zlib->avail_in == 0 ?
				"the gzip data are truncated" : "the gzip data are damaged";
			archive_set_error(reader->archive, EILSEQ, NULL);
			return -1;
		}
	}
	return PIECE - zlib->avail_out;
}

/*
 * Names beyond ASCII cannot be converted to the "C" locale; then the bytes are
 * given as they are, which is what we want.  Any other warning means that the
 * entry is not what the archive says.
 */
static bool
next_entry(TarReader *reader, struct archive_entry **entry)
{
	int			result;

	enter_library(reader);
	reader->headers_end = archive_filter_bytes(reader->archive, 0) + HEADERS_AT_MOST;
	result = archive_read_next_header(reader->archive, entry);
	leave_library(reader);
	if (result == ARCHIVE_WARN && !is_conversion_warning(reader->archive))
		refuse(reader);
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN && result != ARCHIVE_EOF)
		refuse(reader);
	return result != ARCHIVE_EOF;
}

static bool
is_conversion_warning(struct archive *archive)
{
	const char *text = archive_error_string(archive);

	return text != NULL && strstr(text, "can't be converted") != NULL;
}

/*
 * An archive ends with blocks of zeros.  One that was cut off between two
 * files has none, and libarchive takes it for whole.
 */
static void
require_end(TarReader *reader)
{
	int64		behind;

	if (archive_format(reader->archive) == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid archive: it is empty"));
	behind = archive_filter_bytes(reader->archive, 0) - archive_read_header_position(reader->archive);
	if (behind < BLOCK)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid archive: it is truncated"),
				errdetail("The blocks that mark the end of an archive are missing."),
				errhint("Send it again."));

	/* to the end, where the checksum is */
	for (int64 padding = 0; reader->compressed && !reader->unpacked;)
	{
		la_ssize_t	got = unpack(reader);

		CHECK_FOR_INTERRUPTS();
		padding += got;
		if (padding > PADDING_AT_MOST)
			reader->stopped = "there is too much behind its end";
		if (got < 0 || padding > PADDING_AT_MOST)
			refuse(reader);
	}
}

/*
 * The name as it is stored.  That of a directory ends in a slash, which is
 * taken away; so is "./" in front, which is how "tar c ." writes.
 */
static char *
entry_name(struct archive_entry *entry)
{
	const char *stored = archive_entry_pathname(entry);
	size_t		length;
	char	   *name;
	char	   *converted;

	if (stored == NULL || *stored == '\0')
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid archive: an entry has no name"));
	while (stored[0] == '.' && stored[1] == '/' && stored[2] != '\0')
		stored += 2;
	length = strlen(stored);
	while (length > 1 && stored[length - 1] == '/')
		length--;
	name = pnstrdup(stored, length);
	if (!pg_verify_mbstr(PG_UTF8, name, length, true))
		ereport(ERROR,
				errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				errmsg("name of an entry of the archive is not valid UTF-8"),
				errhint("Rename the file; names in an archive are UTF-8."));
	converted = pg_any_to_server(name, length, PG_UTF8);
	if (converted != name)
		pfree(name);
	return converted;
}

static void
refuse_special(struct archive_entry *entry, const char *name)
{
	bool		link = archive_entry_hardlink(entry) != NULL ||
		archive_entry_filetype(entry) == AE_IFLNK;
	const char *what = NULL;

	if (link)
		what = archive_entry_hardlink(entry) ? "a link to another entry" : "a symbolic link";
	else if (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != AE_IFDIR)
		what = "a device or another special file";
	else if (archive_entry_sparse_count(entry) > 0)
		what = "a sparse file";
	else if (archive_entry_filetype(entry) == AE_IFREG &&
			 (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0))
		what = "of unknown size";
	if (what != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("entry \"%s\" of the archive is %s", finding_one_line(name), what),
				errdetail("Only regular files are staged."),
				!link ? 0 : errhint("Options -h and --hard-dereference of GNU tar store the files that links stand for."));
}

static struct varlena *
read_content(TarReader *reader, const char *name, int64 size)
{
	struct varlena *content = palloc(VARHDRSZ + size);
	int64		done = 0;

	SET_VARSIZE(content, VARHDRSZ + size);
	while (done < size)
	{
		la_ssize_t	got;

		CHECK_FOR_INTERRUPTS();
		enter_library(reader);
		reader->headers_end = PG_INT64_MAX;
		got = archive_read_data(reader->archive, VARDATA(content) + done,
								Min(size - done, 1024 * 1024));
		leave_library(reader);
		if (got < 0)
			refuse(reader);
		if (got == 0)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid archive: entry \"%s\" is shorter than it says", finding_one_line(name)));
		done += got;
	}
	return content;
}

/* Raise what libarchive says, or what made us stop it. */
static void
refuse(TarReader *reader)
{
	const char *text = reader->stopped ? reader->stopped : archive_error_string(reader->archive);

	CHECK_FOR_INTERRUPTS();
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("invalid archive: %s", text ? finding_one_line(text) : "it cannot be read"),
			errhint("It must be a tar file, plain or compressed with gzip."));
}
