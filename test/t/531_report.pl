# report(): as its users save it, in databases of all encodings, of much, on a standby, and in a browser.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('report');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\n");
$primary->start;
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('report_standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

my $psql = $primary->installed_command('psql');

# As a user saves it: the bytes of the file.
sub saved
{
	my ($node, $db, %o) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/report.html';
	my $err = '';

	local $ENV{PGCLIENTENCODING} = $o{encoding} if $o{encoding};
	(my $name = $db) =~ s/(['\\])/\\$1/g;
	my $conninfo = sprintf "host='%s' port=%d dbname='%s'", $node->host, $node->port, $name;
	IPC::Run::run([ $psql, '-XAtc', 'SELECT migrator.report()', '-d', $conninfo ], '>', $file, '2>', \$err, IPC::Run::timeout($MigratorTest::net))
		or diag($err);
	return wantarray ? (slurp_file($file), $file) : slurp_file($file);
}

# Is it XML, as the server's parser has it? The one of a server that has none says nothing.
sub is_xml
{
	my ($page, $name) = @_;

	SKIP:
	{
		my $has_xml = $primary->psql('postgres', q{SELECT xmlparse(DOCUMENT '<a/>')}) == 0;
		skip 'this server is built without libxml', 1 unless $has_xml;
		my $file = PostgreSQL::Test::Utils::tempdir() . '/page';
		append_to_file($file, $page);
		chmod 0644, $file;
		is( $primary->safe_psql('postgres', "SELECT (xpath('local-name(/*)', xmlparse(DOCUMENT pg_read_file('$file'))))[1]"),
			'html', "$name: it is XML");
	}
	like($page, qr/\A[\n -~]*\z/, "$name: it is ASCII");
	return;
}

my $evil = q{<script>document.title = "broken in"</script>};
my %files = (
	'000001_users.up.sql' => 'CREATE TABLE users ()', '000002_orders.up.sql' => 'CREATE TABLE orders ()',
	"000003_<td><img src=x onerror=\"document.title='broken in'\">.up.sql" => "SELECT '</title></style>$evil'::int",
	"000004_\xc3\xa4.up.sql" => 'SELECT 1', '000005_last.up.sql' => 'SELECT 1',
	'dependencies.json' => '{"migrations": {"000002": {"depends_on": ["000001"]}, "000005": {"depends_on": ["000001", "000002", "000004"]}}}');
my $dir = source_dir(\%files);
my $db = q{a <b>"&'x};
(my $quoted = $db) =~ s/"/""/g;
$primary->safe_psql('postgres', qq{CREATE DATABASE "$quoted"});
my $conninfo = sprintf "host='%s' port=%d dbname='%s'", $primary->host, $primary->port, $db =~ s/'/\\'/gr;
my ($out, $err);
IPC::Run::run([ $psql, '-Xq', '-d', $conninfo, '-c', 'CREATE EXTENSION migrator', '-c', "SELECT migrator.register('shop', '$dir')",
		'-c', "SELECT migrator.apply(service => 'shop', target => '2')", '-c', "CALL migrator.up(service => 'shop')" ],
	'<', \undef, '>', \$out, '2>', \$err);
like($err, qr/invalid input syntax for type integer/, 'a run fails');

my ($page, $file) = saved($primary, $db);
like($page, qr/<h1>Migrations of a &#60;b&#62;&#34;&#38;&#39;x<\/h1>/, 'the name of the database is text');
like($page, qr/&#228;/, 'other letters are numbers');
is_xml($page, 'UTF8');

# The bytes do not depend on the client's encoding: nothing but the time differs.
my $still = sub { return $_[0] =~ s/<dt>at<\/dt><dd>.*?<\/dd>//r };
for my $encoding ('LATIN1', 'WIN1252', 'SJIS', 'EUC_JP', 'SQL_ASCII')
{
	is($still->(scalar saved($primary, $db, encoding => $encoding)), $still->($page), "the same for a client of $encoding");
}

# Databases of other encodings, what is of none among it.
for ([ 'LATIN1', 'ISO', "\xe4" ], [ 'EUC_JIS_2004', 'JIS', "\xa4\xa2" ], [ 'SQL_ASCII', 'ASCII', "\xff" ])
{
	my ($encoding, $short, $bytes) = @$_;
	my $name = lc "db_$encoding";
	$primary->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE template0 ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C'");
	my $source = source_dir({ '1_a.sql' => 'SELECT 1' });
	$primary->safe_psql($name, "SET client_encoding = '$encoding'; CREATE EXTENSION migrator; SELECT migrator.register('a', '$source');
		SELECT migrator.apply(service => 'a'); SELECT migrator.resolve('1', 'rolled_back', 'a', note => '>$bytes<')");
	my $page = saved($primary, $name);
	is_xml($page, $encoding);
	like($page, { LATIN1 => qr/&#62;&#228;&#60;/, EUC_JIS_2004 => qr/&#62;&#12354;&#60;/, SQL_ASCII => qr/&#62;\?&#60;/ }->{$encoding},
		"$encoding: its letters");
}

# A standby.
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('write'));
my $there = saved($standby, $db);
is_xml($there, 'standby');
like($there, qr/, standby<\/dd>/, 'it says that it is one');
like($there, qr/1 failed/, 'and has what the primary has');

# Secret values are nowhere.
my $secrets = source_dir({ '1_a.sql' => "-- migrator: variables\nSELECT :'password'::int" });
$primary->safe_psql('postgres', "CREATE EXTENSION migrator;
	SELECT migrator.register('s', '$secrets', options => '{\"variables\": {\"password\": \"hunter2\"}}')");
$primary->psql('postgres', q{CALL migrator.up(service => 's')});
my $told = saved($primary, 'postgres');
like($told, qr/invalid input syntax/, 'the error is told');
unlike($told, qr/hunter2/, 'and no value of a variable');

# Much of everything, and a page that can be read all the same.
$primary->safe_psql('postgres', q{DROP EXTENSION migrator CASCADE; CREATE EXTENSION migrator});
my %many = map { (sprintf('%05d_m.up.sql', $_) => 'SELECT 1') } 1 .. 10_000;
$many{'dependencies.json'} = '{"migrations": {' .
	join(',', map { sprintf '"%05d": {"depends_on": ["%05d"]}', $_, $_ < 9000 ? $_ - 1 : int($_ / 2) } 2 .. 10_000) . '}}';
my $many = source_dir(\%many);
$primary->safe_psql('postgres', qq{
	SELECT migrator.register('many', '$many');
	INSERT INTO migrator.migrations (service, version, name, file, layout, state, applied_at, execution_time_ms)
	  SELECT 'many', lpad(i::text, 5, '0'), 'm', lpad(i::text, 5, '0') || '_m.up.sql', 'golang-migrate', 'applied', now(), i
	    FROM generate_series(1, 9000) i;
	INSERT INTO migrator.history (service, version, event) SELECT 'many', lpad((i % 9000)::text, 5, '0'), 'applied' FROM generate_series(1, 100000) i;
	INSERT INTO migrator.runs (kind, service, started_at, finished_at, outcome, applied, failed, duration_ms)
	  SELECT 'up', 'many', now(), now(), 'applied', 1, 0, i FROM generate_series(1, 20000) i;
});
my ($big, $big_file) = saved($primary, 'postgres');
is_xml($big, 'much');
cmp_ok(length $big, '<', 500_000, 'much: what can be read');
like($big, qr/The latest 60 of 100,001 events/, 'much: history');
like($big, qr/The latest 115 of 20,000 runs/, 'much: runs');
like($big, qr/9,800 more are left out: <code>migrator.dependency_graph\(\)/, 'much: dependencies');
like($big, qr/800 more are left out: <code>migrator.status\(\)/, 'much: pending');

# In a browser: nothing runs, nothing is fetched, the text is what it was.
my ($browser) = grep { -x } map { my $path = $_; map { "$path/$_" } qw(chromium chromium-browser google-chrome) } split /:/, $ENV{PATH};
SKIP:
{
	skip 'no Chromium here (Debian: chromium)', 8 unless $browser;

	my $profile = PostgreSQL::Test::Utils::tempdir();
	my @headless = ($browser, qw(--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --no-first-run), "--user-data-dir=$profile");
	local $ENV{HOME} = $profile;

	# whatever else it complains of, on machines without a bus
	my $run = sub {
		my ($out, $err) = ('', '');
		IPC::Run::run([ @headless, @_ ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($MigratorTest::net)) or diag($err);
		return ($out, $err);
	};
	my ($dom, $log) = $run->('--dump-dom', '--enable-logging=stderr', "file://$file");
	like($dom, qr/<title>Migrations of a &lt;b&gt;"&amp;'x<\/title>/, 'browser: the title is what it was');
	unlike($dom, qr/<(?:script|img)/, 'browser: no name became an element');
	like($dom, qr/&lt;script&gt;document.title = "broken in"&lt;\/script&gt;/, 'browser: it is text');
	is(scalar(() = $dom =~ /<svg /g), 2, 'browser: both drawings are there');
	is(scalar(() = $dom =~ /<g class="node /g), 4, 'browser: four migrations in the second');
	unlike($log, qr/CONSOLE/, 'browser: nothing to complain of');

	# shots of it, for who wants to look
	my @shots = ([ light => 1280 ], [ dark => 1280, '--blink-settings=preferredColorScheme=0' ], [ narrow => 500 ]);
	my %size;
	for (@shots)
	{
		my ($name, $width, @more) = @$_;
		my $shot = "$PostgreSQL::Test::Utils::log_path/report_$name.png";
		$run->(@more, "--window-size=$width,2400", "--screenshot=$shot", "file://$file");
		$size{$name} = -s $shot // 0;
	}
	ok($size{light} > 20_000 && $size{narrow} > 20_000, 'browser: a picture');
	isnt($size{light}, $size{dark}, 'browser: another one in the dark');
}
$standby->stop;
$primary->stop;
done_testing();
