/*
 * object_query.h
 *	  The query that reads the live schema, object by object.
 *
 * A row for each object, from one query for all of them: a call for each would
 * take as many times its overhead.  Columns: kind; schema, null for what is in
 * none; identity, as pg_identify_object() has it; definition; home, the schema
 * that the object belongs to even where it is not in it (a cast's type, an
 * extension's objects), null for what is the whole database's; anchor, the OID
 * of the object or of the relation or domain that it is a part of.
 *
 * Parameters: $1 text[], schemas, empty for all that are not the system's or this
 * extension's; $2 boolean, whether with schemas also what is the whole database's;
 * and for the part of objects $3 oid[], the anchors.
 *
 * Nothing in a definition depends on OIDs, on the order in which things were
 * made, on search_path (that of owner_query.h: names outside of pg_catalog are
 * qualified), or on statistics.  It is what pg_dump would restore.  Members of
 * extensions are left out: the extension is the object.  So is what is temporary.
 *
 * Functions that print definitions answer null for what was dropped since the
 * snapshot was taken.  That of views locks the view and its tables as SELECT does.
 */
#ifndef MIGRATOR_CATALOG_OBJECT_QUERY_H
#define MIGRATOR_CATALOG_OBJECT_QUERY_H

#define OBJECTS_ALL(column) ""
#define OBJECTS_OF_ANCHORS(column) " AND " column " = ANY ($3)"

/* conditions: an object that is neither the server's nor an extension's; also what is the whole database's */
#define OWN(ONLY, catalog, column) \
	column " >= 16384" ONLY(column) \
	" AND NOT EXISTS (SELECT FROM extension_member e WHERE e.classid = '" catalog "'::regclass AND e.objid = " column ")"
#define WIDE "($1 = '{}' OR $2)"

/*
 * Arguments of concat(): lines of a definition, null for none.  Those that few
 * objects have are functions of the install script: written out they would be
 * most of what the query takes to be parsed and planned.
 *
 * ACL: what was granted and revoked since the object was made.  So no grants at
 * all and the same written out are the same, and a privilege that a new server
 * version gives to owners is none of ours.
 */
#define OWNER(role) "E'\\n  owner: ', quote_ident(pg_get_userbyid(" role "))"
#define OPTIONS(options, label) "migrator.option_lines(" options ", " label ", false)"
#define SECRETIVE(options) "migrator.option_lines(" options ", 'options', true)"
#define ACL(acl, type, owner) "migrator.acl_lines(" acl ", acldefault(" type ", " owner "), " owner ")"

/* Some minor versions keep a number there, which is the server's own and on most columns the only one. */
#define OWN_OPTIONS(options) \
	"CASE WHEN " options "[1] NOT LIKE 'pg_attver=%' OR cardinality(" options ") > 1 THEN " options " END"

/* What more than one of the parts below needs, each read once. */
#define OBJECTS_SCOPE(ONLY) \
	" WITH extension_member AS MATERIALIZED (" \
	" SELECT classid, objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'" \
	" ), ns AS MATERIALIZED (" \
	" SELECT n.oid, n.nspname::text AS name, quote_ident(n.nspname) AS q, n.nspowner, n.nspacl" \
	" FROM pg_namespace n" \
	" WHERE CASE WHEN $1 = '{}' THEN n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'" \
	" AND n.oid <> (SELECT extnamespace FROM pg_extension WHERE extname = 'migrator')" \
	" ELSE n.nspname::text = ANY ($1) END" \
	" ), remark AS MATERIALIZED (" \
	" SELECT classoid, objoid, objsubid, string_agg(line, '' ORDER BY line COLLATE \"C\") AS lines" \
	" FROM (SELECT classoid, objoid, objsubid, E'\\n  comment: ' || quote_literal(description) AS line" \
	" FROM pg_description WHERE objoid >= 16384 OR classoid = 'pg_namespace'::regclass" \
	" UNION ALL" \
	" SELECT classoid, objoid, objsubid, concat(E'\\n  security label for ', quote_ident(provider), ': ', quote_literal(label))" \
	" FROM pg_seclabel) lines" \
	" GROUP BY classoid, objoid, objsubid" \
	" ), rel AS MATERIALIZED (" \
	" SELECT c.*, ns.name AS schema, concat(ns.q, '.', quote_ident(c.relname)) AS identity" \
	" FROM pg_class c JOIN ns ON ns.oid = c.relnamespace" \
	" WHERE c.relkind <> 't' AND c.relpersistence <> 't' AND c.oid >= 16384" ONLY("c.oid") \
	" AND NOT EXISTS (SELECT FROM extension_member e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)" \
	" ), object (kind, schema, home, identity, anchor, class, id, sub, definition) AS ("

/* Schemas. */
#define OBJECTS_SCHEMAS(ONLY) \
	" SELECT 'schema', ns.name, ns.name, ns.q, ns.oid, 'pg_namespace'::regclass::oid, ns.oid, 0," \
	" concat('SCHEMA ', ns.q, " OWNER("ns.nspowner") ", " ACL("ns.nspacl", "'n'", "ns.nspowner") ")" \
	" FROM ns WHERE true" ONLY("ns.oid") \
	" AND NOT EXISTS (SELECT FROM extension_member e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = ns.oid)"

