# ALTER EXTENSION UPDATE: for each script sql/migrator--A--B.sql, an A that is updated to B is the same as a new B, in all
# that pg_dump can tell, its members, its configuration tables and its first privileges. That the comparison sees
# differences is shown by changes made on purpose, whether there are such scripts already or not.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $sql = "$FindBin::RealBin/../../sql";
my @updates = sort map { m,/migrator--([^/]+?)--([^/]+)\.sql$, ? [ $1, $2 ] : () } glob "$sql/migrator--*--*.sql";
my @versions = sort map { m,/migrator--((?:(?!--)[^/])+)\.sql$, ? $1 : () } glob "$sql/migrator--*.sql";

my $node = PostgreSQL::Test::Cluster->new('update');
$node->init;
$node->start;

my $databases = 0;

# A database with the extension as this SQL makes it.
sub made_by
{
	my ($make, $template) = @_;
	my $name = 'd' . ++$databases;

	$node->safe_psql('postgres', "CREATE DATABASE $name" . ($template ? " TEMPLATE $template" : ''));
	$node->safe_psql($name, $make);
	return $name;
}

# All that makes the extension in this database what it is, as text, a line for each fact. Its objects are made members of
# nothing and without a memory of first privileges, after both were written down: else pg_dump would pass them over.
sub description
{
	my ($database) = @_;
	my $facts = $node->safe_psql($database, q{
		SELECT 'member ' || pg_describe_object(classid, objid, objsubid) FROM pg_depend
		  WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' ORDER BY 1;
		SELECT 'configuration ' || t.t::regclass || coalesce(' ' || e.extcondition[t.i], '') FROM pg_extension e,
		  unnest(e.extconfig) WITH ORDINALITY AS t(t, i) WHERE e.extname = 'migrator' ORDER BY 1;
		SELECT 'first privileges ' || pg_describe_object(classoid, objoid, objsubid) || ' ' || initprivs::text
		  FROM pg_init_privs WHERE privtype = 'e' ORDER BY 1;
		SELECT format('extension %s %s %s', extname, extrelocatable, extnamespace::regnamespace) FROM pg_extension
		  WHERE extname = 'migrator';
		SELECT 'shape ' || pg_describe_object('pg_class'::regclass, attrelid, attnum) || ' ' || rank() OVER (PARTITION BY attrelid
		  ORDER BY attnum) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
		  WHERE relnamespace = 'migrator'::regnamespace AND attnum > 0 AND NOT attisdropped ORDER BY attrelid::regclass::text, 1;
		SET allow_system_table_mods = on;
		DELETE FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
		  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'migrator');
		DELETE FROM pg_init_privs WHERE privtype = 'e';
	});
	my ($dump, $errors) = run_command([ 'pg_dump', '--schema-only', '-d', $node->connstr($database) ]);

	like($dump, qr/^CREATE FUNCTION migrator\.apply\(/m, "$database: the dump is of the extension's objects") or diag($errors);
	# a random word, in newer minor versions
	$dump =~ s/^\\(?:un)?restrict .*$//gm;
	return "$facts\n$dump";
}

sub differences
{
	my ($expected, $found) = @_;
	my %expected = map { $_ => 1 } split /\n/, $expected;
	my %found = map { $_ => 1 } split /\n/, $found;

	return join "\n", (map { "-$_" } grep { !$found{$_} } sort keys %expected), (map { "+$_" } grep { !$expected{$_} } sort keys %found);
}

chomp(my $default = $node->safe_psql('postgres', q{SELECT default_version FROM pg_available_extensions WHERE name = 'migrator'}));
is_deeply([ grep { $_ eq $default } @versions ], [$default], 'the default version has a script that installs it');

my $template = made_by('CREATE EXTENSION migrator');
my $new = description(made_by('SELECT', $template));
is(description(made_by('CREATE EXTENSION migrator')), $new, 'two new installations are the same');

