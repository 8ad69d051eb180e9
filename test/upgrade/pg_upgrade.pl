# pg_upgrade: the record, what was staged, and what watches survive it, in a database of an older major. Run by upgrade.sh, where two
# majors with the extension are side by side: OLD_SERVER is the directory of the older one, with its bin below.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $old_bin = "$ENV{OLD_SERVER}/bin";
my $files = source_dir({ '1_a.up.sql' => 'CREATE TABLE public.a (i int)', '1_a.down.sql' => 'DROP TABLE public.a',
	'2_b.up.sql' => "CREATE TABLE public.b (i int);\nINSERT INTO public.b VALUES (1)", '2_b.down.sql' => 'DROP TABLE public.b' });
my $failing = source_dir({ '1_x.sql' => 'SELECT 1/0' });

my $new = PostgreSQL::Test::Cluster->new('new');
my $old = PostgreSQL::Test::Cluster->new('old', install_path => $ENV{OLD_SERVER});

# as both initdb make it: checksums are the default from 18 on
my @initdb = ('--locale=C', '--encoding=UTF8');
$new->init(extra => [ @initdb, $new->{_pg_version} >= 18 ? '--no-data-checksums' : () ]);
$old->init(extra => \@initdb);
$old->start;
$old->safe_psql('postgres', 'CREATE DATABASE shop');
$old->safe_psql('postgres', 'CREATE ROLE app LOGIN');
$old->safe_psql('postgres', 'GRANT CREATE ON DATABASE shop TO app');
$old->safe_psql('shop', qq{
	CREATE EXTENSION migrator;
	GRANT EXECUTE ON ALL ROUTINES IN SCHEMA migrator TO app;
	GRANT CREATE ON SCHEMA public TO app;
	CREATE SCHEMA views;
	SELECT migrator.register('shop', '$files', 'production', search_path => 'public', options => '{"view_schema": "views"}');
	SELECT migrator.add_maintenance_window('22:00', '02:00', '{sat,sun}', time_zone => 'Asia/Kolkata', service => 'shop', note => 'nights');
	SELECT migrator.record_backup('nightly', 1234, '/backups/it''s');
	SELECT migrator.watch_ddl();
});
my $stage = q{SELECT migrator.stage('sent', ARRAY['1_s.sql', '2_t.sql'], ARRAY['CREATE TABLE public.s ()', 'CREATE TABLE public.t ()']::bytea[])};
$old->safe_psql('shop', "$stage; SELECT migrator.register('sent', 'stage:sent', options => '{\"auto_migrate\": false}'); SELECT migrator.apply(service => 'sent', target => '1')",
	extra_params => [ psql_as('app') ]);
$old->safe_psql('shop', "CALL migrator.up(service => 'shop')");
write_files($files, { '3_c.up.sql' => 'CREATE TABLE public.c (i int)', '3_c.down.sql' => 'DROP TABLE public.c' });
$old->psql('shop', "CALL migrator.up('$failing', 'failing')");
$old->safe_psql('shop', q{CREATE TABLE public.by_hand (i int)});

my @facts = (
	(map { my $table = $_; [ $table, "SELECT * FROM migrator.$table AS t ORDER BY t::text" ] } qw(services migrations runs history service_state
		windows recorded_backups ddl_log stages staged_files staged_contents schema_migrations sent_schema_migrations)),
	[ 'the view in another schema', 'SELECT * FROM views.shop_schema_migrations ORDER BY 1' ],
	[ 'status', q{SELECT service, version, state, flags, checksum FROM migrator.status(service => '*') ORDER BY 1, 2} ],
	[ 'drift', q{SELECT change, kind, identity, definition_before, definition_now, changed_by, statement FROM migrator.drift('shop') ORDER BY 1, 2, 3} ],
	[ 'rights', q{SELECT p.oid::regprocedure::text, r FROM pg_proc p, unnest(ARRAY['app', 'public']) r
		WHERE pronamespace = 'migrator'::regnamespace AND has_function_privilege(r, p.oid, 'EXECUTE') ORDER BY 1, 2} ],
	# types of tables are members from 17 on, where they were made
	[ 'members', q{SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend WHERE classid <> 'pg_type'::regclass
		AND refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'migrator') ORDER BY 1} ],
	[ 'configuration tables', q{SELECT unnest(extconfig)::regclass::text, unnest(extcondition) FROM pg_extension WHERE extname = 'migrator' ORDER BY 1} ],
	[ 'version', 'SELECT migrator.version()' ]);
my %before = map { $_->[0] => $old->safe_psql('shop', $_->[1]) } @facts;
isnt($before{$_}, '', "something is in $_") for map { $_->[0] } @facts;
my $superuser = $old->safe_psql('postgres', 'SELECT session_user');
$old->stop;

# what is pending must not be run meanwhile, though both servers are told to at their start
my $at_start = "shared_preload_libraries = 'migrator'\nmigrator.auto_migrate = on\nmigrator.auto_migrate_databases = 'shop'\n"
  . "migrator.auto_migrate_role = '$superuser'\n";
$_->append_conf('postgresql.conf', $at_start) for $old, $new;

# in a directory of its own: it leaves logs where it runs
my $where = source_dir({});
my $upgrade = '';
my $done = IPC::Run::run([ $new->installed_command('pg_upgrade'), '--no-sync', '-b', $old_bin, '-B', $new->config_data('--bindir'),
	'-d', $old->data_dir, '-D', $new->data_dir, '-p', $old->port, '-P', $new->port, '-s', $where ],
	'<', \undef, '>&', \$upgrade, init => sub { chdir $where or die });
ok($done, 'pg_upgrade') or diag($upgrade);
if (!$done)
{
	done_testing();
	exit;
}
unlike($upgrade, qr/update_extensions/, 'it asks for no update of extensions');

$new->append_conf('postgresql.conf', "migrator.auto_migrate = off\n");
$new->start;
is($new->safe_psql('shop', $_->[1]), $before{ $_->[0] }, "the same: $_->[0]") for @facts;

# and it goes on: at the next start that may, with what was pending
$new->append_conf('postgresql.conf', "migrator.auto_migrate = on\n");
$new->restart;
ok($new->poll_query_until('shop', q{SELECT state = 'applied' FROM migrator.migrations WHERE service = 'shop' AND version = '3'}), 'at server start');
is((outcome_of($new, 'shop', q{CALL migrator.up(service => 'shop')}))[0], '00000', 'up');
is((outcome_of($new, 'shop', q{CALL migrator.up(service => 'sent')}, psql_as('app')))[0], '00000', 'what was staged before runs as the role that sent it');
is($new->safe_psql('shop', q{SELECT service || ' ' || string_agg(version, ' ' ORDER BY version) FROM migrator.migrations
	WHERE state = 'applied' GROUP BY service ORDER BY service}),
	"sent 1 2\nshop 1 2 3", 'all is applied');
is((outcome_of($new, 'shop', q{CALL migrator.down(service => 'shop', steps => 2)}))[0], '00000', 'down, also of what was applied before');
$new->safe_psql('shop', 'CREATE TABLE public.by_hand_again (i int)');
is($new->safe_psql('shop', q{SELECT count(*) FROM migrator.ddl_log WHERE identity = 'public.by_hand_again'}), '1', 'who changes the schema is noted');
is((outcome_of($new, 'shop', 'ALTER EXTENSION migrator UPDATE'))[0], '00000', 'ALTER EXTENSION UPDATE has nothing to do');

done_testing();