/* Tables, foreign tables, views, materialised views, composite types and sequences. */
#define OBJECTS_RELATIONS(ONLY) \
	" UNION ALL" \
	" SELECT CASE r.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view'" \
	" WHEN 'm' THEN 'materialized view' WHEN 'c' THEN 'composite type' ELSE 'sequence' END," \
	" r.schema, r.schema, r.identity, r.oid, 'pg_class'::regclass, r.oid, 0," \
	" concat(CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED ' END," \
	" CASE r.relkind WHEN 'r' THEN 'TABLE ' WHEN 'p' THEN 'TABLE ' WHEN 'f' THEN 'FOREIGN TABLE ' WHEN 'v' THEN 'VIEW '" \
	" WHEN 'm' THEN 'MATERIALIZED VIEW ' WHEN 'c' THEN 'TYPE ' ELSE 'SEQUENCE ' END, r.identity," \
	" CASE r.relkind WHEN 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(r.oid) WHEN 'c' THEN ' AS' END," \
	" CASE WHEN r.reloftype <> 0 THEN ' OF ' || format_type(r.reloftype, NULL) END," \
	" CASE WHEN r.relkind IN ('v', 'm') THEN E' AS\\n' || pg_get_viewdef(r.oid) END," \
	" CASE WHEN h.parents IS NOT NULL THEN concat(E'\\n  ', CASE WHEN r.relispartition THEN 'partition of ' ELSE 'inherits '" \
	" END, h.parents) END," \
	" CASE WHEN r.relispartition THEN ' ' || pg_get_expr(r.relpartbound, r.oid) END," \
	" CASE WHEN r.relkind IN ('r', 'm', 'p') AND am.amname <> 'heap' THEN E'\\n  access method: ' || quote_ident(am.amname) END," \
	" CASE WHEN ts.spcname IS NOT NULL THEN E'\\n  tablespace: ' || quote_ident(ts.spcname) END," \
	" " OPTIONS("r.reloptions", "'options'") "," \
	" CASE WHEN toast.reloptions IS NOT NULL THEN (" OPTIONS("toast.reloptions", "'toast options'") ") END," \
	" CASE WHEN r.relrowsecurity THEN E'\\n  row security: enabled' END," \
	" CASE WHEN r.relforcerowsecurity THEN E'\\n  row security: forced' END," \
	" CASE r.relreplident WHEN 'f' THEN E'\\n  replica identity: full' WHEN 'i' THEN E'\\n  replica identity: index'" \
	" WHEN 'n' THEN CASE WHEN r.relkind IN ('r', 'p') THEN E'\\n  replica identity: nothing' END END," \
	" CASE r.relkind WHEN 'S' THEN" \
	" (SELECT concat(' AS ', format_type(s.seqtypid, NULL), ' START ', s.seqstart, ' INCREMENT ', s.seqincrement, ' MINVALUE '," \
	" s.seqmin," \
	" ' MAXVALUE ', s.seqmax, ' CACHE ', s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' END)" \
	" FROM pg_sequence s WHERE s.seqrelid = r.oid)" \
	" || coalesce((SELECT concat(E'\\n  ', CASE d.deptype WHEN 'i' THEN 'identity of ' ELSE 'owned by ' END," \
	" d.refobjid::regclass, '.', quote_ident(a.attname))" \
	" FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid" \
	" WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0 AND d.refclassid = 'pg_class'::regclass" \
	" AND d.deptype IN ('a', 'i')), '')" \
	" WHEN 'f' THEN (SELECT concat(E'\\n  server: ', quote_ident(s.srvname), " SECRETIVE("f.ftoptions") ")" \
	" FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = r.oid) END," \
	" " OWNER("r.relowner") "," \
	" CASE WHEN r.relkind = 'c' THEN (SELECT " ACL("t.typacl", "'T'", "t.typowner") " FROM pg_type t WHERE t.oid = r.reltype)" \
	" ELSE " ACL("r.relacl", "(CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END)::\"char\"", "r.relowner") " END)" \
	" FROM rel r" \
	" LEFT JOIN pg_am am ON am.oid = r.relam" \
	" LEFT JOIN pg_tablespace ts ON ts.oid = r.reltablespace" \
	" LEFT JOIN pg_class toast ON toast.oid = r.reltoastrelid AND toast.reloptions IS NOT NULL" \
	" LEFT JOIN (SELECT i.inhrelid, string_agg(concat(i.inhparent::regclass, CASE WHEN i.inhdetachpending THEN ' (detach" \
	" pending)' END), ', ' ORDER BY i.inhseqno) AS parents" \
	" FROM pg_inherits i WHERE true" ONLY("i.inhrelid") " GROUP BY i.inhrelid) h ON h.inhrelid = r.oid" \
	" WHERE r.relkind IN ('r', 'p', 'f', 'v', 'm', 'c', 'S')"

/* Their columns, and the attributes of composite types.  A position is no property: pg_dump does not keep gaps. */
#define OBJECTS_COLUMNS(ONLY) \
	" UNION ALL" \
	" SELECT 'column', r.schema, r.schema, concat(r.identity, '.', quote_ident(a.attname)), r.oid, 'pg_class'::regclass, r.oid," \
	" a.attnum," \
	" concat('COLUMN ', quote_ident(a.attname), ' ', format_type(a.atttypid, a.atttypmod)," \
	" CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation::text END," \
	" CASE WHEN a.attnotnull THEN ' NOT NULL' END," \
	" CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' END," \
	" CASE WHEN d.adbin IS NOT NULL THEN" \
	" concat(CASE a.attgenerated WHEN '' THEN ' DEFAULT ' ELSE ' GENERATED ALWAYS AS (' END, pg_get_expr(d.adbin, d.adrelid)," \
	" CASE a.attgenerated WHEN 's' THEN ') STORED' WHEN 'v' THEN ') VIRTUAL' END) END," \
	" CASE WHEN a.attstorage <> t.typstorage THEN E'\\n  storage: '" \
	" || CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END," \
	" CASE a.attcompression WHEN 'p' THEN E'\\n  compression: pglz' WHEN 'l' THEN E'\\n  compression: lz4' END," \
	" CASE WHEN a.attstattarget >= 0 THEN E'\\n  statistics target: ' || a.attstattarget END," \
	" CASE WHEN a.attinhcount > 0 THEN CASE WHEN a.attislocal THEN E'\\n  inherited and its own' ELSE E'\\n  inherited' END END," \
	" " OPTIONS(OWN_OPTIONS("a.attoptions"), "'options'") "," \
	" CASE WHEN a.attfdwoptions IS NOT NULL THEN (" SECRETIVE("a.attfdwoptions") ") END," \
	" " ACL("a.attacl", "'c'", "r.relowner") ")" \
	" FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid" \
	" LEFT JOIN pg_type t ON t.oid = a.atttypid" \
	" LEFT JOIN pg_attrdef d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum" ONLY("d.adrelid") \
	" WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')" ONLY("a.attrelid")

/*
 * Constraints of tables and domains.  NOT NULL, a constraint of its own from 18 on, is shown with the column
 * or the domain as before, unless it is not valid.  Constraint triggers are shown as triggers.
 */
