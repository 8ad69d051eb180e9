/*
 * marks.c
 *	  What changed in the system catalogs between two moments.
 *
 * A row of a catalog that is changed is another row: it has another place or
 * another xmin.  (What the server changes in place are statistics.)  So two
 * lists of places tell which rows came and went, and the rows tell which objects
 * they belong to.  It takes a few milliseconds for a thousand tables, where
 * printing their definitions takes a hundred.
 *
 * A definition is made of the rows of its object, and of names of others.  So
 * where a name has changed all definitions may have.  Temporary objects are left
 * out: somebody makes one all the time.
 *
 * xmin is compared, never asked for: wraparound would take a row at the same
 * place, four billion transactions later.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/pg_aggregate_d.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_amop_d.h"
#include "catalog/pg_amproc_d.h"
#include "catalog/pg_attrdef_d.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_authid_d.h"
#include "catalog/pg_cast_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_constraint_d.h"
#include "catalog/pg_conversion_d.h"
#include "catalog/pg_default_acl_d.h"
#include "catalog/pg_depend_d.h"
#include "catalog/pg_description_d.h"
#include "catalog/pg_enum_d.h"
#include "catalog/pg_event_trigger_d.h"
#include "catalog/pg_extension_d.h"
#include "catalog/pg_foreign_data_wrapper_d.h"
#include "catalog/pg_foreign_server_d.h"
#include "catalog/pg_foreign_table_d.h"
#include "catalog/pg_index_d.h"
#include "catalog/pg_inherits_d.h"
#include "catalog/pg_language_d.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_opclass_d.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_opfamily_d.h"
#include "catalog/pg_partitioned_table_d.h"
#include "catalog/pg_policy_d.h"
#include "catalog/pg_proc_d.h"
#include "catalog/pg_publication_d.h"
#include "catalog/pg_publication_namespace_d.h"
#include "catalog/pg_publication_rel_d.h"
#include "catalog/pg_range_d.h"
#include "catalog/pg_rewrite_d.h"
#include "catalog/pg_seclabel_d.h"
#include "catalog/pg_sequence_d.h"
#include "catalog/pg_statistic_ext_d.h"
#include "catalog/pg_subscription_d.h"
#include "catalog/pg_tablespace_d.h"
#include "catalog/pg_transform_d.h"
#include "catalog/pg_trigger_d.h"
#include "catalog/pg_ts_config_d.h"
#include "catalog/pg_ts_config_map_d.h"
#include "catalog/pg_ts_dict_d.h"
#include "catalog/pg_ts_parser_d.h"
#include "catalog/pg_ts_template_d.h"
#include "catalog/pg_type_d.h"
#include "catalog/pg_user_mapping_d.h"
#include "common/hashfn.h"
#include "lib/qunique.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/rel.h"

#include "catalog/marks.h"

/*
 * A catalog.  Columns: the OID that its rows are known by, with a number behind
 * it or none; what they are anchored at, one or two OIDs (a zero is none); a
 * name that other objects' definitions may show, and the schema it is in.
 */
typedef struct Catalog
{
	Oid			relation;
	AttrNumber	object;
	AttrNumber	sub;
	AttrNumber	anchor;
	AttrNumber	second;
	AttrNumber	name;
	AttrNumber	space;
} Catalog;