# What an update script may forget. All are made to one installation, and each must show in what differs.
my @changes = (
	[ 'a comment', q{COMMENT ON FUNCTION migrator.version() IS 'changed'}, 'COMMENT ON FUNCTION migrator\.version\(\)' ],
	[ "a column's comment", q{COMMENT ON COLUMN migrator.history.note IS 'changed'}, 'COMMENT ON COLUMN migrator\.history\.note' ],
	[ 'a privilege', 'GRANT EXECUTE ON PROCEDURE migrator.up TO PUBLIC', '-REVOKE ALL ON PROCEDURE migrator\.up' ],
	[ 'a privilege that is kept', 'REVOKE EXECUTE ON FUNCTION migrator.version() FROM PUBLIC', 'REVOKE ALL ON FUNCTION migrator\.version' ],
	[ 'a function', 'ALTER EXTENSION migrator DROP FUNCTION migrator.help(); DROP FUNCTION migrator.help()',
		'-member function migrator\.help\(\)' ],
	[ 'a function that is no member', 'CREATE FUNCTION migrator.own() RETURNS int LANGUAGE sql RETURN 1', 'CREATE FUNCTION migrator\.own' ],
	[ 'the nature of a function', 'ALTER FUNCTION migrator.version() STABLE SET search_path = public', q{SET search_path TO 'public'} ],
	[ 'the membership of a function', 'ALTER EXTENSION migrator DROP FUNCTION migrator.settings', '-member function migrator\.settings' ],
	[ 'a default of an argument', q{DO $$ DECLARE d text := pg_get_functiondef('migrator.unlock'::regproc);
		BEGIN EXECUTE replace(d, 'DEFAULT false', 'DEFAULT true'); END $$}, 'terminate boolean DEFAULT true' ],
	[ 'a table', 'CREATE TABLE migrator.more (i int)', 'CREATE TABLE migrator\.more' ],
	[ 'a column', 'ALTER TABLE migrator.history ADD COLUMN more int', 'shape column more of table migrator\.history' ],
	[ 'the order of columns', 'ALTER TABLE migrator.runs DROP COLUMN client_addr, ADD COLUMN client_addr inet',
		'[+]shape column client_addr of table migrator\.runs' ],
	[ 'the type of a column', 'ALTER TABLE migrator.history ALTER COLUMN line TYPE bigint', 'line bigint' ],
	[ 'a default', 'ALTER TABLE migrator.services ALTER COLUMN environment SET DEFAULT 1', q{environment text DEFAULT 1} ],
	[ 'NOT NULL', 'ALTER TABLE migrator.history ALTER COLUMN note SET NOT NULL', 'note text NOT NULL' ],
	[ 'a constraint', 'ALTER TABLE migrator.history ADD CONSTRAINT more CHECK (line > -1)', 'CONSTRAINT more' ],
	[ 'an index', 'CREATE INDEX more_lines ON migrator.history (line)', 'CREATE INDEX more_lines' ],
	[ 'a view', 'ALTER VIEW migrator.schema_migrations RESET (security_barrier)', q{CREATE VIEW migrator\.schema_migrations AS} ],
	[ 'a trigger', 'DROP TRIGGER owner_only ON migrator.history', 'TRIGGER owner_only BEFORE .* ON migrator\.history ' ],
	[ 'how a trigger fires', 'ALTER TABLE migrator.runs ENABLE TRIGGER owner_only', 'migrator\.runs ENABLE ALWAYS TRIGGER owner_only' ],
	[ 'a configuration table', q{SET allow_system_table_mods = on; UPDATE pg_extension SET extconfig = extconfig[2:],
		extcondition = extcondition[2:] WHERE extname = 'migrator'}, 'configuration migrator\.' ],
	[ 'the first privileges', q{SET allow_system_table_mods = on; DELETE FROM pg_init_privs
		WHERE objoid = 'migrator.up'::regproc}, 'first privileges function migrator\.up' ],
);
my $differences = differences($new, description(made_by(join(";\n", map { $_->[1] } @changes), $template)));
like($differences, qr/^(?=[-+]).*$_->[2]/m, "$_->[0]: the difference is seen") for @changes;

for my $update (@updates)
{
	my ($from, $to) = @$update;
	my $updated = made_by("CREATE EXTENSION migrator VERSION '$from'");

	$node->safe_psql($updated, "ALTER EXTENSION migrator UPDATE TO '$to'");
	is($node->safe_psql($updated, q{SELECT extversion FROM pg_extension WHERE extname = 'migrator'}), $to, "$from is updated to $to");
	is(differences(description(made_by("CREATE EXTENSION migrator VERSION '$to'")), description($updated)), '',
		"what was $from is what a new $to is");
}

# Each version can become the default one.
for my $version (@versions)
{
	next if $version eq $default;
	ok($node->safe_psql('postgres', qq{SELECT path IS NOT NULL FROM pg_extension_update_paths('migrator')
		WHERE source = '$version' AND target = '$default'}) eq 't', "$version can be updated to $default");
}

done_testing();