#define OBJECTS_CONSTRAINTS(ONLY) \
	" UNION ALL" \
	" SELECT 'constraint', r.schema, r.schema, concat(quote_ident(k.conname), ' on ', r.identity), r.oid," \
	" 'pg_constraint'::regclass, k.oid, 0," \
	" concat('CONSTRAINT ', quote_ident(k.conname), ' ', pg_get_constraintdef(k.oid)," \
	" CASE WHEN k.coninhcount > 0 THEN CASE WHEN k.conislocal THEN E'\\n  inherited and its own' ELSE E'\\n  inherited' END END," \
	" CASE WHEN g.modes IS NOT NULL THEN E'\\n  its triggers: ' || g.modes END)" \
	" FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid" \
	" LEFT JOIN (SELECT tgconstraint, string_agg(DISTINCT CASE tgenabled WHEN 'D' THEN 'disabled' WHEN 'A' THEN 'always' ELSE" \
	" 'replica' END, ', ') AS modes" \
	" FROM pg_trigger WHERE tgisinternal AND tgenabled <> 'O'" ONLY("tgrelid") " GROUP BY tgconstraint) g ON g.tgconstraint =" \
	" k.oid" \
	" WHERE (k.contype <> 'n' OR NOT k.convalidated) AND k.contype <> 't'" ONLY("k.conrelid") \
	" UNION ALL" \
	" SELECT 'domain constraint', ns.name, ns.name, concat(quote_ident(k.conname), ' on ', format_type(k.contypid, NULL))," \
	" k.contypid," \
	" 'pg_constraint'::regclass, k.oid, 0," \
	" concat('CONSTRAINT ', quote_ident(k.conname), ' ', pg_get_constraintdef(k.oid))" \
	" FROM ns JOIN pg_constraint k ON k.connamespace = ns.oid" \
	" WHERE k.contypid <> 0 AND k.oid >= 16384 AND k.contype <> 'n'" ONLY("k.contypid") \
	" AND NOT EXISTS (SELECT FROM extension_member e WHERE e.classid = 'pg_type'::regclass AND e.objid = k.contypid)"

/*
 * Indexes.  The server's function looks up the default operator class of each
 * column, which is a third of all the time that this query takes.  So it is
 * asked only where there are expressions or parameters; that of a constraint is
 * printed there.
 */
#define OBJECTS_INDEXES(ONLY) \
	" UNION ALL" \
	" SELECT 'index', r.schema, r.schema, r.identity, r.oid, 'pg_class'::regclass, r.oid, 0," \
	" concat(CASE WHEN k.conname IS NOT NULL THEN concat('INDEX ', r.identity, ' OF CONSTRAINT ', quote_ident(k.conname))" \
	" WHEN p.plain THEN concat('CREATE ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, 'INDEX ', quote_ident(r.relname), ' ON '," \
	" CASE r.relkind WHEN 'I' THEN 'ONLY ' END, i.indrelid::regclass, ' USING ', quote_ident(am.amname), ' (', p.keys, ')'," \
	" ' INCLUDE (' || p.included || ')', CASE WHEN i.indnullsnotdistinct THEN ' NULLS NOT DISTINCT' END)" \
	" ELSE pg_get_indexdef(r.oid) END," \
	" CASE WHEN k.conname IS NOT NULL OR p.plain THEN (" OPTIONS("r.reloptions", "'options'") ") END," \
	" CASE WHEN NOT i.indisvalid THEN E'\\n  invalid' END," \
	" CASE WHEN i.indisclustered THEN E'\\n  clustered on' END," \
	" CASE WHEN i.indisreplident THEN E'\\n  replica identity' END," \
	" CASE WHEN ts.spcname IS NOT NULL THEN E'\\n  tablespace: ' || quote_ident(ts.spcname) END," \
	" CASE WHEN h.inhparent IS NOT NULL THEN E'\\n  partition of ' || h.inhparent::regclass::text END," \
	" (SELECT string_agg(concat(E'\\n  statistics target of column ', a.attnum, ': ', a.attstattarget), '' ORDER BY a.attnum)" \
	" FROM pg_attribute a WHERE i.indexprs IS NOT NULL AND a.attrelid = r.oid AND a.attstattarget >= 0))" \
	" FROM pg_index i JOIN rel r ON r.oid = i.indexrelid" \
	" LEFT JOIN (SELECT i.indexrelid, bool_and(" OWN_OPTIONS("x.attoptions") " IS NULL) AS plain," \
	" string_agg(concat(quote_ident(a.attname)," \
	" CASE WHEN c.coll <> a.attcollation THEN ' COLLATE ' || c.coll::regcollation::text END," \
	" CASE WHEN NOT (o.opcdefault AND (o.opcintype = a.atttypid OR o.opcintype = 25 AND a.atttypid = 1043))" \
	" THEN concat(' ', CASE WHEN o.opcnamespace <> 11 THEN concat(o.opcnamespace::regnamespace, '.') END, quote_ident(o.opcname)) END," \
	" CASE c.flags WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST' WHEN 3 THEN ' DESC' END), ', ' ORDER BY c.number)" \
	" FILTER (WHERE c.number <= i.indnkeyatts) AS keys," \
	" string_agg(quote_ident(a.attname), ', ' ORDER BY c.number) FILTER (WHERE c.number > i.indnkeyatts) AS included" \
	" FROM pg_index i CROSS JOIN LATERAL ROWS FROM (unnest(i.indkey::int2[]), unnest(i.indclass::oid[]), unnest(i.indcollation::oid[])," \
	" unnest(i.indoption::int2[])) WITH ORDINALITY AS c (key, class, coll, flags, number)" \
	" JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = c.key" \
	" JOIN pg_attribute x ON x.attrelid = i.indexrelid AND x.attnum = c.number" \
	" LEFT JOIN pg_opclass o ON o.oid = c.class" \
	" WHERE i.indexrelid >= 16384 AND i.indexprs IS NULL AND i.indpred IS NULL AND NOT i.indisprimary" ONLY("i.indexrelid") \
	" GROUP BY i.indexrelid) p ON p.indexrelid = i.indexrelid" \
	" LEFT JOIN pg_am am ON am.oid = r.relam" \
	" LEFT JOIN pg_tablespace ts ON ts.oid = r.reltablespace" \
	" LEFT JOIN pg_inherits h ON h.inhrelid = r.oid AND r.relispartition" \
	" LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')" \
	" WHERE r.relkind IN ('i', 'I')" ONLY("i.indexrelid") \
	" AND NOT EXISTS (SELECT FROM extension_member e WHERE e.classid = 'pg_class'::regclass AND e.objid = i.indrelid)"

