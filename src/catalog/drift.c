/*
 * drift.c
 *	  The live schema against the objects as runs left them.
 *
 * Record and catalog are read under one snapshot: another service's run that
 * commits between two would look like drift.  What a run that is still under way
 * has committed, or one that died before its end, is on no record; so of the
 * schemas of such a run nothing is marked as drift when another one begins.
 *
 * To look at every object takes longer than a small run.  So the record has a
 * token of the system catalogs, and where that is still the same at a run's
 * beginning nothing needs a look; and at its end only what it changed is
 * looked at (marks.h).  What is on record and what is marked are together as
 * the schema was then, which is what both rest on.
 *
 * Runs of two services must not wait for each other, and the transaction of an
 * apply() may stay open for long.  So whoever writes a home holds its lock to the
 * end of his transaction; where another one has it a run writes what it changed
 * itself and nothing else.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/advisory.h"
#include "catalog/drift.h"

/* An object on record, and what was seen of it. */
typedef struct Entry
{
	char		key[OBJECT_KEY_LENGTH + 1];
	char		hash[SHA256_HEX_LENGTH + 1];	/* "": see KeptObject */
	bool		drifted;
	bool		seen;
	Oid			anchor;
	int			home;			/* index into Homes */
} Entry;

/* A comparison under way, and what it found. */
typedef struct Comparison
{
	const Homes *homes;
	const TrackedSchema **tracked;	/* of each home; NULL: it is not kept */
	HTAB	   *entries;
	MemoryContext context;
	List	   *present;		/* KeptObject *: added or changed */
	List	   *absent;			/* keys of what was removed */
	List	   *settled;		/* keys of what is as on record, and was
								 * marked */
	List	   *forgotten;		/* keys of marks for what is gone */
	List	   *moved;			/* keys of what is on record with another
								 * anchor */
	Oid		   *anchors;		/* theirs */
	int			anchor_room;
	bool		other_version;
} Comparison;

/* where a run changed more than this, all is looked at */
#define ANCHORS_AT_MOST 3000

/* What of it goes on record. */
typedef struct Taking
{
	bool		drifted_too;
	const bool *owned;			/* of each home */
	const Oid  *anchors;		/* of what the run changed, sorted: all that
								 * is taken of a home that is not owned */
	int			anchor_count;
} Taking;

static Comparison *compare(const Homes *homes, const Oid *anchors, int anchor_count, bool relations, Snapshot snapshot);
static bool tracked_as_now(const List *tracked, const Homes *homes, const char *token);
static void note_moved(Comparison *found, const char *key, Oid anchor);
static int	home_index(const Homes *homes, const char *home);
static void put_entry(const KeptHash *kept, void *argument);
static void compare_object(const SchemaObject *object, void *argument);
static bool printed_by_version(const char *kind);
static bool *own_homes(const Homes *homes);
static void set_tracked(const Homes *homes, const bool *owned, const CatalogMarks *marks);
static void set_moved(const Comparison *found, const Taking *taking);
static int	take_all(const Comparison *found, const Taking *taking, int64 run_id);
static bool to_be_taken(const Comparison *found, const Taking *taking, int home, const char *key, Oid anchor);
static List *keys_owned(const Comparison *found, const Taking *taking, const List *keys);
static bool is_of_open_run(const Comparison *found, int home, const Entry *entry, bool *run_open);
static void fill_before(List *drifts, const Comparison *found, Snapshot snapshot);
static int	compare_drifts(const ListCell *a, const ListCell *b);
static Snapshot take_snapshot(void);

static Snapshot
take_snapshot(void)
{
	CommandCounterIncrement();
	return RegisterSnapshot(GetLatestSnapshot());
}