/* The first three tell what is temporary, and the others' rows of that are passed over. */
static const Catalog catalogs[] = {
	{RelationRelationId, Anum_pg_class_oid, 0, Anum_pg_class_oid, 0, Anum_pg_class_relname, Anum_pg_class_relnamespace},
	{TypeRelationId, Anum_pg_type_oid, 0, Anum_pg_type_oid, Anum_pg_type_typrelid, Anum_pg_type_typname, Anum_pg_type_typnamespace},
	{ConstraintRelationId, Anum_pg_constraint_oid, 0, Anum_pg_constraint_conrelid, Anum_pg_constraint_conindid, 0, 0},
	{AttributeRelationId, Anum_pg_attribute_attrelid, Anum_pg_attribute_attnum, Anum_pg_attribute_attrelid, 0,
	Anum_pg_attribute_attname, 0},
	{AttrDefaultRelationId, Anum_pg_attrdef_oid, 0, Anum_pg_attrdef_adrelid},
	{IndexRelationId, Anum_pg_index_indexrelid, 0, Anum_pg_index_indexrelid},
	{TriggerRelationId, Anum_pg_trigger_oid, 0, Anum_pg_trigger_tgrelid, Anum_pg_trigger_tgconstrrelid},
	{RewriteRelationId, Anum_pg_rewrite_oid, 0, Anum_pg_rewrite_ev_class},
	{PolicyRelationId, Anum_pg_policy_oid, 0, Anum_pg_policy_polrelid},
	{SequenceRelationId, Anum_pg_sequence_seqrelid, 0, Anum_pg_sequence_seqrelid},
	{InheritsRelationId, Anum_pg_inherits_inhrelid, Anum_pg_inherits_inhseqno, Anum_pg_inherits_inhrelid},
	{PartitionedRelationId, Anum_pg_partitioned_table_partrelid, 0, Anum_pg_partitioned_table_partrelid},
	{ForeignTableRelationId, Anum_pg_foreign_table_ftrelid, 0, Anum_pg_foreign_table_ftrelid},
	{StatisticExtRelationId, Anum_pg_statistic_ext_oid, 0, Anum_pg_statistic_ext_oid},
	{NamespaceRelationId, Anum_pg_namespace_oid, 0, Anum_pg_namespace_oid, 0, Anum_pg_namespace_nspname},
	{ProcedureRelationId, Anum_pg_proc_oid, 0, Anum_pg_proc_oid, 0, Anum_pg_proc_proname, Anum_pg_proc_pronamespace},
	{AggregateRelationId, Anum_pg_aggregate_aggfnoid, 0, Anum_pg_aggregate_aggfnoid},
	{EnumRelationId, Anum_pg_enum_oid, 0, Anum_pg_enum_enumtypid, 0, Anum_pg_enum_enumlabel},
	{RangeRelationId, Anum_pg_range_rngtypid, 0, Anum_pg_range_rngtypid},
	{OperatorRelationId, Anum_pg_operator_oid, 0, Anum_pg_operator_oid, 0, Anum_pg_operator_oprname, Anum_pg_operator_oprnamespace},
	{OperatorClassRelationId, Anum_pg_opclass_oid, 0, Anum_pg_opclass_oid, 0, Anum_pg_opclass_opcname, Anum_pg_opclass_opcnamespace},
	{OperatorFamilyRelationId, Anum_pg_opfamily_oid, 0, Anum_pg_opfamily_oid, 0, Anum_pg_opfamily_opfname, Anum_pg_opfamily_opfnamespace},
	{AccessMethodOperatorRelationId, Anum_pg_amop_oid, 0, Anum_pg_amop_amopfamily},
	{AccessMethodProcedureRelationId, Anum_pg_amproc_oid, 0, Anum_pg_amproc_amprocfamily},
	{CastRelationId, Anum_pg_cast_oid, 0, Anum_pg_cast_oid},
	{CollationRelationId, Anum_pg_collation_oid, 0, Anum_pg_collation_oid, 0, Anum_pg_collation_collname, Anum_pg_collation_collnamespace},
	{ConversionRelationId, Anum_pg_conversion_oid, 0, Anum_pg_conversion_oid},
	{TSConfigRelationId, Anum_pg_ts_config_oid, 0, Anum_pg_ts_config_oid, 0, Anum_pg_ts_config_cfgname, Anum_pg_ts_config_cfgnamespace},
	{TSConfigMapRelationId, Anum_pg_ts_config_map_mapcfg, 0, Anum_pg_ts_config_map_mapcfg},
	{TSDictionaryRelationId, Anum_pg_ts_dict_oid, 0, Anum_pg_ts_dict_oid, 0, Anum_pg_ts_dict_dictname, Anum_pg_ts_dict_dictnamespace},
	{TSParserRelationId, Anum_pg_ts_parser_oid, 0, Anum_pg_ts_parser_oid, 0, Anum_pg_ts_parser_prsname, Anum_pg_ts_parser_prsnamespace},
	{TSTemplateRelationId, Anum_pg_ts_template_oid, 0, Anum_pg_ts_template_oid, 0, Anum_pg_ts_template_tmplname, Anum_pg_ts_template_tmplnamespace},
	{PublicationRelationId, Anum_pg_publication_oid, 0, Anum_pg_publication_oid, 0, Anum_pg_publication_pubname},
	{PublicationRelRelationId, Anum_pg_publication_rel_oid, 0, Anum_pg_publication_rel_prrelid},
	{PublicationNamespaceRelationId, Anum_pg_publication_namespace_oid, 0, Anum_pg_publication_namespace_pnnspid},
	{SubscriptionRelationId, Anum_pg_subscription_oid, 0, Anum_pg_subscription_oid},
	{ForeignDataWrapperRelationId, Anum_pg_foreign_data_wrapper_oid, 0, Anum_pg_foreign_data_wrapper_oid, 0,
	Anum_pg_foreign_data_wrapper_fdwname},
	{ForeignServerRelationId, Anum_pg_foreign_server_oid, 0, Anum_pg_foreign_server_oid, 0, Anum_pg_foreign_server_srvname},
	{UserMappingRelationId, Anum_pg_user_mapping_oid, 0, Anum_pg_user_mapping_oid},
	{EventTriggerRelationId, Anum_pg_event_trigger_oid, 0, Anum_pg_event_trigger_oid},
	{ExtensionRelationId, Anum_pg_extension_oid, 0, Anum_pg_extension_oid},
	{LanguageRelationId, Anum_pg_language_oid, 0, Anum_pg_language_oid, 0, Anum_pg_language_lanname},
	{AccessMethodRelationId, Anum_pg_am_oid, 0, Anum_pg_am_oid, 0, Anum_pg_am_amname},
	{TransformRelationId, Anum_pg_transform_oid, 0, Anum_pg_transform_oid},
	{DefaultAclRelationId, Anum_pg_default_acl_oid, 0, Anum_pg_default_acl_oid},
	{TableSpaceRelationId, Anum_pg_tablespace_oid, 0, Anum_pg_tablespace_oid, 0, Anum_pg_tablespace_spcname},
	{AuthIdRelationId, Anum_pg_authid_oid, 0, Anum_pg_authid_oid, 0, Anum_pg_authid_rolname},
	{DescriptionRelationId, Anum_pg_description_objoid, 0, Anum_pg_description_objoid, Anum_pg_description_classoid},
	{SecLabelRelationId, Anum_pg_seclabel_objoid, 0, Anum_pg_seclabel_objoid, Anum_pg_seclabel_classoid},
	{DependRelationId, Anum_pg_depend_objid, 0, Anum_pg_depend_objid},
};

