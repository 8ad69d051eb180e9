# export() names the encoding that its text has: from a database of one encoding into one of another, by clients of any,
# names of files and scripts stay what they are.
use strict;
use warnings;

use Encode;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('export');
$node->init(extra => [ '-U', 'postgres', '-E', 'UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nclient_min_messages = error\n");
$node->start;
$ENV{PGUSER} = 'postgres';
delete @ENV{qw(PGOPTIONS PGCLIENTENCODING)};
my $psql = $node->installed_command('psql');

my $name = "caf\xe9";    # a name, as Perl has it
my $record = q{SELECT string_agg(concat_ws('|', service, version, name, file, state, down_script), E'\n' ORDER BY service, version)
	FROM migrator.migrations};

sub database { my ($of) = @_; (my $d = lc $of) =~ s/\W/_/g; return $d; }

sub create
{
	my ($database, $encoding) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $database ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($database, 'CREATE EXTENSION migrator');
}

# the record as bytes of UTF-8, whatever the database has; of SQL_ASCII as it is there
sub record_of
{
	my ($database, $encoding) = @_;
	local $ENV{PGCLIENTENCODING} = $encoding eq 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8';
	return (run_command([ $psql, '-XAt', '-c', $record, '-d', $node->connstr($database) ]))[0];
}

# names of files are bytes, which the database's encoding reads
for my $from ([ 'LATIN1', 'latin1', 'UTF8', 'LATIN1', 'SQL_ASCII' ],
	[ 'UTF8', 'utf8', 'UTF8', 'LATIN1', 'SQL_ASCII' ], [ 'SQL_ASCII', 'utf8', 'SQL_ASCII', 'UTF8' ])
{
	my ($encoding, $bytes, @clients) = @$from;
	my $database = database("from_$encoding");
	my $file = encode($bytes, $name);
	my $utf8 = encode('UTF-8', $name);
	my $source = source_dir({ "1_$file.up.sql" => "SELECT '$utf8';\n", "1_$file.down.sql" => "SELECT '$utf8';\n" });
	my ($out, $err);

	create($database, $encoding);
	{
		local $ENV{PGCLIENTENCODING} = $encoding eq 'SQL_ASCII' ? 'SQL_ASCII' : 'UTF8';
		($out, $err) = run_command([ $psql, '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database),
			'-c', "CALL migrator.up('$source')" ]);
		is($err, '', "$encoding: it runs");
	}
	my $wanted = record_of($database, $encoding);
	like($wanted, qr/^default\|1\|$utf8\|1_$utf8\.up\.sql\|applied\|SELECT '$utf8';$/, "$encoding: the record");
	for my $client (@clients)
	{
		my $sql = PostgreSQL::Test::Utils::tempdir() . '/record.sql';
		{
			local $ENV{PGCLIENTENCODING} = $client;
			run_command([ $psql, '-XAt', '-o', $sql, '-c', 'SELECT migrator.export()', '-d', $node->connstr($database) ]);
		}
		for my $to ('UTF8', 'LATIN1', 'SQL_ASCII')
		{
			# bytes without a meaning get one that the other database gives them
			next if $encoding eq 'SQL_ASCII' && $to eq 'LATIN1';
			create('target', $to);
			local $ENV{PGCLIENTENCODING} = $client eq 'UTF8' ? 'LATIN1' : 'UTF8';
			($out, $err) = run_command([ $psql, '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $sql, '-d', $node->connstr('target') ]);
			is($err, '', "$encoding to $to: exported by $client, loaded");
			# what has no encoding has the bytes of the file
			my $as_latin1 = $client eq 'LATIN1' || ($client eq 'SQL_ASCII' && $encoding eq 'LATIN1');
			is(record_of('target', $to), $to eq 'SQL_ASCII' && $as_latin1 ? encode('latin1', decode('UTF-8', $wanted)) : $wanted,
				'... and it is the same');
			$node->safe_psql('postgres', 'DROP DATABASE target');
		}
	}
}
$node->stop;
done_testing();