/* Triggers, rules and policies. */
#define OBJECTS_TRIGGERS(ONLY) \
	" UNION ALL" \
	" SELECT 'trigger', r.schema, r.schema, concat(quote_ident(g.tgname), ' on ', r.identity), r.oid, 'pg_trigger'::regclass," \
	" g.oid, 0," \
	" concat(pg_get_triggerdef(g.oid)," \
	" CASE g.tgenabled WHEN 'D' THEN E'\\n  disabled' WHEN 'A' THEN E'\\n  enabled always' WHEN 'R' THEN E'\\n  enabled in" \
	" replica' END)" \
	" FROM rel r JOIN pg_trigger g ON g.tgrelid = r.oid" \
	" WHERE NOT g.tgisinternal" ONLY("g.tgrelid") \
	" UNION ALL" \
	" SELECT 'rule', r.schema, r.schema, concat(quote_ident(w.rulename), ' on ', r.identity), r.oid, 'pg_rewrite'::regclass," \
	" w.oid, 0," \
	" concat(pg_get_ruledef(w.oid)," \
	" CASE w.ev_enabled WHEN 'D' THEN E'\\n  disabled' WHEN 'A' THEN E'\\n  enabled always' WHEN 'R' THEN E'\\n  enabled in" \
	" replica' END)" \
	" FROM rel r JOIN pg_rewrite w ON w.ev_class = r.oid" \
	" WHERE w.rulename <> '_RETURN'" ONLY("w.ev_class") \
	" UNION ALL" \
	" SELECT 'policy', r.schema, r.schema, concat(quote_ident(p.polname), ' on ', r.identity), r.oid, 'pg_policy'::regclass," \
	" p.oid, 0," \
	" concat('POLICY ', quote_ident(p.polname), ' ON ', r.identity, CASE WHEN p.polpermissive THEN ' AS PERMISSIVE' ELSE ' AS" \
	" RESTRICTIVE' END," \
	" ' FOR ', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE" \
	" 'ALL' END," \
	" ' TO ', (SELECT string_agg(n, ', ' ORDER BY n COLLATE \"C\")" \
	" FROM (SELECT CASE x WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x)) END FROM unnest(p.polroles) x) role (n))," \
	" E'\\n  using ' || pg_get_expr(p.polqual, p.polrelid), E'\\n  with check ' || pg_get_expr(p.polwithcheck, p.polrelid))" \
	" FROM rel r JOIN pg_policy p ON p.polrelid = r.oid WHERE true" ONLY("p.polrelid")

/* Statistics objects. */
#define OBJECTS_STATISTICS(ONLY) \
	" UNION ALL" \
	" SELECT 'statistics', ns.name, ns.name, concat(ns.q, '.', quote_ident(s.stxname)), s.oid, 'pg_statistic_ext'::regclass," \
	" s.oid, 0," \
	" concat(pg_get_statisticsobjdef(s.oid), CASE WHEN s.stxstattarget >= 0 THEN E'\\n  statistics target: ' || s.stxstattarget" \
	" END, " OWNER("s.stxowner") ")" \
	" FROM ns JOIN pg_statistic_ext s ON s.stxnamespace = ns.oid WHERE " OWN(ONLY, "pg_statistic_ext", "s.oid")

/* Functions, procedures and aggregates, but for those that come with a range type. */
#define CONSTRUCTOR(function) "(" function ".prolang = 12 AND " function ".prosrc ~ '^(multi)?range_constructor[0-9]$')"
#define OBJECTS_ROUTINES(ONLY) \
	" UNION ALL" \
	" SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END," \
	" ns.name, ns.name, p.oid::regprocedure::text, p.oid, 'pg_proc'::regclass, p.oid, 0," \
	" concat(CASE p.prokind WHEN 'a' THEN" \
	" (SELECT concat('AGGREGATE ', p.oid::regprocedure, E'\\n  arguments: ', pg_get_function_arguments(p.oid)," \
	" E'\\n  returns: ', pg_get_function_result(p.oid), E'\\n  kind: ', g.aggkind, E'\\n  direct arguments: '," \
	" g.aggnumdirectargs," \
	" E'\\n  sfunc: ', g.aggtransfn, E'\\n  stype: ', format_type(g.aggtranstype, NULL), E'\\n  sspace: ', g.aggtransspace," \
	" E'\\n  finalfunc: ', g.aggfinalfn, ' ', g.aggfinalextra, ' ', g.aggfinalmodify, E'\\n  combinefunc: ', g.aggcombinefn," \
	" E'\\n  serialfunc: ', g.aggserialfn, E'\\n  deserialfunc: ', g.aggdeserialfn, E'\\n  initcond: '," \
	" quote_nullable(g.agginitval)," \
	" E'\\n  msfunc: ', g.aggmtransfn, E'\\n  minvfunc: ', g.aggminvtransfn, E'\\n  mstype: ', format_type(g.aggmtranstype," \
	" NULL)," \
	" E'\\n  msspace: ', g.aggmtransspace, E'\\n  mfinalfunc: ', g.aggmfinalfn, ' ', g.aggmfinalextra, ' ', g.aggmfinalmodify," \
	" E'\\n  minitcond: ', quote_nullable(g.aggminitval), E'\\n  sortop: ', g.aggsortop::regoperator, E'\\n  parallel: '," \
	" p.proparallel)" \
	" FROM pg_aggregate g WHERE g.aggfnoid = p.oid)" \
	" ELSE rtrim(pg_get_functiondef(p.oid), E'\\n') END," \
	" " OWNER("p.proowner") ", " ACL("p.proacl", "'f'", "p.proowner") ")" \
	" FROM ns JOIN pg_proc p ON p.pronamespace = ns.oid" \
	" WHERE NOT " CONSTRUCTOR("p") " AND " OWN(ONLY, "pg_proc", "p.oid")

/* Domains, enums, ranges, base and shell types; not those that come with a table, nor arrays. */
#define OBJECTS_TYPES(ONLY) \
	" UNION ALL" \
	" SELECT CASE t.typtype WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum' WHEN 'r' THEN 'range' ELSE 'type' END," \
	" ns.name, ns.name, concat(ns.q, '.', quote_ident(t.typname)), t.oid, 'pg_type'::regclass, t.oid, 0," \
	" concat(CASE t.typtype" \
	" WHEN 'd' THEN concat('DOMAIN ', ns.q, '.', quote_ident(t.typname), ' AS ', format_type(t.typbasetype, t.typtypmod)," \
	" CASE WHEN t.typcollation <> (SELECT b.typcollation FROM pg_type b WHERE b.oid = t.typbasetype)" \
	" THEN ' COLLATE ' || t.typcollation::regcollation::text END," \
	" CASE WHEN t.typnotnull THEN ' NOT NULL' END, ' DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault))" \
	" WHEN 'e' THEN concat('TYPE ', ns.q, '.', quote_ident(t.typname), ' AS ENUM ('," \
	" (SELECT string_agg(quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid)," \
	" ')')" \
	" WHEN 'r' THEN concat('TYPE ', ns.q, '.', quote_ident(t.typname), ' AS RANGE'," \
	" (SELECT concat(E'\\n  subtype: ', format_type(g.rngsubtype, NULL), E'\\n  opclass: '," \
	" (SELECT concat(o.opcnamespace::regnamespace, '.', quote_ident(o.opcname)) FROM pg_opclass o WHERE o.oid = g.rngsubopc)," \
	" CASE WHEN g.rngcollation <> 0 THEN E'\\n  collation: ' || g.rngcollation::regcollation::text END," \
	" E'\\n  canonical: ', g.rngcanonical, E'\\n  subtype diff: ', g.rngsubdiff, E'\\n  multirange: '," \
	" format_type(g.rngmultitypid, NULL))" \
	" FROM pg_range g WHERE g.rngtypid = t.oid))" \
	" ELSE concat('TYPE ', ns.q, '.', quote_ident(t.typname), CASE WHEN NOT t.typisdefined THEN ' (shell)' END," \
	" E'\\n  input: ', t.typinput, E'\\n  output: ', t.typoutput, E'\\n  receive: ', t.typreceive, E'\\n  send: ', t.typsend," \
	" E'\\n  typmod in: ', t.typmodin, E'\\n  typmod out: ', t.typmodout, E'\\n  analyze: ', t.typanalyze, E'\\n  subscript: '," \
	" t.typsubscript," \
	" E'\\n  length: ', t.typlen, E'\\n  by value: ', t.typbyval, E'\\n  alignment: ', t.typalign, E'\\n  storage: '," \
	" t.typstorage," \
	" E'\\n  category: ', t.typcategory, E'\\n  preferred: ', t.typispreferred, E'\\n  delimiter: ', t.typdelim," \
	" E'\\n  element: ', format_type(nullif(t.typelem, 0), NULL), E'\\n  collatable: ', t.typcollation <> 0, E'\\n  default: '," \
	" t.typdefault) END," \
	" " OWNER("t.typowner") ", " ACL("t.typacl", "'T'", "t.typowner") ")" \
	" FROM ns JOIN pg_type t ON t.typnamespace = ns.oid" \
	" WHERE t.typtype IN ('d', 'e', 'r', 'b', 'p') AND t.typrelid = 0 AND " OWN(ONLY, "pg_type", "t.oid") \
	" AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)"

