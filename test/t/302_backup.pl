# examples/backup.sh and examples/recover.sh: a run that requires a backup gets one, and it can be restored.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $examples = "$FindBin::RealBin/../../examples";
my $db = q{odd "name's};
my $dir = source_dir({ '1_a.sql' => "CREATE TABLE a (t text); INSERT INTO a VALUES ('one')", '2_b.sql' => 'DROP TABLE a' });
my $backups = PostgreSQL::Test::Utils::tempdir() . "/it's here";
mkdir $backups or die "$backups: $!";

my $node = PostgreSQL::Test::Cluster->new('backup');
$node->init;
$node->start;
local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
local $ENV{PATH} = $node->config_data('--bindir') . ":$ENV{PATH}";
$node->safe_psql('postgres', 'CREATE DATABASE "odd ""name\'s"');
sub psql { my ($sql) = @_; return $node->safe_psql($db, $sql); }

sub glob_in { my ($place) = @_; opendir my $d, $place or die "$place: $!"; return sort grep { !/^\./ } readdir $d; }

# what a script prints, as what it exits with
sub script
{
	my ($name, @arguments) = @_;
	my ($out, $err) = ('', '');
	my $code = IPC::Run::run([ "$examples/$name", @arguments ], '<', \undef, '>', \$out, '2>', \$err) ? 0 : $? >> 8;
	return ($code, $out, $err);
}

$ENV{PGDATABASE} = $db;
psql("CREATE EXTENSION migrator; SELECT migrator.register('default', '$dir', options => '{\"backup_required\": true}')");
$node->safe_psql('postgres', 'CREATE ROLE backup LOGIN SUPERUSER; CREATE ROLE weak LOGIN');

# what fails records nothing
{
	my ($code, $out, $err) = script('backup.sh', "$backups/nowhere");
	is($code, 1, 'a directory that is not there');
	like($err, qr/is not a directory/, 'and says so');

	local $ENV{PGUSER} = 'weak';
	($code, $out, $err) = script('backup.sh', $backups);
	is($code, 1, 'a role that may not read what is dumped');
	like($err, qr/pg_dump: error: .*\n(?:.*\n)*backup\.sh: the backup of "odd "name's" failed/, 'and says so');
	is(join(' ', glob_in($backups)), '', 'nothing is left of it');
	($code, $out, $err) = script('recover.sh', 'restored');
	is($code, 1, 'a role that may not see the record');

	local $ENV{PGDATABASE} = 'nowhere';
	is((script('backup.sh', $backups))[0], 1, 'a database that is not there');
}
is(psql('SELECT count(*) FROM migrator.backups'), 0, 'nothing is on record');
{
	my ($code, $out, $err) = script('recover.sh', 'restored');
	is($code, 1, 'nothing to recover from');
	like($err, qr/no backup is on record/, 'and says so');
	is((script('recover.sh'))[0], 1, 'no name for what is recovered');
}
isnt($node->psql($db, 'CALL migrator.up()', stderr => \my $refused), 0, 'no run without a backup');
like($refused, qr/may not be migrated without a backup, and none is on record/, 'and says so');

# a dump, with its size
{
	local $ENV{PGUSER} = 'backup';
	my ($code, $out, $err) = script('backup.sh', $backups);
	is("$code $err", '0 ', 'a backup');
	like($out, qr/\Abackup of "odd "name's": \Q$backups\E\/backup_odd__name_s_\d{8}T\d{6}Z\.dump, \d+ bytes\n\z/, 'where it is');
}
my @files = glob_in($backups);
is(scalar @files, 1, 'one file');
is(psql(q{SELECT kind, label, location, size, service, taken_at < now(), recorded_by FROM migrator.backups}),
	"backup|$files[0]|$backups/$files[0]|" . (-s "$backups/$files[0]") . '||t|backup', 'is what the record says');
is(psql('SELECT version, outcome FROM migrator.apply(target => \'1\')'), '1|applied', 'a run');

# it was taken before migration 1; one of now has the table, and perhaps the same second in its name
unlink "$backups/$files[0]" or die "unlink: $!";
{
	local $ENV{PGUSER} = 'backup';
	is((script('backup.sh', $backups))[0], 0, 'a second backup');
}
psql(q{CALL migrator.up()});
is(psql(q{SELECT to_regclass('a') IS NULL}), 't', 'the table is gone');
{
	my $restored = q{it's "restored"};
	my ($code, $out, $err) = script('recover.sh', $restored);
	is("$code $err", '0 ', 'the latest is restored');
	like($out, qr/database "it's "restored"" is as /, 'and says so');
	is($node->safe_psql($restored, 'SELECT t FROM a'), 'one', 'the table is there');
	is($node->safe_psql($restored, "SELECT string_agg(version || ' ' || state, ', ' ORDER BY version) FROM migrator.status()"),
		'1 applied, 2 pending', 'so is the record');
	is($node->safe_psql($restored, q{SELECT count(*) FROM migrator.backups WHERE kind = 'backup'}), 1, 'and the backup before it');
	is($node->safe_psql($restored, "SELECT version, outcome FROM migrator.apply()"), '2|applied', 'a run goes on there');
	isnt((script('recover.sh', $restored))[0], 0, 'a database that is there already is left alone');
}
# of a file that is no backup
{
	append_to_file("$backups/broken", 'no dump');
	my ($code, $out, $err) = script('recover.sh', 'broken', "$backups/broken");
	is($code, 1, 'a broken file');
	like($err, qr/recover\.sh: the restore of .* failed/, 'and says so');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_database WHERE datname = 'broken'}), 0, 'nothing is left of it');
	is((script('recover.sh', 'other', "$backups/nothing"))[0], 1, 'a file that is not there');
}
$node->stop;
done_testing();