/* index of pg_namespace there */
#define NAMESPACE_INDEX 14

typedef struct CatalogRow
{
	uint8		catalog;		/* index into catalogs */
	bool		is_toast;
	bool		of_relation;	/* or of a schema */
	int16		sub;
	ItemPointerData place;
	TransactionId xmin;
	Oid			object;
	Oid			anchor;
	Oid			second;
	uint32		name;			/* a hash; 0: none */
} CatalogRow;

struct CatalogMarks
{
	CatalogRow *rows;			/* by catalog and place */
	int			count;
	int			room;
	uint64		sum;
	uint64		product;
};

/* A row that is no more; its name, to be compared with that of one that is new. */
typedef struct GoneKey
{
	uint32		catalog;
	Oid			object;
	int32		sub;
} GoneKey;

typedef struct GoneRow
{
	GoneKey		key;
	uint32		name;
} GoneRow;

static void scan_catalog(CatalogMarks *marks, int index, HTAB *temporary, Snapshot snapshot);
static bool is_temporary(const Catalog *catalog, HeapTuple tuple, HTAB *temporary, const CatalogRow *row);
static bool is_of_relation(const Catalog *catalog, HeapTuple tuple, TupleDesc desc, const CatalogRow *row);
static bool is_part_of_relation(Oid catalog);
static void add_row(CatalogMarks *marks, const CatalogRow *row);
static Oid	column_oid(HeapTuple tuple, AttrNumber column, TupleDesc desc);
static uint32 hash_name(const Catalog *catalog, HeapTuple tuple, TupleDesc desc);
static int	compare_places(const CatalogRow *a, const CatalogRow *b);
static bool widens(const CatalogRow *row, HTAB *gone, bool is_new);