/* Operators, operator classes and families, casts. */
#define OBJECTS_OPERATORS(ONLY) \
	" UNION ALL" \
	" SELECT 'operator', ns.name, ns.name, o.oid::regoperator::text, o.oid, 'pg_operator'::regclass, o.oid, 0," \
	" concat('OPERATOR ', o.oid::regoperator, E'\\n  function: ', o.oprcode, E'\\n  result: ', format_type(nullif(o.oprresult," \
	" 0), NULL)," \
	" CASE WHEN o.oprcom <> 0 THEN E'\\n  commutator: ' || o.oprcom::regoperator::text END," \
	" CASE WHEN o.oprnegate <> 0 THEN E'\\n  negator: ' || o.oprnegate::regoperator::text END," \
	" CASE WHEN o.oprrest <> 0 THEN E'\\n  restrict: ' || o.oprrest::text END," \
	" CASE WHEN o.oprjoin <> 0 THEN E'\\n  join: ' || o.oprjoin::text END," \
	" CASE WHEN o.oprcanmerge THEN E'\\n  merges' END, CASE WHEN o.oprcanhash THEN E'\\n  hashes' END, " OWNER("o.oprowner") ")" \
	" FROM ns JOIN pg_operator o ON o.oprnamespace = ns.oid WHERE " OWN(ONLY, "pg_operator", "o.oid") \
	" UNION ALL" \
	" SELECT 'operator class', ns.name, ns.name, concat(ns.q, '.', quote_ident(o.opcname), ' using ', quote_ident(am.amname))," \
	" o.oid," \
	" 'pg_opclass'::regclass, o.oid, 0," \
	" concat('OPERATOR CLASS ', ns.q, '.', quote_ident(o.opcname), CASE WHEN o.opcdefault THEN ' DEFAULT' END, ' FOR TYPE '," \
	" format_type(o.opcintype, NULL)," \
	" ' USING ', quote_ident(am.amname), ' FAMILY ', f.opfnamespace::regnamespace, '.', quote_ident(f.opfname)," \
	" CASE WHEN o.opckeytype <> 0 THEN E'\\n  storage: ' || format_type(o.opckeytype, NULL) END, " OWNER("o.opcowner") ")" \
	" FROM ns JOIN pg_opclass o ON o.opcnamespace = ns.oid JOIN pg_am am ON am.oid = o.opcmethod JOIN pg_opfamily f ON f.oid =" \
	" o.opcfamily" \
	" WHERE " OWN(ONLY, "pg_opclass", "o.oid") \
	" UNION ALL" \
	" SELECT 'operator family', ns.name, ns.name, concat(ns.q, '.', quote_ident(f.opfname), ' using ', quote_ident(am.amname))," \
	" f.oid," \
	" 'pg_opfamily'::regclass, f.oid, 0," \
	" concat('OPERATOR FAMILY ', ns.q, '.', quote_ident(f.opfname), ' USING ', quote_ident(am.amname)," \
	" (SELECT string_agg(concat(E'\\n  operator ', m.amopstrategy, ' ', m.amopopr::regoperator, CASE WHEN m.amopsortfamily <> 0" \
	" THEN (SELECT concat(' for order by ', b.opfnamespace::regnamespace, '.', quote_ident(b.opfname)) FROM pg_opfamily b WHERE" \
	" b.oid = m.amopsortfamily) END), ''" \
	" ORDER BY m.amopstrategy, m.amopopr::regoperator::text COLLATE \"C\") FROM pg_amop m WHERE m.amopfamily = f.oid)," \
	" (SELECT string_agg(concat(E'\\n  function ', m.amprocnum, ' (', format_type(m.amproclefttype, NULL), ', '," \
	" format_type(m.amprocrighttype, NULL), ') '," \
	" m.amproc::regprocedure), '' ORDER BY m.amprocnum, format_type(m.amproclefttype, NULL) COLLATE \"C\"," \
	" format_type(m.amprocrighttype, NULL) COLLATE \"C\")" \
	" FROM pg_amproc m WHERE m.amprocfamily = f.oid), " OWNER("f.opfowner") ")" \
	" FROM ns JOIN pg_opfamily f ON f.opfnamespace = ns.oid JOIN pg_am am ON am.oid = f.opfmethod WHERE " \
	OWN(ONLY, "pg_opfamily", "f.oid") \
	" UNION ALL" \
	" SELECT 'cast', NULL, coalesce(ns.name, n2.name, n3.name), concat('(', format_type(k.castsource, NULL), ' AS '," \
	" format_type(k.casttarget, NULL), ')'), k.oid," \
	" 'pg_cast'::regclass, k.oid, 0," \
	" concat('CAST (', format_type(k.castsource, NULL), ' AS ', format_type(k.casttarget, NULL), ')'," \
	" CASE k.castmethod WHEN 'f' THEN ' WITH FUNCTION ' || k.castfunc::regprocedure::text WHEN 'i' THEN ' WITH INOUT' ELSE '" \
	" WITHOUT FUNCTION' END," \
	" CASE k.castcontext WHEN 'i' THEN ' AS IMPLICIT' WHEN 'a' THEN ' AS ASSIGNMENT' END)" \
	" FROM pg_cast k JOIN pg_type s ON s.oid = k.castsource JOIN pg_type t ON t.oid = k.casttarget" \
	" LEFT JOIN pg_proc f ON f.oid = k.castfunc" \
	" LEFT JOIN ns ON ns.oid = s.typnamespace LEFT JOIN ns n2 ON n2.oid = t.typnamespace LEFT JOIN ns n3 ON n3.oid =" \
	" f.pronamespace" \
	" WHERE (f.oid IS NULL OR NOT " CONSTRUCTOR("f") ") AND " OWN(ONLY, "pg_cast", "k.oid") " AND ($1 = '{}' OR coalesce(ns.name, n2.name, n3.name) IS NOT NULL)"

