/*
 * claim.c
 *	  What a layout says of one entry: of its name, and of its contents.
 *
 * A file is read once, whoever asks: its marks, its checksum, and what the layout
 * that asked makes of it, are kept.
 */
#include "postgres.h"

#include "layout/claim.h"

static const char *path_of(const Candidate *item, const char *file);

/*
 * Does the layout claim the entry by its name?  Layouts know names; what is in
 * an environment's folder is that folder's.
 */
bool
claim_by_name(const Layout *layout, const Candidate *item, LayoutClaim *claim)
{
	memset(claim, 0, sizeof(LayoutClaim));
	if (!layout->claim(item->entry, claim))
		return false;
	if (item->folder != NULL && claim->up != NULL)
		claim->up->file = path_of(item, claim->up->file);
	if (item->folder != NULL && claim->down != NULL)
		claim->down->file = path_of(item, claim->down->file);
	return true;
}

static const char *
path_of(const Candidate *item, const char *file)
{
	return file == item->entry->name ? item->path : psprintf("%s/%s", item->folder, file);
}

bool
claim_is_marked(const Layout *layout, const Candidates *all, Candidate *item, const LayoutClaim *claim)
{
	const char *file = (claim->up ? claim->up : claim->down)->file;

	if (item->elsewhere || claim->many)
		return true;
	if (item->looked_into == NULL || strcmp(item->looked_into, file) != 0)
	{
		FileContent content;

		item->looked_into = file;
		item->marks = 0;
		item->checksum = NULL;
		item->read_by = NULL;
		memset(&content, 0, sizeof(content));
		source_read(all->source, file, &content);
		if (content.bytes == NULL)
			return false;
		item->marks = mark_tools(content.bytes, content.length);
		item->checksum = palloc(SHA256_HEX_LENGTH + 1);
		digest_sha256(content.bytes, content.length, item->checksum);
		if ((item->marks & MARK_BIT(layout->marks)) != 0 && layout->read != NULL)
			claim_read(item, all->source, layout, claim, &content);
		pfree(content.bytes);
	}
	return (item->marks & MARK_BIT(layout->marks)) != 0;
}

void
claim_read(Candidate *item, const Source *source, const Layout *layout, const LayoutClaim *claim,
		   const FileContent *content)
{
	const char *file = (claim->up ? claim->up : claim->down)->file;
	char	   *checksum = item->looked_into == file ? item->checksum : NULL;
	ListCell   *lc;

	item->read_by = layout;
	item->found = layout->read(source, content, claim);
	foreach(lc, item->found)
	{
		const LayoutClaim *found = lfirst(lc);

		claim_bind(found->up, file, content, &checksum);
		claim_bind(found->down, file, content, &checksum);
	}
}

/*
 * Ranges are of the content that they were found in; *checksum is summed up when it is
 * first needed.  What a unit's own bytes come to is known as well, now that they
 * are at hand: nobody has to read them again to see that nothing changed.
 */
void
claim_bind(ScriptUnit *unit, const char *file, const FileContent *content, char **checksum)
{
	if (unit == NULL || (unit->range_count == 0 && strcmp(unit->file, file) != 0))
		return;
	if (strcmp(unit->file, file) != 0)
		elog(ERROR, "ranges of file \"%s\" were found in file \"%s\"", unit->file, file);
	if (*checksum == NULL)
	{
		*checksum = palloc(SHA256_HEX_LENGTH + 1);
		digest_sha256(content->bytes, content->length, *checksum);
	}
	if (unit->range_count > 0)
		unit->file_checksum = *checksum;
	if (unit->direction == UNIT_UP)
		unit->checksum = unit->range_count > 0 ? unit_checksum(unit, content) : *checksum;
}
