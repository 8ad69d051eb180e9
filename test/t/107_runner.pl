# The block of the README that makes a runner from nothing, pasted as it stands; the role migrates, and no more than that.
# And what it is told where a right is missing.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# The indented lines of a text that begin so.
sub block
{
	my ($file, $first) = @_;
	my $text = PostgreSQL::Test::Utils::slurp_file("$FindBin::RealBin/../../$file");
	my ($block) = $text =~ /^( {4}\Q$first\E[^\n]*\n(?: {4}[^\n]*\n)*)/m or die "no such block in $file";

	return $block;
}

my $node = PostgreSQL::Test::Cluster->new('runner');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE shop');

# from nothing: role, grants, schema, roots
my $runner = block('README.md', '-- runner');
my ($code, $out, $err) = $node->psql('shop', $runner, on_error_stop => 1);
is($code, 0, "the README's block runs") or diag($err);
is($err, '', 'and says nothing');
is(block('docs/security.md', '-- runner'), $runner, 'docs/security.md has the same');

# as the role that it made
sub as_runner
{
	my ($statement) = @_;
	my ($code, $out, $err) = $node->psql('shop', $statement, extra_params => [ '-U', 'app_runner', '-v', 'VERBOSITY=verbose' ]);

	return ($code, $out, $err);
}

my $dir = source_dir({ '1_a.sql' => "CREATE TABLE a (i int);\n", '2_b.sql' => "CREATE INDEX CONCURRENTLY a_i ON a (i);\n" });
($code, $out, $err) = as_runner("CALL migrator.up('$dir')");
like($err, qr/ERROR:  42501: permission denied for directory/, 'a directory that is not below the root');
like($err, qr/HINT: .*migrator\.help\(\) shows what makes a runner/, 'the hint says where to look');

# the directory of the block is /srv/app; ours lies elsewhere
$node->safe_psql('shop', "ALTER ROLE app_runner SET migrator.source_roots = '$dir'");
($code, $out, $err) = as_runner("CALL migrator.up('$dir')");
like($err, qr/completed successfully\. Applied: 2, Failed: 0, Total: 2/, 'the runner migrates a directory');
is($node->safe_psql('shop', q{SELECT relname, relowner::regrole FROM pg_class WHERE relnamespace = 'app'::regnamespace ORDER BY 1}),
	"a|app_runner\na_i|app_runner", 'in its schema');
($code, $out, $err) =
	as_runner("SELECT count(*) FROM migrator.status('$dir'); SELECT migrator.is_current('$dir'); SELECT count(*) FROM migrator.pending('$dir');"
	. " SELECT migrator.summary('$dir') ->> 'applied'; SELECT count(*) > 0 FROM migrator.validate('$dir'); SELECT count(*) > 0 FROM " .
		"migrator.settings(); SELECT migrator.assert_current('$dir');"
	. " SELECT count(*) FROM migrator.apply('$dir')");
is($out, "2\nt\n0\n2\nt\nt\n\n0", 'it looks at it');

# files that it sends
my $archive = "$PostgreSQL::Test::Utils::tmp_check/runner.tar";
write_files($dir, { '3_c.sql' => "CREATE TABLE c (i int);\n" });
is(system('tar', '-C', $dir, '-cf', $archive, '.'), 0, 'tar');
my $hex = unpack('H*', PostgreSQL::Test::Utils::slurp_file($archive));
($code, $out, $err) = as_runner("SELECT migrator.stage_archive('default', '\\x$hex'::bytea)");
is($code, 0, 'it stages an archive') or diag($err);
($code, $out, $err) = as_runner(q{CALL migrator.up('stage:default')});
like($err, qr/completed successfully\. Applied: 1, Failed: 0, Total: 3/, 'and migrates what it sent');

# what it cannot do
for my $statement (q{SELECT migrator.resolve('1', 'pending')}, q{SELECT migrator.unlock()}, q{SELECT migrator.register('x', '/srv/app')},
	q{TABLE migrator.migrations}, q{SELECT migrator.version(); SET migrator.source_roots = '/'})
{
	($code, $out, $err) = as_runner($statement);
	like($err, qr/ERROR:  42501:/, "refused: $statement");
}
write_files($dir, { '4_d.sql' => "CREATE TABLE public.d (i int);\n" });
($code, $out, $err) = as_runner("CALL migrator.up('$dir')");
like($err, qr/ERROR:  42501: permission denied for schema public/, 'a script outside of its schema');
like($err, qr/HINT:  The script runs with your rights: migrator\.help\(\)/, 'the hint says where to look');

# the two other roles
for my $first ('-- reader', '-- administrator')
{
	($code, $out, $err) = $node->psql('shop', block('README.md', $first), on_error_stop => 1);
	is("$code$err", '0', "the README's block: $first");
}
is($node->safe_psql('shop', 'SET ROLE app_reader; SELECT count(*) FROM migrator.migrations'), 4, 'the reader reads');
is($node->safe_psql('shop', "SET ROLE app_admin; SELECT migrator.resolve('4', 'applied')"), '', 'the administrator settles');

# the roles of a service whose policy asks for approvals, windows and backups
for my $first ('-- approver', '-- backup')
{
	($code, $out, $err) = $node->psql('shop', block('docs/policy.md', $first), on_error_stop => 1);
	is("$code$err", '0', "the block of docs/policy.md: $first");
}
$node->safe_psql('shop', qq{ALTER ROLE app_approver SET migrator.source_roots = '$dir';
	SELECT migrator.register('default', '$dir', options =>
		'{"require_approval": true, "maintenance_window_required": true, "backup_required": true}')});
write_files($dir, { '5_e.sql' => "CREATE TABLE e (i int);\n" });
($code, $out, $err) = as_runner('CALL migrator.up()');
like($err, qr/ERROR:  MG006:/, 'the runner needs an approval');
for my $statement (q{SELECT migrator.approve('5')}, q{SELECT migrator.add_maintenance_window('00:00', '24:00')}, q{SELECT migrator.record_backup('b')},
	q{TABLE migrator.approvals})
{
	($code, $out, $err) = as_runner($statement);
	like($err, qr/ERROR:  42501:/, "refused: $statement");
}
my @as_approver = (extra_params => [ psql_as('app_approver') ]);
my @as_backup = (extra_params => [ psql_as('app_backup') ]);
$node->safe_psql('shop', q{SELECT migrator.approve('5'); SELECT migrator.add_maintenance_window('00:00', '24:00')}, @as_approver);
isnt($node->psql('shop', q{SELECT migrator.approve('5')}, @as_backup, stderr => \$err), 0, 'who backs up approves nothing');
isnt($node->psql('shop', q{SELECT migrator.record_backup('b')}, @as_approver, stderr => \$err), 0, 'who approves backs nothing up');
($code, $out, $err) = as_runner('CALL migrator.up()');
like($err, qr/ERROR:  MG008:/, 'the runner needs a backup');
$node->safe_psql('shop', q{SELECT migrator.record_backup('b')}, @as_backup);
($code, $out, $err) = as_runner('CALL migrator.up()');
like($err, qr/completed successfully\. Applied: 1, Failed: 0/, 'the runner migrates');
is($node->safe_psql('shop', 'SELECT version, approved_by, run_id IS NOT NULL FROM migrator.approvals', @as_approver),
	'5|app_approver|t', 'the approver sees what became of it');

$node->stop;
done_testing();