/* Collations and conversions.  Their columns differ between server versions, hence JSON. */
#define OBJECTS_LOCALE(ONLY) \
	" UNION ALL" \
	" SELECT 'collation', ns.name, ns.name, concat(ns.q, '.', quote_ident(l.collname)), l.oid, 'pg_collation'::regclass, l.oid," \
	" 0," \
	" concat('COLLATION ', ns.q, '.', quote_ident(l.collname), E'\\n  provider: ', l.collprovider, E'\\n  deterministic: '," \
	" l.collisdeterministic," \
	" E'\\n  encoding: ', pg_encoding_to_char(l.collencoding), E'\\n  lc_collate: ', l.collcollate, E'\\n  lc_ctype: '," \
	" l.collctype," \
	" E'\\n  locale: ', coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale')," \
	" E'\\n  rules: ' || quote_literal(to_jsonb(l) ->> 'collicurules'), " OWNER("l.collowner") ")" \
	" FROM ns JOIN pg_collation l ON l.collnamespace = ns.oid WHERE " OWN(ONLY, "pg_collation", "l.oid") \
	" UNION ALL" \
	" SELECT 'conversion', ns.name, ns.name, concat(ns.q, '.', quote_ident(v.conname)), v.oid, 'pg_conversion'::regclass, v.oid," \
	" 0," \
	" concat(CASE WHEN v.condefault THEN 'DEFAULT ' END, 'CONVERSION ', ns.q, '.', quote_ident(v.conname), ' FOR '," \
	" quote_literal(pg_encoding_to_char(v.conforencoding)), ' TO ', quote_literal(pg_encoding_to_char(v.contoencoding)), ' FROM" \
	" ', v.conproc, " OWNER("v.conowner") ")" \
	" FROM ns JOIN pg_conversion v ON v.connamespace = ns.oid WHERE " OWN(ONLY, "pg_conversion", "v.oid")

/* Text search. */
#define OBJECTS_TEXT_SEARCH(ONLY) \
	" UNION ALL" \
	" SELECT 'text search configuration', ns.name, ns.name, concat(ns.q, '.', quote_ident(g.cfgname)), g.oid," \
	" 'pg_ts_config'::regclass, g.oid, 0," \
	" concat('TEXT SEARCH CONFIGURATION ', ns.q, '.', quote_ident(g.cfgname)," \
	" (SELECT concat(E'\\n  parser: ', p.prsnamespace::regnamespace, '.', quote_ident(p.prsname)) FROM pg_ts_parser p WHERE" \
	" p.oid = g.cfgparser)," \
	" (SELECT string_agg(concat(E'\\n  token ', m.maptokentype, ': ', m.mapdict::regdictionary), '' ORDER BY m.maptokentype," \
	" m.mapseqno)" \
	" FROM pg_ts_config_map m WHERE m.mapcfg = g.oid), " OWNER("g.cfgowner") ")" \
	" FROM ns JOIN pg_ts_config g ON g.cfgnamespace = ns.oid WHERE " OWN(ONLY, "pg_ts_config", "g.oid") \
	" UNION ALL" \
	" SELECT 'text search dictionary', ns.name, ns.name, concat(ns.q, '.', quote_ident(d.dictname)), d.oid," \
	" 'pg_ts_dict'::regclass, d.oid, 0," \
	" concat('TEXT SEARCH DICTIONARY ', ns.q, '.', quote_ident(d.dictname)," \
	" (SELECT concat(E'\\n  template: ', m.tmplnamespace::regnamespace, '.', quote_ident(m.tmplname)) FROM pg_ts_template m" \
	" WHERE m.oid = d.dicttemplate)," \
	" E'\\n  options: ' || d.dictinitoption, " OWNER("d.dictowner") ")" \
	" FROM ns JOIN pg_ts_dict d ON d.dictnamespace = ns.oid WHERE " OWN(ONLY, "pg_ts_dict", "d.oid") \
	" UNION ALL" \
	" SELECT 'text search parser', ns.name, ns.name, concat(ns.q, '.', quote_ident(p.prsname)), p.oid, 'pg_ts_parser'::regclass," \
	" p.oid, 0," \
	" concat('TEXT SEARCH PARSER ', ns.q, '.', quote_ident(p.prsname), E'\\n  start: ', p.prsstart, E'\\n  gettoken: '," \
	" p.prstoken, E'\\n  end: ', p.prsend," \
	" E'\\n  headline: ', p.prsheadline, E'\\n  lextypes: ', p.prslextype)" \
	" FROM ns JOIN pg_ts_parser p ON p.prsnamespace = ns.oid WHERE " OWN(ONLY, "pg_ts_parser", "p.oid") \
	" UNION ALL" \
	" SELECT 'text search template', ns.name, ns.name, concat(ns.q, '.', quote_ident(m.tmplname)), m.oid," \
	" 'pg_ts_template'::regclass, m.oid, 0," \
	" concat('TEXT SEARCH TEMPLATE ', ns.q, '.', quote_ident(m.tmplname), E'\\n  init: ', m.tmplinit, E'\\n  lexize: '," \
	" m.tmpllexize)" \
	" FROM ns JOIN pg_ts_template m ON m.tmplnamespace = ns.oid WHERE " OWN(ONLY, "pg_ts_template", "m.oid")

