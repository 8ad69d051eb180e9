# The tools themselves: half of a history by the tool, adopt(), the other half by up(), and the schema is that of psql with all of
# it; with a mirror, the tool then says that nothing is pending, and does nothing; what was taken back it runs anew. export() into another database ends it.
use strict;
use warnings;

use Cwd;
use Digest::SHA qw(sha1_hex sha256_hex);
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $cache = $ENV{MIGRATOR_CLIENTS_CACHE} // '/var/cache/migrator-clients';
my $modules = "$cache/tools/node_modules";
my $node = PostgreSQL::Test::Cluster->new('tools');
my ($sets, $tool);

$node->init(extra => [ '-U', 'postgres' ]);
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\nautovacuum = off\nfsync = off\nlog_min_messages = fatal\n"
	. "client_min_messages = error\n");
$node->append_conf('pg_hba.conf', 'host all all 127.0.0.1/32 trust');
$node->start;
$ENV{PGUSER} = 'postgres';
delete @ENV{qw(DATABASE_URL PGOPTIONS NODE_OPTIONS)};
my $psql = $node->installed_command('psql');
$node->safe_psql('template1', 'CREATE EXTENSION migrator');

# The SQL of the n-th migration, and of its way back.
sub up_sql { my ($n) = @_; return "CREATE TABLE t$n (i int PRIMARY KEY, said text DEFAULT 'x;y');\nINSERT INTO t$n VALUES ($n);\n"; }
sub down_sql { my ($n) = @_; return "DROP TABLE t$n;\n"; }

sub shape
{
	my ($database) = @_;
	return $node->safe_psql($database, q{SELECT string_agg(concat_ws(' ', table_name, column_name, data_type, column_default), ', ' ORDER BY 1)
		FROM information_schema.columns WHERE table_name ~ '^t\d$'}) . '|' . $node->safe_psql($database, join ' UNION ALL ',
		map { "SELECT i FROM t$_" } 1 .. 4);
}

$node->safe_psql('postgres', 'CREATE DATABASE by_psql');
$node->safe_psql('by_psql', up_sql($_)) for 1 .. 4;
my $wanted = shape('by_psql');

sub url { my ($database) = @_; return "postgres://postgres\@127.0.0.1:" . $node->port . "/$database?sslmode=disable"; }