/* anchors NULL: all objects of the homes. */
static Comparison *
compare(const Homes *homes, const Oid *anchors, int anchor_count, bool relations, Snapshot snapshot)
{
	Comparison *found = palloc0(sizeof(Comparison));
	HASHCTL		control = {.keysize = OBJECT_KEY_LENGTH + 1,.entrysize = sizeof(Entry),.hcxt = CurrentMemoryContext};
	ObjectScope scope = {homes->names, homes->count, true, anchors, anchor_count, relations};
	HASH_SEQ_STATUS status;
	Entry	   *entry;
	ListCell   *lc;

	found->homes = homes;
	found->context = CurrentMemoryContext;
	found->tracked = palloc0(homes->count * sizeof(TrackedSchema *));
	foreach(lc, schema_state_tracked(homes, snapshot))
	{
		const TrackedSchema *tracked = lfirst(lc);

		found->tracked[home_index(homes, tracked->home)] = tracked;
	}
	found->entries = hash_create("migrator schema state", 1024, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	schema_state_scan(homes, anchors, anchor_count, snapshot, put_entry, found);
	objects_scan(&scope, snapshot, compare_object, found);

	hash_seq_init(&status, found->entries);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (entry->seen)
			continue;
		if (entry->hash[0] != '\0')
			found->absent = lappend(found->absent, pstrdup(entry->key));
		else
			found->forgotten = lappend(found->forgotten, pstrdup(entry->key));
	}
	return found;
}

static int
home_index(const Homes *homes, const char *home)
{
	for (int i = 0; i < homes->count; i++)
		if (strcmp(homes->names[i], home) == 0)
			return i;
	elog(ERROR, "no such home: %s", home);
}

static void
put_entry(const KeptHash *kept, void *argument)
{
	Comparison *found = argument;
	Entry	   *entry = hash_search(found->entries, kept->key, HASH_ENTER, NULL);

	strlcpy(entry->hash, kept->hash, sizeof(entry->hash));
	entry->drifted = kept->drifted;
	entry->seen = false;
	entry->anchor = kept->anchor;
	entry->home = home_index(found->homes, kept->home);
}

static void
compare_object(const SchemaObject *object, void *argument)
{
	Comparison *found = argument;
	const char *home = object->home ? object->home : "";
	const TrackedSchema *tracked = found->tracked[home_index(found->homes, home)];
	char		key[OBJECT_KEY_LENGTH + 1];
	MemoryContext old;
	KeptObject *present;
	Entry	   *entry;

	schema_state_key(home, object->kind, object->identity, key);
	entry = hash_search(found->entries, key, HASH_FIND, NULL);
	if (entry != NULL)
	{
		entry->seen = true;
		if (entry->anchor != object->anchor)
			note_moved(found, key, object->anchor);
	}
	if (entry != NULL && strcmp(entry->hash, object->hash) == 0 && !entry->drifted)
		return;

	old = MemoryContextSwitchTo(found->context);
	if (entry != NULL && strcmp(entry->hash, object->hash) == 0)
		found->settled = lappend(found->settled, pstrdup(key));
	else
	{
		present = palloc0(sizeof(KeptObject));
		strlcpy(present->key, key, sizeof(present->key));
		present->home = pstrdup(home);
		present->kind = pstrdup(object->kind);
		present->schema = object->schema ? pstrdup(object->schema) : NULL;
		present->identity = pstrdup(object->identity);
		present->hash = pstrdup(object->hash);
		present->definition = pstrdup(object->definition);
		present->anchor = object->anchor;
		/* an upgraded server's own way of printing */
		present->reprinted = entry != NULL && entry->hash[0] != '\0' && tracked != NULL &&
			tracked->server_version != PG_MAJORVERSION_NUM && printed_by_version(object->kind);
		found->other_version |= present->reprinted;
		found->present = lappend(found->present, present);
	}
	MemoryContextSwitchTo(old);
}

/* It was made anew, or restored into another database. */
static void
note_moved(Comparison *found, const char *key, Oid anchor)
{
	MemoryContext old = MemoryContextSwitchTo(found->context);
	int			count = list_length(found->moved);

	if (count == found->anchor_room)
	{
		found->anchor_room = 2 * count + 64;
		found->anchors = found->anchors == NULL ? palloc(found->anchor_room * sizeof(Oid)) :
			repalloc(found->anchors, found->anchor_room * sizeof(Oid));
	}
	found->anchors[count] = anchor;
	found->moved = lappend(found->moved, pstrdup(key));
	MemoryContextSwitchTo(old);
}