/* Publications, with what is in them, and subscriptions; not how these connect. */
#define OBJECTS_PUBLICATIONS(ONLY) \
	" UNION ALL" \
	" SELECT 'publication', NULL, NULL, quote_ident(p.pubname), p.oid, 'pg_publication'::regclass, p.oid, 0," \
	" concat('PUBLICATION ', quote_ident(p.pubname), CASE WHEN p.puballtables THEN ' FOR ALL TABLES' END, E'\\n  publish:'," \
	" CASE WHEN p.pubinsert THEN ' insert' END, CASE WHEN p.pubupdate THEN ' update' END, CASE WHEN p.pubdelete THEN ' delete'" \
	" END," \
	" CASE WHEN p.pubtruncate THEN ' truncate' END, CASE WHEN p.pubviaroot THEN E'\\n  via root' END," \
	" CASE to_jsonb(p) ->> 'pubgencols' WHEN 's' THEN E'\\n  generated columns: stored' END, " OWNER("p.pubowner") ")" \
	" FROM pg_publication p WHERE " WIDE " AND " OWN(ONLY, "pg_publication", "p.oid") \
	" UNION ALL" \
	" SELECT 'publication table', r.schema, r.schema, concat(r.identity, ' in publication ', quote_ident(p.pubname)), r.oid," \
	" 'pg_publication_rel'::regclass, m.oid, 0," \
	" concat('TABLE ', r.identity," \
	" (SELECT concat(' (', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE \"C\"), ')')" \
	" FROM pg_attribute a WHERE m.prattrs IS NOT NULL AND a.attrelid = r.oid AND a.attnum = ANY (m.prattrs) HAVING count(*) >" \
	" 0)," \
	" ' WHERE ' || pg_get_expr(m.prqual, m.prrelid))" \
	" FROM pg_publication_rel m JOIN pg_publication p ON p.oid = m.prpubid" \
	" JOIN rel r ON r.oid = m.prrelid WHERE m.oid >= 16384" ONLY("m.prrelid") \
	" UNION ALL" \
	" SELECT 'publication schema', ns.name, ns.name, concat(ns.q, ' in publication ', quote_ident(p.pubname)), ns.oid," \
	" 'pg_publication_namespace'::regclass, m.oid, 0," \
	" concat('TABLES IN SCHEMA ', ns.q)" \
	" FROM pg_publication_namespace m JOIN pg_publication p ON p.oid = m.pnpubid JOIN ns ON ns.oid = m.pnnspid" \
	" WHERE m.oid >= 16384" ONLY("m.pnnspid") \
	" UNION ALL" \
	" SELECT 'subscription', NULL, NULL, quote_ident(s.subname), s.oid, 'pg_subscription'::regclass, s.oid, 0," \
	" concat('SUBSCRIPTION ', quote_ident(s.subname), E'\\n  publications: ', array_to_string(s.subpublications, ', '), E'\\n " \
	" enabled: ', s.subenabled," \
	" E'\\n  slot: ', s.subslotname, E'\\n  synchronous commit: ', s.subsynccommit, E'\\n  binary: ', s.subbinary, E'\\n " \
	" streaming: ', s.substream," \
	" E'\\n  two phase: ', s.subtwophasestate <> 'd', E'\\n  disable on error: ', s.subdisableonerr, " OWNER("s.subowner") ")" \
	" FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND " WIDE " AND" \
	" " OWN(ONLY, "pg_subscription", "s.oid")

/* Foreign data: nothing that an option calls a secret is shown. */
#define OBJECTS_FOREIGN(ONLY) \
	" UNION ALL" \
	" SELECT 'foreign-data wrapper', NULL, NULL, quote_ident(w.fdwname), w.oid, 'pg_foreign_data_wrapper'::regclass, w.oid, 0," \
	" concat('FOREIGN DATA WRAPPER ', quote_ident(w.fdwname)," \
	" CASE WHEN w.fdwhandler <> 0 THEN E'\\n  handler: ' || w.fdwhandler::regprocedure::text END," \
	" CASE WHEN w.fdwvalidator <> 0 THEN E'\\n  validator: ' || w.fdwvalidator::regprocedure::text END," \
	" " SECRETIVE("w.fdwoptions") ", " OWNER("w.fdwowner") ", " ACL("w.fdwacl", "'F'", "w.fdwowner") ")" \
	" FROM pg_foreign_data_wrapper w WHERE " WIDE " AND " OWN(ONLY, "pg_foreign_data_wrapper", "w.oid") \
	" UNION ALL" \
	" SELECT 'server', NULL, NULL, quote_ident(s.srvname), s.oid, 'pg_foreign_server'::regclass, s.oid, 0," \
	" concat('SERVER ', quote_ident(s.srvname), ' TYPE ' || quote_literal(s.srvtype), ' VERSION ' ||" \
	" quote_literal(s.srvversion)," \
	" ' FOREIGN DATA WRAPPER ', quote_ident(w.fdwname), " SECRETIVE("s.srvoptions") ", " OWNER("s.srvowner") ", " \
	ACL("s.srvacl", "'S'", "s.srvowner") ")" \
	" FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE " WIDE " AND " \
	OWN(ONLY, "pg_foreign_server", "s.oid") \
	" UNION ALL" \
	" SELECT 'user mapping', NULL, NULL, concat(CASE m.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(m.umuser))" \
	" END, ' on server ', quote_ident(m.srvname))," \
	" m.umid, 'pg_user_mapping'::regclass, m.umid, 0," \
	" concat('USER MAPPING FOR ', CASE m.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(m.umuser)) END, ' SERVER" \
	" ', quote_ident(m.srvname)," \
	/* the view, for an owner who is no superuser; and any of them may be a secret, whatever its name: of others than the user's the name is all that is shown */ \
	" " SECRETIVE("CASE WHEN m.umoptions IS NOT NULL THEN ARRAY(SELECT CASE WHEN split_part(o, '=', 1) IN ('user'," \
	" 'username', 'user_name') THEN o ELSE split_part(o, '=', 1) || '=...' END FROM unnest(m.umoptions) o) END") ")" \
	" FROM pg_user_mappings m WHERE " WIDE " AND " \
	OWN(ONLY, "pg_user_mapping", "m.umid")

