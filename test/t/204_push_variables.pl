# migrator-push --variables-from: values reach the scripts, and are in no argument of a program.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'migrator-push stages by itself' if $ENV{MIGRATOR_STAGED};

my $node = PostgreSQL::Test::Cluster->new('push_variables');
$node->init;
$node->append_conf('postgresql.conf', "log_statement = all\nfsync = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator; CREATE TABLE kept (name text)');

my $push = $node->config_data('--bindir') . '/migrator-push';
my $psql = $node->config_data('--bindir') . '/psql';
my @to = ('-h', $node->host, '-p', $node->port, '-d', 'postgres');
my ($version) = (PostgreSQL::Test::Utils::run_command([ $psql, '--version' ]))[0] =~ /\) (\d+)/;

# a psql that writes down what it is called with
my $bin = source_dir({ 'psql' => qq{#!/bin/sh\nprintf '%s\\n' "\$@" >>"\$0.arguments"\nenv >>"\$0.arguments"\nexec "$psql" "\$@"\n} });
chmod 0755, "$bin/psql" or die $!;
delete @ENV{ grep { /^PG(?!_)/ } keys %ENV };
$ENV{PATH} = "$bin:$ENV{PATH}";
$ENV{hex} = 'exported by somebody';

my $secret = q{hunter2's "own" \\ 'word'} . "\n\xc3\xa4";
(my $json = $secret) =~ s/(["\\])/\\$1/g;
$json =~ s/\n/\\n/g;
my $dir = source_dir({ '1_a.sql' => "-- migrator: variables\nINSERT INTO kept VALUES (:'secret');\n" });
my $bad = source_dir({ '1_a.sql' => "-- migrator: variables\nSELECT :'secret'::integer;\n" });
my $files = source_dir({ 'v.json' => qq({"secret": "$json"}\n),
		'broken.json' => qq({"secret": "hunter2\n), 'array.json' => '["hunter2"]', 'empty.json' => '' });

sub run_push
{
	my ($input, @arguments) = @_;
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ $push, @arguments ], '<', \$input, '>', \$out, '2>', \$err, IPC::Run::timeout($MigratorTest::net));

	$run->finish;
	return ($run->result(0), $out, $err);
}

my $from = -s $node->logfile;
my ($code, $out, $err) = run_push('', @to, '--up', "--variables-from=$files/v.json", $dir);
is($code, 0, 'from a file') or diag($err);
is($node->safe_psql('postgres', 'SELECT encode(convert_to(name, \'UTF8\'), \'hex\') FROM kept'), unpack('H*', $secret), 'the value is what it was');
is($err =~ /cannot bind/ ? 1 : 0, $version < 16 ? 1 : 0, "psql $version: what is said of binding");
unlike(slurp_file("$bin/psql.arguments"), qr/hunter2|68756e746572/, 'no argument and no environment variable has it');
unlike("$out$err", qr/hunter2/, 'nor what is printed');

# a failure puts the CALL into the log
$node->safe_psql('postgres', 'TRUNCATE kept');
($code, $out, $err) = run_push(qq({"secret": "$json"}), @to, '--up', '--service=bad', '--variables-from', '-', $bad);
is($code, 3, 'from standard input; the migration fails');
like($err, qr/invalid input syntax for type integer: ":secret"/, 'the value is not shown');
unlike("$out$err", qr/hunter2/, 'nor in what else is printed');
my $log = substr(slurp_file($node->logfile), $from);
SKIP:
{
	skip "psql $version cannot bind", 1 if $version < 16;
	unlike($log =~ s/^\S+ \S+ \S+ \[\d+\] \S+ DETAIL:  [Pp]arameters: .*\n//mgr, qr/hunter2/, 'no statement in the log has the value');
}

# each part between two hooks has them
write_files($dir, { '2_b.sql' => "-- migrator: variables\nINSERT INTO kept VALUES (:'secret');\n",
		'pre_migrate_2.sh' => "#!/bin/sh\n", 'pre_migrate.sh' => "#!/bin/sh\n" });
chmod 0755, "$dir/pre_migrate_2.sh", "$dir/pre_migrate.sh";
($code, $out, $err) = run_push(qq({"secret": "$json"}), @to, '--hooks', '--service=hooks', '--variables-from', '-', $dir);
is($code, 0, 'with hooks') or diag($err);
is($node->safe_psql('postgres', 'SELECT count(*) FROM kept'), 2, 'both parts ran');
unlike(slurp_file("$bin/psql.arguments"), qr/hunter2|68756e746572/, 'no argument and no environment variable has it then');
unlink "$dir/pre_migrate_2.sh", "$dir/pre_migrate.sh";

# what is no such file
for my $case (
	[ "$files/broken.json", 3, qr/no JSON object/ ], [ "$files/array.json", 3, qr/no JSON object/ ],
	[ "$files/empty.json", 3, qr/no JSON object/ ], [ "$files/gone.json", 2, qr/cannot be read/ ])
{
	($code, $out, $err) = run_push('', @to, '--up', '--service=other', "--variables-from=$case->[0]", $dir, 'other');
	(my $name = $case->[0]) =~ s,.*/,,;
	is($code, $case->[1], "$name: exit status");
	like($err, $case->[2], "$name: the complaint");
	unlike($err, qr/hunter2/, "$name: without what is in it");
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM migrator.staged WHERE name = 'other'}), 0, 'nothing is staged then');
is((run_push('', @to, "--variables-from=$files/v.json", $dir))[0], 2, 'without --up');
is((run_push('', @to, '--up', '--variables-from=', $dir))[0], 2, 'without a file');

$node->stop;
done_testing();
