package ClientTest;
# What the tests of programs in examples/ share: a server that they reach, and the languages that they are written in.
use strict;
use warnings;

use Exporter 'import';
use IPC::Run;
use MigratorTest ();
use PostgreSQL::Test::Cluster ();

our @EXPORT = qw(start_tcp_node run_program program_runs python_with node_with_pg java_with_driver go_program);

# A server for programs that know no sockets of the file system, such as those with JDBC: TCP, for role deploy with a
# password. Returns it and the password.
sub start_tcp_node
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	my $password = join('', map { sprintf '%04x', int rand 65536 } 1 .. 8);

	$node->init;
	$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\nfsync = off\n");
	unlink $node->data_dir . '/pg_hba.conf';
	$node->append_conf('pg_hba.conf', "local all all trust\nhost all deploy 127.0.0.1/32 scram-sha-256\n");
	$node->start;
	$node->safe_psql('postgres', "CREATE ROLE deploy LOGIN PASSWORD '$password'");
	return ($node, $password);
}

# run_program($environment, @command): its exit code, standard output and standard error.
sub run_program
{
	my ($environment, @command) = @_;
	my ($out, $err) = ('', '');

	# file names are UTF-8, and Java asks the locale
	local %ENV = (%ENV, LC_ALL => 'C.UTF-8', %$environment);
	my $done = eval { IPC::Run::run(\@command, '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($MigratorTest::net)); 1 };
	return ($done ? $? >> 8 : "hangs or is not there: $@", $out, $err);
}

sub program_runs
{
	my (@command) = @_;
	return (run_program({}, @command))[0] eq '0';
}

# The programs that tests of clients need, or nothing: python3 with a module; node; java with the driver.
sub python_with
{
	my ($module) = @_;
	my ($python) = grep { program_runs($_, '-c', "import $module") } 'python3', '/usr/bin/python3';

	return $python;
}

sub node_with_pg { return program_runs('node', '-e', 'require("pg")') ? 'node' : undef; }

# java alone runs a program of one source file only where a compiler is installed
sub java_with_driver
{
	my ($jar) = grep { -r $_ } $ENV{JDBC_JAR} || '/usr/share/java/postgresql.jar';

	return unless $jar && (run_program({}, 'java', '--list-modules'))[1] =~ /^jdk\.compiler/m;
	return ('java', '-cp', $jar);
}

# A Go program of one file, compiled with the packages that Debian has as sources; or nothing.
sub go_program
{
	my ($source, $import) = @_;
	my $packages = '/usr/share/gocode';
	my $program = PostgreSQL::Test::Utils::tempdir() . '/program';

	return unless -d "$packages/src/$import";
	my ($code, $out, $err) =
	  run_program({ GO111MODULE => 'off', GOPATH => $packages, GOPROXY => 'off', GOFLAGS => '', GOCACHE => PostgreSQL::Test::Utils::tempdir() },
		'go', 'build', '-o', $program, $source);
	return if $code eq '0' && !-x $program;
	die "$source: $out$err" if $code =~ /^[1-9]/;
	return $code eq '0' ? $program : undef;
}

1;
