# Scripts run by psql -f and by up(), and what comes of both compared.
package PsqlScripts;

use strict;
use warnings;

use Cwd;
use Exporter 'import';
use IPC::Run;
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(start_for_scripts scripts_of compare_scripts);

my $directive = "-- migrator: psql\n";

# A server with the databases by_psql and by_up.
sub start_for_scripts
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	# psql takes its encoding from the database
	$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
	$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nlog_min_messages = fatal\n");
	$node->start;
	$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(by_psql by_up);
	$node->safe_psql('by_up', 'CREATE EXTENSION migrator');
	return $node;
}

# The scripts of a text that has them behind lines "=== NAME: EXPECTED PATTERN", and files of theirs behind "--- PATH". One is what is
# expected of it, a pattern for what migrator says when it refuses, and its files. The first is the migration.
sub scripts_of
{
	my ($text) = @_;
	my @scripts;

	for my $entry (split /^=== /m, $text =~ s/\A.*?(?=^=== )//msr)
	{
		next if $entry eq '';
		my ($head, $body) = split /\n/, $entry, 2;
		my ($name, $expected, $pattern) = $head =~ /^([\w ,-]+): (same|both|ours|theirs) ?(.*)$/ or die $head;
		my ($script, @files) = split /^--- (.*)\n/m, $body;
		push @scripts, [ $name, $expected, $pattern, { '1_a.sql' => $directive . $script, @files } ];
	}
	return @scripts;
}

# Exit code, lines of output that a script's messages made (a tilde is of stdout, a plus of stderr), all that was said.
sub run_client
{
	my ($schema, $dir, @command) = @_;
	my $before = getcwd();
	my ($out, $err) = ('', '');

	local $ENV{PGOPTIONS} = "-c search_path=$schema";
	chdir $dir or die "$dir: $!";
	my $done = IPC::Run::run(\@command, '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($MigratorTest::net));
	chdir $before or die "$before: $!";
	my $all = "$out\n$err";
	my @said = map { [ $all =~ /^(?:(?:psql:\S+ )?NOTICE:  )?(\Q$_\E.*)$/mg ] } '~', '+';
	return ($done ? 0 : 1, join("\n", map { @$_ } @said), $all);
}

# A dump, schema by schema.
sub parts_of_dump
{
	my ($node, $database) = @_;
	my ($out, $err) = run_command([ $node->installed_command('pg_dump'), '-d', $node->connstr($database), '--no-owner' ]);
	$out =~ s/^(?:\\(?:un)?restrict|-- PostgreSQL database dump).*$//mg;
	my %parts;

	for my $entry (split /^--\n-- (?=(?:Data for )?Name: )/m, $out)
	{
		$parts{$1} .= $entry if $entry =~ /\A[^\n]*; Schema: (s\d+);/;
	}
	return map { $_ => $parts{$_} =~ s/\b\Q$database\E\b/DATABASE/gr } keys %parts;
}

# Same: psql runs it and up() too, with the same objects, rows and messages. Both: both refuse. Ours: up() refuses, and says so.
# Theirs: psql refuses. empty: so many of the same may leave nothing.
sub compare_scripts
{
	my ($node, $empty, @scripts) = @_;
	my $psql = $node->installed_command('psql');
	my %refused = (same => '', both => 'psql, up', ours => 'up', theirs => 'psql');
	my %schemas;

	die 'no scripts' unless @scripts;
	for my $script (@scripts)
	{
		my ($name, $expected, $pattern, $files) = @$script;
		my $schema = sprintf 's%03d', 1 + keys %schemas;
		my $dir = source_dir($files);

		$schemas{$schema} = $script;
		$node->safe_psql($_, "CREATE SCHEMA $schema") for qw(by_psql by_up);
		my ($up_code, $up_said, $up_all) = run_client($schema, $dir, $psql, '-XAtq', '-d', $node->connstr('by_up'), '-c',
			"CALL migrator.up('$dir', '$schema', options => '{\"ignore\": [\"parts/*\"]}')");
		# by way of env, for this one is to read the directory itself, also where tests are run with staged files
		my ($psql_code, $psql_said, $psql_all) = run_client($schema, $dir, 'env', $psql, '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('by_psql'),
			'-f', '1_a.sql');

		is($psql_code, $refused{$expected} =~ /psql/ ? 1 : 0, "$name: psql " . ($refused{$expected} =~ /psql/ ? 'refuses' : 'runs it')) or diag($psql_all);
		if ($refused{$expected} !~ /up/)
		{
			is($up_code, 0, "$name: up() runs it") or diag($up_all);
			is($up_said, $psql_said, "$name: the same is said") if $expected eq 'same';
		}
		else
		{
			is($up_code, 1, "$name: up() refuses it") or diag($up_all);
			like($up_all, qr/ERROR:  .*$pattern/, "$name: and says why");
		}
	}

	my (%by_psql, %by_up);
	%by_psql = parts_of_dump($node, 'by_psql');
	%by_up = parts_of_dump($node, 'by_up');
	for my $schema (sort keys %schemas)
	{
		my ($name, $expected) = @{ $schemas{$schema} };
		next if $expected eq 'theirs';
		is($by_up{$schema} // '', $expected eq 'same' ? $by_psql{$schema} // '' : '', "$name: " . ($expected eq 'same' ? 'the same is there' : 'nothing is there'));
	}
	cmp_ok(scalar(grep { $_->[1] eq 'same' } values %schemas), '<=', $empty + keys %by_psql, 'nearly all of them leave something in the dump');
	return;
}

1;
