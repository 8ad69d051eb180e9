/*
 * layouts.h
 *	  The layouts, a row each: LAYOUT(the Layout that a file of this folder fills).
 *
 * A directory's layout is the first one that takes all of it, so a row with
 * narrower rules stands before one with wider rules.
 *
 * There is deliberately no #ifndef around this: it is included once to declare
 * (layout.h) and once to list (layout.c).
 */
LAYOUT(layout_dbmate)
LAYOUT(layout_goose)
LAYOUT(layout_sql_migrate)
LAYOUT(layout_node_pg_migrate)
LAYOUT(layout_tern)
LAYOUT(layout_graphile_migrate)
LAYOUT(layout_atlas)
LAYOUT(layout_drizzle)
LAYOUT(layout_sqitch)
LAYOUT(layout_liquibase)
LAYOUT(layout_sqlx)
LAYOUT(layout_schema_evolution_manager)
LAYOUT(layout_golang_migrate)
LAYOUT(layout_prisma)
LAYOUT(layout_diesel)
LAYOUT(layout_flyway)
LAYOUT(layout_dated)
LAYOUT(layout_numbered)
LAYOUT(layout_boundary)
LAYOUT(layout_authelia)
LAYOUT(layout_popx)
LAYOUT(layout_supabase)
LAYOUT(layout_refinery)
LAYOUT(layout_yandex_pgmigrate)
LAYOUT(layout_yoyo)
LAYOUT(layout_script)