CatalogMarks *
catalog_marks_take(Snapshot snapshot)
{
	CatalogMarks *marks = palloc0(sizeof(CatalogMarks));
	HASHCTL		control = {.keysize = sizeof(Oid),.entrysize = sizeof(Oid),.hcxt = CurrentMemoryContext};
	HTAB	   *temporary = hash_create("migrator temporary objects", 64, &control,
										HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

	marks->room = 4096;
	marks->rows = palloc(marks->room * sizeof(CatalogRow));
	for (int i = 0; i < lengthof(catalogs); i++)
		scan_catalog(marks, i, temporary, snapshot);
	hash_destroy(temporary);
	return marks;
}

static void
scan_catalog(CatalogMarks *marks, int index, HTAB *temporary, Snapshot snapshot)
{
	const Catalog *catalog = &catalogs[index];
	Relation	rel = table_open(catalog->relation, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	HeapTuple	tuple;

	CHECK_FOR_INTERRUPTS();
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CatalogRow	row = {.catalog = index};

		row.object = column_oid(tuple, catalog->object, desc);
		if (row.object < FirstNormalObjectId && row.object != PG_PUBLIC_NAMESPACE)
			continue;
		if (catalog->relation == AttributeRelationId)
		{
			row.sub = ((Form_pg_attribute) GETSTRUCT(tuple))->attnum;
			if (row.sub < 0)
				continue;
		}
		else if (catalog->sub != 0)
			row.sub = (int16) column_oid(tuple, catalog->sub, desc);
		row.anchor = column_oid(tuple, catalog->anchor, desc);
		row.second = column_oid(tuple, catalog->second, desc);
		if (catalog->relation == ConstraintRelationId && !OidIsValid(row.anchor))
			row.anchor = column_oid(tuple, Anum_pg_constraint_contypid, desc);
		if (is_temporary(catalog, tuple, temporary, &row))
			continue;
		row.is_toast = catalog->relation == RelationRelationId &&
			((Form_pg_class) GETSTRUCT(tuple))->relkind == RELKIND_TOASTVALUE;
		row.of_relation = is_of_relation(catalog, tuple, desc, &row);
		row.place = tuple->t_self;
		row.xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
		row.name = hash_name(catalog, tuple, desc);
		add_row(marks, &row);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* What depends on something temporary is so, too; the order of the catalogs makes that known. */
static bool
is_temporary(const Catalog *catalog, HeapTuple tuple, HTAB *temporary, const CatalogRow *row)
{
	bool		is = catalog->relation == RelationRelationId ?
		((Form_pg_class) GETSTRUCT(tuple))->relpersistence == RELPERSISTENCE_TEMP :
		hash_search(temporary, &row->anchor, HASH_FIND, NULL) != NULL ||
		(catalog->relation == TypeRelationId && hash_search(temporary, &row->second, HASH_FIND, NULL) != NULL);

	if (is)
		(void) hash_search(temporary, &row->object, HASH_ENTER, NULL);
	return is;
}

static bool
is_part_of_relation(Oid catalog)
{
	for (int i = 0; i < NAMESPACE_INDEX; i++)
		if (catalogs[i].relation == catalog)
			return true;
	return false;
}

/* The catalogs up to the one of schemas are of that, and some rows of others. */
static bool
is_of_relation(const Catalog *catalog, HeapTuple tuple, TupleDesc desc, const CatalogRow *row)
{
	switch (catalog->relation)
	{
		case TypeRelationId:
			/* the row type of a table, and arrays, which are no objects */
			return OidIsValid(row->second) || column_oid(tuple, Anum_pg_type_typinput, desc) == F_ARRAY_IN;
		case ConstraintRelationId:
			return OidIsValid(column_oid(tuple, Anum_pg_constraint_conrelid, desc));
		case DescriptionRelationId:
		case SecLabelRelationId:
			return row->second == RelationRelationId;
		case DependRelationId:
			/* a domain or an enum has a row of its own besides */
			return column_oid(tuple, Anum_pg_depend_refclassid, desc) != ExtensionRelationId &&
				is_part_of_relation(column_oid(tuple, Anum_pg_depend_classid, desc));
		case AuthIdRelationId:
		case TableSpaceRelationId:
			return true;
		default:
			return row->catalog <= NAMESPACE_INDEX;
	}
}

static void
add_row(CatalogMarks *marks, const CatalogRow *row)
{
	struct
	{
		uint32		catalog;
		BlockNumber block;
		uint32		offset;
		TransactionId xmin;
	}			bytes = {
		row->catalog, ItemPointerGetBlockNumber(&row->place), ItemPointerGetOffsetNumber(&row->place), row->xmin
	};
	uint64		hash = hash_bytes_extended((const unsigned char *) &bytes, sizeof(bytes), 0);

	if (marks->count == marks->room)
	{
		marks->room *= 2;
		marks->rows = repalloc_huge(marks->rows, (Size) marks->room * sizeof(CatalogRow));
	}
	marks->rows[marks->count++] = *row;
	marks->sum += hash;
	marks->product ^= hash * UINT64CONST(0x9E3779B97F4A7C15);
}

/* A column of type oid, or int4; InvalidOid for no column. */
static Oid
column_oid(HeapTuple tuple, AttrNumber column, TupleDesc desc)
{
	bool		isnull;

	return column == 0 ? InvalidOid : DatumGetObjectId(heap_getattr(tuple, column, desc, &isnull));
}

/* Of a column that was dropped: none.  What it was called is no more in any definition. */
static uint32
hash_name(const Catalog *catalog, HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	const char *name;

	if (catalog->name == 0 ||
		(catalog->relation == AttributeRelationId && ((Form_pg_attribute) GETSTRUCT(tuple))->attisdropped))
		return 0;
	name = NameStr(*DatumGetName(heap_getattr(tuple, catalog->name, desc, &isnull)));
	return hash_bytes((const unsigned char *) name, strlen(name)) ^ murmurhash32(column_oid(tuple, catalog->space, desc));
}

char *
catalog_marks_token(const CatalogMarks *marks)
{
	return psprintf(UINT64_FORMAT "/%u/%d/" UINT64_FORMAT "/" UINT64_FORMAT, GetSystemIdentifier(), MyDatabaseId,
					marks->count, marks->sum, marks->product);
}

bool
catalog_marks_changed(const CatalogMarks *before, const CatalogMarks *after, Oid **anchors, int *count,
					  bool *relations)
{
	const CatalogRow **changed = palloc((before->count + after->count + 1) * sizeof(CatalogRow *));
	int			changed_count = 0;
	int			gone_count = 0;
	HASHCTL		control = {.keysize = sizeof(GoneKey),.entrysize = sizeof(GoneRow),.hcxt = CurrentMemoryContext};
	HTAB	   *gone = hash_create("migrator catalog rows", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	bool		enough = true;

	/* first those that are gone, then those that are new */
	for (int pass = 0; pass < 2; pass++)
	{
		for (int i = 0, j = 0; i < before->count || j < after->count;)
		{
			int			order = i == before->count ? 1 : j == after->count ? -1 :
				compare_places(&before->rows[i], &after->rows[j]);

			if (order < 0 && pass == 0)
				changed[changed_count++] = &before->rows[i];
			if (order > 0 && pass == 1)
				changed[changed_count++] = &after->rows[j];
			i += order <= 0;
			j += order >= 0;
		}
		if (pass == 0)
			gone_count = changed_count;
	}

	*anchors = palloc((2 * changed_count + 1) * sizeof(Oid));
	*count = 0;
	*relations = true;
	for (int i = 0; i < changed_count; i++)
	{
		enough &= !widens(changed[i], gone, i >= gone_count);
		*relations &= changed[i]->of_relation;
		(*anchors)[(*count)++] = changed[i]->anchor;
		if (OidIsValid(changed[i]->second))
			(*anchors)[(*count)++] = changed[i]->second;
	}
	hash_destroy(gone);
	pfree(changed);
	qsort(*anchors, *count, sizeof(Oid), oid_cmp);
	*count = qunique(*anchors, *count, sizeof(Oid), oid_cmp);
	return enough;
}

/* Rows at one place with one xmin are one row. */
static int
compare_places(const CatalogRow *a, const CatalogRow *b)
{
	int			order;

	if (a->catalog != b->catalog)
		return a->catalog < b->catalog ? -1 : 1;
	order = ItemPointerCompare((ItemPointer) & a->place, (ItemPointer) & b->place);
	if (order != 0)
		return order;
	return a->xmin == b->xmin ? 0 : a->xmin < b->xmin ? -1 : 1;
}

/*
 * Can the change of a row change definitions of objects that it is no part of?
 * What is behind an internal trigger, a toast table or a comment on a part of a
 * table would have to be looked up: those are rare.
 */
static bool
widens(const CatalogRow *row, HTAB *gone, bool is_new)
{
	Oid			catalog = catalogs[row->catalog].relation;
	GoneKey		key = {row->catalog, row->object, row->sub};
	GoneRow    *was;
	bool		found;

	if ((catalog == DescriptionRelationId || catalog == SecLabelRelationId) &&
		(row->second == ConstraintRelationId || row->second == TriggerRelationId ||
		 row->second == RewriteRelationId || row->second == PolicyRelationId))
		return true;
	if (!is_new)
	{
		was = hash_search(gone, &key, HASH_ENTER, NULL);
		was->name = row->name;
		return false;
	}
	was = hash_search(gone, &key, HASH_FIND, &found);
	if (!found)
		return false;
	return row->is_toast || catalog == TriggerRelationId || (was->name != row->name && row->name != 0);
}