# Run in a directory; the exit code and all that it says.
sub run_in
{
	my ($dir, @command) = @_;
	my $before = getcwd();
	my ($out, $err) = ('', '');

	chdir $dir or die "$dir: $!";
	my $done = IPC::Run::run(\@command, '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(120));
	my $code = $? >> 8;
	chdir $before or die "$before: $!";
	return ($done ? 0 : $code || 1, "$out$err");
}

sub is_program { my ($name) = @_; return -x $name || grep { -x "$_/$name" } split /:/, $ENV{PATH}; }

sub by_sql { my ($sql) = @_; return sub { my ($database) = @_; $node->safe_psql($database, $sql); return (0, '') } }

# One tool: below (in the directory that the source is in), files($n) of a migration, run(database, dir), pending(database, dir),
# which says what the tool says, and what that must be like (says; says_back behind the way back). Without pending() it is not mirrored:
# then stay(database, dir), what its page in docs/tools/ says, has the tool stay where it is. forget: its rows are lost.
sub test_tool
{
	my ($name, %of) = @_;
	my $top = source_dir({ %{ $of{config} ? $of{config}->($name) : {} } });
	my $source = $of{below} ? "$top/$of{below}" : $top;
	my ($code, $said);

  SKIP:
	{
		skip "$name is not installed", 1 unless is_program($of{program}) && (!$of{module} || -d $of{module});
		$node->safe_psql('postgres', "CREATE DATABASE $name");
		write_files($top, { %{ $of{files}->($_) } }) for 1, 2;
		($code, $said) = $of{run}->($name, $top);
		is($code, 0, "$name: runs half of it") or diag($said), return;
		is($node->safe_psql($name, 'SELECT i FROM t2'), '2', "$name: half is there");

		write_files($top, { %{ $of{files}->($_) } }) for 3, 4;
		write_files($top, $of{sql}) if $of{sql};
		my $options = join ', ', $of{layout} ? qq{"layout": "$of{layout}"} : (), $of{pending} ? '"mirror": true' : ();
		is($node->safe_psql($name, "SELECT count(*), min(verified), max(verified) FROM migrator.adopt('$source', '$name',"
			. " tool => '$of{tool}', options => '{$options}')"), $of{adopted}, "$name: adopted");
		$node->safe_psql($name, "CALL migrator.up('$source', '$name', options => '{"
			. ($of{layout} ? qq{"layout": "$of{layout}"} : '') . "}')");
		is(shape($name), $wanted, "$name: the other half by up(): all is there as by psql");
		is($node->safe_psql($name, "SELECT count(*) FROM migrator.adopt('$source', '$name', tool => '$of{tool}', options => '{"
			. ($of{layout} ? qq{"layout": "$of{layout}"} : '') . "}')"), '0', "$name: nothing is new to adopt()");
		if ($of{pending})
		{
			($code, $said) = $of{pending}->($name, $top);
			is($code, 0, "$name: is asked");
			like($said, $of{says}, "$name: says that nothing is pending");
			($code, $said) = $of{run}->($name, $top);
			is($code, 0, "$name: runs again") or diag($said);
			is(shape($name), $wanted, "$name: and does nothing");

			# the way back: by down(), or where the tool has none by hand
			$node->safe_psql($name, $of{back} // "CALL migrator.down('$source', '$name', steps => 1)");
			($code, $said) = ($of{pending_back} // $of{pending})->($name, $top);
			is($code, $of{back_code} // 0, "$name: is asked once more");
			like($said, $of{says_back}, "$name: says that the last one is pending");
			($code, $said) = $of{run}->($name, $top);
			is($code, 0, "$name: runs it") or diag($said);
			is(shape($name), $wanted, "$name: and all is there again");
			is($node->safe_psql($name, "SELECT string_agg(version, ', ') FROM migrator.adopt('$source', '$name', tool => '$of{tool}')"),
				$of{again}, "$name: which adopt() finds");
			if ($of{forget})
			{
				$node->safe_psql($name, "$of{forget}; SELECT migrator.register('$name', '$source', options => '{\"mirror\": true}')");
				($code, $said) = $of{pending}->($name, $top);
				like($said, $of{says}, "$name: says that nothing is pending when a mirror is asked for");
			}
		}
		elsif ($of{stay})
		{
			($code, $said) = $of{stay}->($name, $top);
			is($code, 0, "$name: is told what is applied") or diag($said);
			($code, $said) = $of{run}->($name, $top);
			is($code, 0, "$name: runs again") or diag($said);
			is(shape($name), $wanted, "$name: and does nothing");
		}
	}
	return;
}

test_tool('dbmate', tool => 'dbmate', program => "$modules/.bin/dbmate", adopted => '2|unverified|unverified',
	files => sub { my ($n) = @_; return { "2024010${n}000000_m$n.sql" => "-- migrate:up\n" . up_sql($n) . "-- migrate:down\n" . down_sql($n) } },
	run => sub { my ($database, $dir) = @_;
		return run_in($dir, "$modules/.bin/dbmate", '--url', url($database), '-d', $dir, '--no-dump-schema', 'up') },
	pending => sub { my ($database, $dir) = @_; return run_in($dir, "$modules/.bin/dbmate", '--url', url($database), '-d', $dir, 'status') },
	says => qr/Pending: 0/, says_back => qr/\[ \] 20240104000000_m4.*Pending: 1/s, again => '20240104000000',
	forget => 'DELETE FROM schema_migrations');

test_tool('node_pg_migrate', tool => 'node-pg-migrate', program => "$modules/.bin/node-pg-migrate", adopted => '2|unverified|unverified',
	below => 'migrations',
	files => sub { my ($n) = @_;
		return { "migrations/170000000000${n}_m$n.sql" => "-- Up Migration\n" . up_sql($n) . "-- Down Migration\n" . down_sql($n) } },
	run => sub { my ($database, $dir) = @_; local $ENV{DATABASE_URL} = url($database);
		return run_in($dir, "$modules/.bin/node-pg-migrate", 'up') },
	pending => sub { my ($database, $dir) = @_; local $ENV{DATABASE_URL} = url($database);
		return run_in($dir, "$modules/.bin/node-pg-migrate", 'up', '--dry-run') },
	says => qr/No migrations to run/, says_back => qr/- 1700000000004_m4/, again => '1700000000004_m4');

my $hash = '-';
test_tool('graphile_migrate', tool => 'graphile-migrate', program => "$modules/.bin/graphile-migrate", adopted => '2|verified|verified',
	below => 'migrations/committed',
	config => sub { my ($database) = @_; return { '.gmrc' => '{"connectionString": "' . url($database) . '",
		"shadowConnectionString": "' . url('by_psql') . '"}', 'migrations/current.sql' => '' } },
	files => sub { my ($n) = @_; my $previous = $hash; my $body = up_sql($n) =~ s/\s+\z//r;
		$hash = 'sha1:' . sha1_hex(($previous eq '-' ? '' : "$previous\n") . "$body\n");
		return { sprintf('migrations/committed/%06d.sql', $n) => "--! Previous: $previous\n--! Hash: $hash\n\n$body\n" } },
	run => sub { my ($database, $dir) = @_; return run_in($dir, "$modules/.bin/graphile-migrate", 'migrate') },
	pending => sub { my ($database, $dir) = @_; return run_in($dir, "$modules/.bin/graphile-migrate", 'migrate') },
	says => qr/up to date/i, back => q{DROP TABLE t4; SELECT migrator.resolve('000004', 'pending', 'graphile_migrate')},
	pending_back => sub { my ($database, $dir) = @_; return run_in($dir, "$modules/.bin/graphile-migrate", 'status') },
	says_back => qr/1 committed migrations? pending/, back_code => 1, again => '000004');

test_tool('drizzle', tool => 'drizzle', program => "$modules/.bin/drizzle-kit", module => "$modules/drizzle-orm", adopted => '2|verified|verified',
	below => 'drizzle',
	config => sub { my ($database) = @_; return { 'drizzle.config.json' => '{"dialect": "postgresql", "out": "./drizzle", "dbCredentials": {"url": "'
		. url($database) . '"}}' } },
	files => sub { my ($n) = @_;
		return { "drizzle/000${n}_m$n.sql" => up_sql($n) =~ s/;\n(?=I)/;\n--> statement-breakpoint\n/r, 'drizzle/meta/_journal.json' =>
			'{"version": "7", "dialect": "postgresql", "entries": ['
			. join(', ', map { qq({"idx": $_, "version": "7", "when": 170000000000$_, "tag": "000${_}_m$_", "breakpoints": true}) } 1 .. $n) . ']}' } },
	run => sub { my ($database, $dir) = @_; symlink $modules, "$dir/node_modules" if !-e "$dir/node_modules";
		return run_in($dir, "$modules/.bin/drizzle-kit", 'migrate') },
	stay => by_sql(q{INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('', 1700000000004)}));

# code: its names stay on record, and the SQL beside it is the migration's
test_tool('knex', tool => 'knex', program => "$modules/.bin/knex", module => "$modules/pg", adopted => '2|unverified|unverified', below => 'sql',
	config => sub { my ($database) = @_; return { 'knexfile.js' => "module.exports = { client: 'pg', connection: '" . url($database)
		. "', migrations: { directory: './js' } };\n" } },
	files => sub { my ($n) = @_; my $sql = up_sql($n);
		return { "js/2024010${n}000000_m$n.js" => "exports.up = (knex) => knex.raw(`$sql`);\nexports.down = (knex) => knex.raw('DROP TABLE t$n');\n",
			"sql/2024010${n}000000_m$n.sql" => $sql } },
	run => sub { my ($database, $dir) = @_; symlink $modules, "$dir/node_modules" if !-e "$dir/node_modules";
		return run_in($dir, "$modules/.bin/knex", 'migrate:latest') },
	stay => by_sql(q{INSERT INTO knex_migrations (name, batch, migration_time) SELECT version || '.js', 3, applied_at
		FROM migrator.status(service => 'knex') WHERE state = 'applied' AND version || '.js' NOT IN (SELECT name FROM knex_migrations)}));

test_tool('sql_migrate', tool => 'sql-migrate', program => 'sql-migrate', adopted => '2|unverified|unverified', below => 'migrations',
	config => sub { my ($database) = @_; return { 'dbconfig.yml' => "development:\n  dialect: postgres\n  datasource: "
		. url($database) . "\n  dir: migrations\n" } },
	files => sub { my ($n) = @_; return { "migrations/${n}_m$n.sql" => "-- +migrate Up\n" . up_sql($n) . "-- +migrate Down\n" . down_sql($n) } },
	run => sub { my ($database, $dir) = @_; return run_in($dir, 'sql-migrate', 'up') },
	pending => sub { my ($database, $dir) = @_; return run_in($dir, 'sql-migrate', 'up') },
	says => qr/Applied 0 migrations/, pending_back => sub { my ($database, $dir) = @_; return run_in($dir, 'sql-migrate', 'up', '-dryrun') },
	says_back => qr/Would apply migration 4_m4.sql/, again => '4_m4', forget => 'DELETE FROM gorp_migrations');

# Alembic keeps the last of its names alone, and its migrations are Python
my $python = is_program('/usr/bin/python3') && !system('/usr/bin/python3 -c "import alembic, psycopg2" 2>/dev/null') ? '/usr/bin/python3' : 'none';
test_tool('alembic', tool => 'alembic', program => $python, adopted => '1|missing|missing', below => 'sql',
	config => sub { my ($database) = @_; return {
		'alembic.ini' => "[alembic]\nscript_location = alembic\nsqlalchemy.url = " . (url($database) =~ s/^postgres:/postgresql:/r) . "\n",
		'alembic/env.py' => "from alembic import context\nfrom sqlalchemy import create_engine\n"
			. "with create_engine(context.config.get_main_option('sqlalchemy.url')).connect() as connection:\n"
			. "    context.configure(connection=connection)\n    with context.begin_transaction():\n        context.run_migrations()\n",
		'alembic/versions/a1.py' => "from alembic import op\nrevision = 'a1'\ndown_revision = None\ndef upgrade():\n"
			. join('', map { "    op.execute('''" . up_sql($_) . "''')\n" } 1, 2) . "def downgrade():\n    pass\n" } },
	files => sub { my ($n) = @_; return $n > 2 ? { "sql/2024010${n}_m$n.sql" => up_sql($n) } : {} },
	run => sub { my ($database, $dir) = @_; return run_in($dir, $python, '-m', 'alembic', 'upgrade', 'head') });

# Django calls a migration by its app and its name
$python = is_program('/usr/bin/python3') && !system('/usr/bin/python3 -c "import django, psycopg2" 2>/dev/null') ? '/usr/bin/python3' : 'none';
test_tool('django', tool => 'django', program => $python, adopted => '2|missing|missing', below => 'sql',
	config => sub { my ($database) = @_; return { 'shop/__init__.py' => '', 'shop/migrations/__init__.py' => '',
		'settings.py' => "SECRET_KEY = 'x'\nINSTALLED_APPS = ['shop']\nUSE_TZ = True\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql',\n"
			. "    'NAME': '$database', 'USER': 'postgres', 'HOST': '127.0.0.1', 'PORT': '" . $node->port . "'}}\n" } },
	files => sub { my ($n) = @_; return { "sql/2024010${n}_m$n.sql" => up_sql($n) } if $n > 2;
		return { "shop/migrations/000${n}_m$n.py" => "from django.db import migrations\nclass Migration(migrations.Migration):\n    dependencies = ["
			. ($n > 1 ? "('shop', '000" . ($n - 1) . "_m" . ($n - 1) . "')" : '') . "]\n    operations = [migrations.RunSQL('''" . up_sql($n) . "''')]\n" } },
	run => sub { my ($database, $dir) = @_; local @ENV{qw(PYTHONPATH DJANGO_SETTINGS_MODULE)} = ($dir, 'settings');
		return run_in($dir, $python, '-m', 'django', 'migrate') });

# Rails by its part that migrates, whatever its version; the SQL beside is the migration's
my $ruby = is_program("/usr/bin/ruby") && !system(q{/usr/bin/ruby -e "require %q(active_record); require %q(pg)" 2>/dev/null}) ? "/usr/bin/ruby" : "none";
my $migrate = 'require "active_record"; base = ActiveRecord::Base; base.establish_connection(ENV["DATABASE_URL"]);'
	. ' ActiveRecord::Migrator.migrations_paths = ["db/migrate"];'
	. ' (base.connection_pool.respond_to?(:migration_context) ? base.connection_pool : base.connection).migration_context.migrate';
test_tool('rails', tool => 'rails', program => $ruby, adopted => '2|unverified|unverified', below => 'sql',
	files => sub { my ($n) = @_; my $sql = up_sql($n); my $name = "2024010${n}000000_m$n";
		return { "db/migrate/$name.rb" => "class M$n < ActiveRecord::Migration[6.1]\n  def up\n    execute <<~SQL\n$sql    SQL\n  end\nend\n",
			"sql/$name.sql" => $sql } },
	run => sub { my ($database, $dir) = @_; local $ENV{DATABASE_URL} = url($database); return run_in($dir, $ruby, '-e', $migrate) },
	stay => by_sql(q{INSERT INTO schema_migrations SELECT left(version, 14) FROM migrator.status(service => 'rails') WHERE state = 'applied'
		ON CONFLICT DO NOTHING}));

# a plan; names of files are those of changes
my $knows = sub { my ($layout) = @_; return $node->safe_psql('by_psql', "SELECT count(*) FROM migrator.layouts() WHERE layout = '$layout'") };
my $plan = "%syntax-version=1.0.0\n%project=shop\n\n";
test_tool('sqitch', tool => 'sqitch', program => $knows->('sqitch') ? 'sqitch' : 'none', adopted => '2|verified|verified',
	config => sub { my ($database) = @_; return { 'sqitch.conf' => "[core]\n\tengine = pg\n[user]\n\tname = Flo\n\temail = f\@x.org\n" } },
	files => sub { my ($n) = @_; $plan .= "m$n 2024-01-0${n}T00:00:00Z Flo <f\@x.org> # m$n\n";
		return { 'sqitch.plan' => $plan, "deploy/m$n.sql" => "BEGIN;\n" . up_sql($n) . "COMMIT;\n", "revert/m$n.sql" => down_sql($n) } },
	run => sub { return sqitch_deploy(@_, '--no-verify') }, stay => sub { return sqitch_deploy(@_, '--log-only') });

sub sqitch_deploy
{
	my ($database, $dir, @options) = @_;

	local $ENV{PATH} = $node->config_data('--bindir') . ":$ENV{PATH}";
	local $ENV{HOME} = $dir;
	return run_in($dir, 'sqitch', 'deploy', @options, '--target', 'db:' . (url($database) =~ s/^postgres:/pg:/r));
}

my $liquibase = "$modules/liquibase/dist/liquibase";
test_tool('liquibase', tool => 'liquibase', program => $knows->('liquibase') ? 'java' : 'none', module => $liquibase, adopted => '2|verified|verified',
	files => sub { my ($n) = @_; our $changelog //= "--liquibase formatted sql\n";
		$changelog .= "\n--changeset flo:$n\n" . up_sql($n) . "--rollback DROP TABLE t$n;\n";
		return { 'changelog.sql' => $changelog } },
	run => sub { return liquibase(@_, 'update') }, stay => sub { return liquibase(@_, 'changelog-sync') });

sub liquibase
{
	my ($database, $dir, $command) = @_;

	return run_in($dir, 'java', '-cp', "$liquibase/internal/lib/*:$liquibase/lib/*", 'liquibase.integration.commandline.LiquibaseCommandLine',
		'--changelog-file=changelog.sql', '--url=jdbc:postgresql://127.0.0.1:' . $node->port . "/$database", '--username=postgres',
		'--password=x', '--show-banner=false', $command);
}

# The record goes elsewhere.
if ($node->safe_psql('postgres', "SELECT count(*) FROM pg_database WHERE datname = 'dbmate'"))
{
	my $file = "$PostgreSQL::Test::Utils::tmp_check/record.sql";
	my $status = 'SELECT version, state, applied_at, flags FROM migrator.status(service => \'dbmate\')';

	$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
	$node->command_ok([ $psql, '-XAt', '-o', $file, '-c', "SELECT migrator.export('dbmate')", '-d', $node->connstr('dbmate') ], 'exported');
	$node->command_ok([ $psql, '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $node->connstr('elsewhere') ], 'and loaded elsewhere');
	my $source = $node->safe_psql('dbmate', "SELECT source FROM migrator.services WHERE service = 'dbmate'");
	$node->safe_psql('elsewhere', "SELECT migrator.register('dbmate', '$source')");
	is($node->safe_psql('elsewhere', $status), $node->safe_psql('dbmate', $status), 'status() says the same');
}
$node->stop;
done_testing();
