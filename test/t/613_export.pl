# export() names the encoding that its text has: from a database of one encoding into one of another, by clients of any,
# names of files and scripts stay what they are. adopt() in a database of another encoding than UTF-8: the locks of tools that make their
# numbers of names.
use strict;
use warnings;

use Compress::Raw::Zlib qw(crc32);
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

# an encoding of clients that has a backslash for the sign of the yen: what it makes of a name ends no literal
for my $client ('SJIS', 'SHIFT_JIS_2004', 'UTF8')
{
	my $database = 'from_utf8';
	my $file = encode('UTF-8', "2_\\\xa5' \xa5echo owned \xa5\xa5 --\x{8868}");
	my $source = source_dir({ "$file.up.sql" => 'SELECT 2;' });
	my $sql = PostgreSQL::Test::Utils::tempdir() . '/yen.sql';
	my ($out, $err);

	run_command([ $psql, '-Xq', '-d', $node->connstr($database), '-c', "CALL migrator.up('$source', 'yen')" ]);
	my $wanted = record_of($database, 'UTF8');
	like($wanted, qr/^yen\|2\|\Q@{[substr($file, 2)]}\E\|/m, "$client: the record");
	{
		local $ENV{PGCLIENTENCODING} = $client;
		run_command([ $psql, '-XAt', '-o', $sql, '-c', 'SELECT migrator.export()', '-d', $node->connstr($database) ]);
	}
	create('target', 'UTF8');
	($out, $err) = run_command([ $psql, '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $sql, '-d', $node->connstr('target') ]);
	is($err, '', '... is loaded');
	is(record_of('target', 'UTF8'), $wanted, '... and it is the same');
	unlike($out, qr/^owned/m, '... and nothing else was run');
	$node->safe_psql('postgres', 'DROP DATABASE target');
}

# the tools get the names as UTF-8, whatever the database has
sub takes_lock
{
	my ($database, $tool, $table, $lock) = @_;
	my $source = source_dir({ '1_a.up.sql' => 'SELECT 1;' });
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	my ($out, $err) = run_command([ $psql, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-c', "BEGIN; $table",
		'-c', qq{SELECT count(*) FROM migrator.adopt('$source', tool => '$tool', options => '{"force": true}', dry_run => true)},
		'-c', q{SELECT classid::bigint << 32 | objid::bigint FROM pg_locks
			WHERE locktype = 'advisory' AND objsubid = 1 AND pid = pg_backend_pid()} ]);
	is($err, '', "$tool in $database: it is adopted");
	like("\n$out\n", qr/\n\Q$lock\E\n/, '... under its lock');
}

for my $of ([ 'LATIN1', 'latin1' ], [ 'UTF8', 'utf8' ], [ 'SQL_ASCII', 'latin1' ])
{
	my ($encoding, $bytes) = @$of;
	my $as_is = $encoding eq 'SQL_ASCII';
	my $database = encode($bytes, $name);
	my $schema = $as_is ? 's' : "sch\x{f6}n";
	my $seen = encode($as_is ? 'latin1' : 'UTF-8', $name);
	my $golang = crc32(join("\0", encode('UTF-8', $schema), 'schema_migrations', $seen));

	# names of databases are bytes of the database that made them
	run_command([ $psql, '-Xq', '-d', $node->connstr(database("from_$encoding")), '-c', "SET client_encoding = '$encoding'",
		'-c', "CREATE DATABASE $database ENCODING '$encoding' LOCALE 'C' TEMPLATE template0" ]);
	$node->safe_psql($database, 'CREATE EXTENSION migrator');
	takes_lock($database, 'sqlx', 'CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL,
			installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL)',
		0x3d32ad9e * crc32($seen));
	takes_lock($database, 'rails', 'CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY);
			CREATE TABLE ar_internal_metadata (key varchar PRIMARY KEY, value varchar)',
		2053462845 * crc32($seen));
	takes_lock($database, 'golang-migrate', encode('UTF-8', "CREATE SCHEMA $schema;
			CREATE TABLE $schema.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)"),
		($golang * 1486364155) & 0xffffffff);
	run_command([ $psql, '-Xq', '-d', $node->connstr(database("from_$encoding")), '-c', "SET client_encoding = '$encoding'",
		'-c', "DROP DATABASE $database" ]);
}
$node->stop;
done_testing();