/* What else belongs to a database. */
#define OBJECTS_DATABASE(ONLY) \
	" UNION ALL" \
	" SELECT 'event trigger', NULL, ns.name, quote_ident(g.evtname), g.oid, 'pg_event_trigger'::regclass, g.oid, 0," \
	" concat('EVENT TRIGGER ', quote_ident(g.evtname), ' ON ', g.evtevent, ' EXECUTE FUNCTION ', g.evtfoid::regprocedure," \
	" E'\\n  when tag in ' || array_to_string(g.evttags, ', ')," \
	" CASE g.evtenabled WHEN 'D' THEN E'\\n  disabled' WHEN 'A' THEN E'\\n  enabled always' WHEN 'R' THEN E'\\n  enabled in" \
	" replica' END, " OWNER("g.evtowner") ")" \
	" FROM pg_event_trigger g JOIN pg_proc f ON f.oid = g.evtfoid LEFT JOIN ns ON ns.oid = f.pronamespace" \
	" WHERE " OWN(ONLY, "pg_event_trigger", "g.oid") " AND ($1 = '{}' OR ns.name IS NOT NULL)" \
	" AND f.pronamespace <> (SELECT extnamespace FROM pg_extension WHERE extname = 'migrator')" \
	" UNION ALL" \
	" SELECT 'extension', NULL, ns.name, quote_ident(x.extname), x.oid, 'pg_extension'::regclass, x.oid, 0," \
	" concat('EXTENSION ', quote_ident(x.extname), ' SCHEMA ', x.extnamespace::regnamespace, ' VERSION '," \
	" quote_literal(x.extversion), " OWNER("x.extowner") ")" \
	" FROM pg_extension x LEFT JOIN ns ON ns.oid = x.extnamespace" \
	" WHERE x.extname <> 'migrator' AND x.oid >= 16384" ONLY("x.oid") " AND ($1 = '{}' OR ns.name IS NOT NULL)" \
	" UNION ALL" \
	" SELECT 'language', NULL, NULL, quote_ident(l.lanname), l.oid, 'pg_language'::regclass, l.oid, 0," \
	" concat('LANGUAGE ', quote_ident(l.lanname), CASE WHEN l.lanpltrusted THEN ' TRUSTED' END, E'\\n  handler: '," \
	" l.lanplcallfoid::regprocedure," \
	" E'\\n  inline: ', l.laninline::regprocedure, E'\\n  validator: ', l.lanvalidator::regprocedure, " OWNER("l.lanowner") ", " \
	ACL("l.lanacl", "'l'", "l.lanowner") ")" \
	" FROM pg_language l WHERE " WIDE " AND " OWN(ONLY, "pg_language", "l.oid") \
	" UNION ALL" \
	" SELECT 'access method', NULL, NULL, quote_ident(m.amname), m.oid, 'pg_am'::regclass, m.oid, 0," \
	" concat('ACCESS METHOD ', quote_ident(m.amname), CASE m.amtype WHEN 't' THEN ' TYPE TABLE' ELSE ' TYPE INDEX' END, '" \
	" HANDLER ', m.amhandler)" \
	" FROM pg_am m WHERE " WIDE " AND " OWN(ONLY, "pg_am", "m.oid") \
	" UNION ALL" \
	" SELECT 'transform', NULL, ns.name, concat('for ', format_type(m.trftype, NULL), ' language ', quote_ident(l.lanname))," \
	" m.oid, 'pg_transform'::regclass, m.oid, 0," \
	" concat('TRANSFORM FOR ', format_type(m.trftype, NULL), ' LANGUAGE ', quote_ident(l.lanname)," \
	" E'\\n  from sql: ', m.trffromsql::regprocedure, E'\\n  to sql: ', m.trftosql::regprocedure)" \
	" FROM pg_transform m JOIN pg_language l ON l.oid = m.trflang JOIN pg_type t ON t.oid = m.trftype LEFT JOIN ns ON ns.oid =" \
	" t.typnamespace" \
	" WHERE " OWN(ONLY, "pg_transform", "m.oid") " AND ($1 = '{}' OR ns.name IS NOT NULL)" \
	" UNION ALL" \
	" SELECT 'default privileges', ns.name, ns.name, concat('for role ', quote_ident(pg_get_userbyid(d.defaclrole)), ' in schema" \
	" ' || ns.q, ' on ', w.word), d.oid," \
	" 'pg_default_acl'::regclass, d.oid, 0," \
	" concat('DEFAULT PRIVILEGES FOR ROLE ', quote_ident(pg_get_userbyid(d.defaclrole)), ' IN SCHEMA ' || ns.q, ' ON ', w.word," \
	" " ACL("d.defaclacl", "CASE WHEN ns.name IS NULL THEN w.type ELSE 'c' END", "d.defaclrole") ")" \
	" FROM pg_default_acl d JOIN (VALUES ('r'::\"char\", 'tables', 'r'::\"char\"), ('S', 'sequences', 's'), ('f', 'functions'," \
	" 'f'), ('T', 'types', 'T')," \
	" ('n', 'schemas', 'n'), ('L', 'large objects', 'L')) w (code, word, type) ON w.code = d.defaclobjtype" \
	" LEFT JOIN ns ON ns.oid = d.defaclnamespace" \
	" WHERE (ns.name IS NOT NULL OR d.defaclnamespace = 0 AND " WIDE ")" ONLY("d.oid")

/* A comment or a label is a line of what it is on. */
#define OBJECTS_END(ONLY) \
	" )" \
	" SELECT o.kind, o.schema, o.identity, o.definition || coalesce(remark.lines, ''), o.home, o.anchor" \
	" FROM object o LEFT JOIN remark ON remark.classoid = o.class AND remark.objoid = o.id AND remark.objsubid = o.sub" \
	" ORDER BY o.kind COLLATE \"C\", o.schema COLLATE \"C\" NULLS FIRST, o.identity COLLATE \"C\""

/* The parts whose objects are anchored at relations and schemas: the shorter query is planned in half the time. */
#define OBJECTS_RELATION_QUERY(ONLY) \
	OBJECTS_SCOPE(ONLY) \
	OBJECTS_SCHEMAS(ONLY) \
	OBJECTS_RELATIONS(ONLY) \
	OBJECTS_COLUMNS(ONLY) \
	OBJECTS_CONSTRAINTS(ONLY) \
	OBJECTS_INDEXES(ONLY) \
	OBJECTS_TRIGGERS(ONLY) \
	OBJECTS_STATISTICS(ONLY) \
	OBJECTS_PUBLICATIONS(ONLY) \
	OBJECTS_END(ONLY)

#define OBJECTS_QUERY(ONLY) \
	OBJECTS_SCOPE(ONLY) \
	OBJECTS_SCHEMAS(ONLY) \
	OBJECTS_RELATIONS(ONLY) \
	OBJECTS_COLUMNS(ONLY) \
	OBJECTS_CONSTRAINTS(ONLY) \
	OBJECTS_INDEXES(ONLY) \
	OBJECTS_TRIGGERS(ONLY) \
	OBJECTS_STATISTICS(ONLY) \
	OBJECTS_ROUTINES(ONLY) \
	OBJECTS_TYPES(ONLY) \
	OBJECTS_OPERATORS(ONLY) \
	OBJECTS_LOCALE(ONLY) \
	OBJECTS_TEXT_SEARCH(ONLY) \
	OBJECTS_PUBLICATIONS(ONLY) \
	OBJECTS_FOREIGN(ONLY) \
	OBJECTS_DATABASE(ONLY) \
	OBJECTS_END(ONLY)

#endif