/* Are definitions of that kind made of a query's tree, which major versions print differently? */
static bool
printed_by_version(const char *kind)
{
	static const char *const kinds[] = {"function", "materialized view", "procedure", "rule", "view"};

	for (int i = 0; i < lengthof(kinds); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

List *
drift_find(const Homes *homes, bool *other_version, bool *run_open)
{
	Snapshot	snapshot = take_snapshot();
	Comparison *found = compare(homes, NULL, 0, false, snapshot);
	List	   *drifts = NIL;
	List	   *absent = NIL;
	ListCell   *lc;

	*run_open = false;
	foreach(lc, found->present)
	{
		const KeptObject *present = lfirst(lc);
		Entry	   *entry = hash_search(found->entries, present->key, HASH_FIND, NULL);
		Drift	   *drift;

		if (present->reprinted || is_of_open_run(found, home_index(homes, present->home), entry, run_open))
			continue;
		drift = palloc0(sizeof(Drift));
		drift->change = entry != NULL && entry->hash[0] != '\0' ? OBJECT_CHANGED : OBJECT_ADDED;
		drift->now = present;
		drifts = lappend(drifts, drift);
	}
	fill_before(drifts, found, snapshot);
	foreach(lc, found->absent)
	{
		Entry	   *entry = hash_search(found->entries, lfirst(lc), HASH_FIND, NULL);

		if (!is_of_open_run(found, entry->home, entry, run_open))
			absent = lappend(absent, lfirst(lc));
	}
	foreach(lc, schema_state_find(absent, snapshot))
	{
		Drift	   *drift = palloc0(sizeof(Drift));

		drift->change = OBJECT_REMOVED;
		drift->before = lfirst(lc);
		drifts = lappend(drifts, drift);
	}
	UnregisterSnapshot(snapshot);
	list_sort(drifts, compare_drifts);
	*other_version = found->other_version;
	return drifts;
}

/* May a run that has not kept its objects yet have changed this?  Or is there nothing to compare with? */
static bool
is_of_open_run(const Comparison *found, int home, const Entry *entry, bool *run_open)
{
	const TrackedSchema *tracked = found->tracked[home];

	if (tracked == NULL)
		return true;
	*run_open |= tracked->run_open;
	return tracked->run_open && !(entry != NULL && entry->drifted);
}

/* Of those that changed, what is on record; both lists are as long as the drift. */
static void
fill_before(List *drifts, const Comparison *found, Snapshot snapshot)
{
	struct
	{
		char		key[OBJECT_KEY_LENGTH + 1];
		const KeptObject *object;
	}		   *kept;
	HASHCTL		control = {.keysize = OBJECT_KEY_LENGTH + 1,.entrysize = sizeof(*kept),.hcxt = CurrentMemoryContext};
	HTAB	   *table;
	List	   *keys = NIL;
	ListCell   *lc;

	foreach(lc, drifts)
	{
		const Drift *drift = lfirst(lc);

		if (drift->change == OBJECT_CHANGED)
			keys = lappend(keys, (char *) drift->now->key);
	}
	table = hash_create("migrator kept objects", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	foreach(lc, schema_state_find(keys, snapshot))
	{
		KeptObject *object = lfirst(lc);

		kept = hash_search(table, object->key, HASH_ENTER, NULL);
		kept->object = object;
	}
	foreach(lc, drifts)
	{
		Drift	   *drift = lfirst(lc);

		kept = hash_search(table, drift->now->key, HASH_FIND, NULL);
		if (kept != NULL)
			drift->before = kept->object;
	}
	hash_destroy(table);
}

static int
compare_drifts(const ListCell *a, const ListCell *b)
{
	const Drift *first = lfirst(a);
	const Drift *second = lfirst(b);
	const KeptObject *x = first->now ? first->now : first->before;
	const KeptObject *y = second->now ? second->now : second->before;
	int			order = strcmp(x->kind, y->kind);

	return order != 0 ? order : strcmp(x->identity, y->identity);
}

/* What is not as on record is marked; an object that is on no record gets a row for that. */
DriftBase *
drift_begin_run(const char *service, const Homes *homes, int64 run_id)
{
	DriftBase  *base = palloc0(sizeof(DriftBase));
	Taking		taking = {.owned = base->owned = own_homes(homes)};
	Snapshot	snapshot = take_snapshot();
	Comparison *found;
	List	   *added = NIL;
	List	   *marked = NIL;
	ListCell   *lc;

	/* the snapshot does not see this: an open run is another one */
	schema_state_set_run(service, homes, run_id);
	base->complete = true;
	base->marks = catalog_marks_take(snapshot);
	if (tracked_as_now(schema_state_tracked(homes, snapshot), homes, catalog_marks_token(base->marks)))
	{
		UnregisterSnapshot(snapshot);
		return base;
	}
	found = compare(homes, NULL, 0, false, snapshot);
	UnregisterSnapshot(snapshot);
	foreach(lc, found->present)
	{
		KeptObject *present = lfirst(lc);
		int			home = home_index(homes, present->home);
		const TrackedSchema *tracked = found->tracked[home];
		Entry	   *entry = hash_search(found->entries, present->key, HASH_FIND, NULL);

		if (tracked == NULL || tracked->run_open || present->reprinted || !base->owned[home])
			base->complete = false;
		else if (entry != NULL)
		{
			base->found += !entry->drifted;
			marked = lappend(marked, present->key);
		}
		else
		{
			base->found++;
			present->hash = "";
			present->definition = "";
			present->drifted = true;
			added = lappend(added, present);
		}
	}
	foreach(lc, found->absent)
	{
		Entry	   *entry = hash_search(found->entries, lfirst(lc), HASH_FIND, NULL);
		const TrackedSchema *tracked = found->tracked[entry->home];

		if (tracked == NULL || tracked->run_open || !base->owned[entry->home])
			base->complete = false;
		else
		{
			base->found += !entry->drifted;
			marked = lappend(marked, lfirst(lc));
		}
	}
	schema_state_put(added, 0);
	schema_state_set_drifted(marked, true);
	schema_state_set_drifted(keys_owned(found, &taking, found->settled), false);
	schema_state_delete(keys_owned(found, &taking, found->forgotten));
	set_moved(found, &taking);
	return base;
}

/* Which of them nobody else is at; to the end of the transaction. */
static bool *
own_homes(const Homes *homes)
{
	bool	   *owned = palloc(homes->count * sizeof(bool));

	for (int i = 0; i < homes->count; i++)
		owned[i] = advisory_try(ADVISORY_OWN, advisory_key(psprintf("migrator:schema:%s", homes->names[i])),
								ExclusiveLock, false);
	return owned;
}

/* Are all homes kept, as of the present catalogs? */
static bool
tracked_as_now(const List *tracked, const Homes *homes, const char *token)
{
	ListCell   *lc;

	foreach(lc, tracked)
	{
		const TrackedSchema *home = lfirst(lc);

		if (home->run_open || home->server_version != PG_MAJORVERSION_NUM || strcmp(home->token, token) != 0)
			return false;
	}
	return list_length(tracked) == homes->count;
}

void
drift_end_run(const char *service, const Homes *homes, int64 run_id, const DriftBase *base)
{
	bool	   *owned = own_homes(homes);
	Snapshot	snapshot = take_snapshot();
	CatalogMarks *marks = catalog_marks_take(snapshot);
	Taking		taking = {.owned = owned};
	Oid		   *anchors;
	bool		relations;
	bool		all = !catalog_marks_changed(base->marks, marks, &anchors, &taking.anchor_count, &relations) ||
		!base->complete;
	int			changed_count = taking.anchor_count;

	/* among them may be functions */
	anchors = schema_state_add_dependents(anchors, &taking.anchor_count, snapshot);
	relations &= taking.anchor_count == changed_count;
	qsort(anchors, taking.anchor_count, sizeof(Oid), oid_cmp);
	taking.anchors = anchors;
	for (int i = 0; i < homes->count; i++)
		owned[i] = owned[i] && (base->complete || base->owned[i]);
	if (taking.anchor_count > ANCHORS_AT_MOST)
		all = true;
	if (all || taking.anchor_count > 0)
		(void) take_all(compare(homes, all ? NULL : anchors, taking.anchor_count, relations, snapshot), &taking, run_id);
	UnregisterSnapshot(snapshot);
	set_tracked(homes, owned, marks);
	schema_state_set_run(service, homes, 0);
}

/* A wait for a run that is in progress is what the caller asks for. */
int
drift_accept(const char *service, const Homes *homes)
{
	Taking		taking = {.drifted_too = true};
	bool	   *owned = own_homes(homes);
	Snapshot	snapshot = take_snapshot();
	CatalogMarks *marks = catalog_marks_take(snapshot);
	int			count;

	memset(owned, true, homes->count * sizeof(bool));
	taking.owned = owned;
	count = take_all(compare(homes, NULL, 0, false, snapshot), &taking, 0);
	UnregisterSnapshot(snapshot);
	set_tracked(homes, owned, marks);
	schema_state_set_run(service, homes, 0);
	return count;
}

static void
set_tracked(const Homes *homes, const bool *owned, const CatalogMarks *marks)
{
	Homes		own = {palloc(homes->count * sizeof(char *)), 0};

	for (int i = 0; i < homes->count; i++)
		if (owned[i])
			own.names[own.count++] = homes->names[i];
	if (own.count > 0)
		schema_state_set_tracked(&own, catalog_marks_token(marks));
}

/* Put on record what is there, of what is to be taken.  Returns the number of objects. */
static int
take_all(const Comparison *found, const Taking *taking, int64 run_id)
{
	List	   *present = NIL;
	List	   *absent = NIL;
	ListCell   *lc;

	foreach(lc, found->present)
	{
		KeptObject *object = lfirst(lc);

		if (to_be_taken(found, taking, home_index(found->homes, object->home), object->key, object->anchor))
			present = lappend(present, object);
	}
	foreach(lc, found->absent)
	{
		const Entry *entry = hash_search(found->entries, lfirst(lc), HASH_FIND, NULL);

		if (to_be_taken(found, taking, entry->home, entry->key, entry->anchor))
			absent = lappend(absent, lfirst(lc));
	}
	schema_state_put(present, run_id);
	schema_state_delete(absent);
	schema_state_set_drifted(keys_owned(found, taking, found->settled), false);
	schema_state_delete(keys_owned(found, taking, found->forgotten));
	set_moved(found, taking);
	return list_length(present) + list_length(absent);
}

static bool
to_be_taken(const Comparison *found, const Taking *taking, int home, const char *key, Oid anchor)
{
	const Entry *entry = hash_search(found->entries, key, HASH_FIND, NULL);

	if (entry != NULL && entry->drifted && !taking->drifted_too)
		return false;
	return taking->owned[home] ||
		(taking->anchor_count > 0 &&
		 bsearch(&anchor, taking->anchors, taking->anchor_count, sizeof(Oid), oid_cmp) != NULL);
}

/* Of keys on record those in homes that are owned. */
static List *
keys_owned(const Comparison *found, const Taking *taking, const List *keys)
{
	List	   *owned = NIL;
	ListCell   *lc;

	foreach(lc, keys)
	{
		const Entry *entry = hash_search(found->entries, lfirst(lc), HASH_FIND, NULL);

		if (taking->owned[entry->home])
			owned = lappend(owned, lfirst(lc));
	}
	return owned;
}

static void
set_moved(const Comparison *found, const Taking *taking)
{
	List	   *keys = NIL;
	Oid		   *anchors = palloc((list_length(found->moved) + 1) * sizeof(Oid));
	ListCell   *lc;

	foreach(lc, found->moved)
	{
		const Entry *entry = hash_search(found->entries, lfirst(lc), HASH_FIND, NULL);

		if (!taking->owned[entry->home])
			continue;
		anchors[list_length(keys)] = found->anchors[foreach_current_index(lc)];
		keys = lappend(keys, lfirst(lc));
	}
	schema_state_set_anchors(keys, anchors);
}
