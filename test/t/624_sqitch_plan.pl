# Plans of sqitch, as the real sqitch reads them and as we do: order, names, what is required, and the ids; and what it refuses, we
# refuse, with the line. "sqitch deploy --log-only" writes a registry without running anything, which adopt() then compares.
use strict;
use warnings;
use utf8;

use Cwd;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'sqitch is not installed' unless grep { -x "$_/sqitch" } split /:/, $ENV{PATH};

my $node = PostgreSQL::Test::Cluster->new('sqitch');
$node->init(extra => [ '-U', 'postgres' ]);
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\nautovacuum = off\nfsync = off\nlog_min_messages = fatal\n"
	. "client_min_messages = error\n");
$node->append_conf('pg_hba.conf', 'host all all 127.0.0.1/32 trust');
$node->start;
$ENV{PGUSER} = 'postgres';
$ENV{PATH} = $node->config_data('--bindir') . ":$ENV{PATH}";
@ENV{qw(SQITCH_USER_CONFIG SQITCH_SYSTEM_CONFIG LC_ALL)} = ('/nonexistent', '/nonexistent', 'C.UTF-8');
delete @ENV{qw(PGOPTIONS SQITCH_CONFIG SQITCH_TARGET SQITCH_USERNAME SQITCH_PASSWORD)};
$node->safe_psql('postgres', 'CREATE EXTENSION migrator');
my $target = 'db:pg://postgres@127.0.0.1:' . $node->port . '/postgres';

# The exit code, and what it says.
sub sqitch
{
	my ($dir, @arguments) = @_;
	my $before = getcwd();
	my ($out, $err) = ('', '');

	chdir $dir or die "$dir: $!";
	my $done = IPC::Run::run([ 'sqitch', @arguments ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($MigratorTest::net));
	my $code = $? >> 8;
	chdir $before or die "$before: $!";
	return ($done ? 0 : $code || 1, "$out$err");
}

my $by = '2013-09-04T13:54:01Z A. Planner <a@example.com>';
my $head = "%syntax-version=1.0.0\n%project=shop\n";

# A plan of lines, each with time and planner put before its note; a line that begins with "=" is taken as it is.
sub plan_of
{
	my (@lines) = @_;
	return "$head\n" . join '', map { (/^=(.*)/s ? $1 : /^([^#]*?)\s*(#.*)?$/s ? "$1 $by" . (defined $2 ? " $2" : '') : die) . "\n" } @lines;
}

# Each with what it is called, the plan, and perhaps files besides those that are called like the changes.
my @plans = (
	[ 'one after the other', plan_of('zebra', 'apple [zebra]', 'mango # a note', '@v1', 'kiwi [@v1 apple]', '@v2 # two') ],
	[ 'a uri', "${head}%uri=https://example.com/x\n\na $by\n" ],
	[ 'a uri that has another form', "${head}%uri=HTTPS://Example.COM:443?a=%7eb%2fc d\n\na $by\n" ],
	[ 'a uri without a path', "${head}%uri=http://example.com\n\na $by\n" ],
	[ 'a uri of another scheme', "${head}%uri=urn:Ex:a%2fb\n\na $by\n" ],
	[ 'blanks and comments', "# of ours\n  % project = shop\n%other\n\n# x\n\n\ta\t[ ]\n" =~ s/\t\[ \]/\t$by/r . "  \n   # y\nb    [a]\t$by   # z   \n" ],
	[ 'operators', plan_of('+ a', '+b [a]') ],
	[ 'notes', plan_of('a # one\\ntwo\\\\three\\r', 'b #', 'c #   x  # y', 'd # 0', 'e # Grüße, ∞') ],
	[ 'DOS lines', plan_of('a', 'b [a] # x', '@v1') =~ s/\n/\r\n/gr ],
	[ 'no line end behind the last', plan_of('a', 'b') =~ s/\n\z//r ],
	[ 'names', plan_of('0001_first', '20240102-second', 'sub/dir/third', 'a.b.c', "it's", 'fo[o', 'größe', 'x,y', 'a~b', 'a^2b', '_', 'x=1y', 'v1.0-2') ],
	[ 'folders and files of one name', plan_of('a', 'a/b', 'a/c [a/b a]') ],
	[ 'reworked', plan_of('a', 'b [a]', '@v1', 'a [a@v1 b]', 'c [a]', '@v2', 'b [b@v1 a@v2]'),
		'deploy/a@v1.sql', 'deploy/b@v2.sql' ],
	[ 'reworked twice', plan_of('a', '@v1', 'b', 'a [a@v1]', '@v2', 'a [a@v2]'), 'deploy/a@v1.sql', 'deploy/a@v2.sql' ],
	[ 'reworked behind several tags', plan_of('a', '@v1', '@v1b', 'b', '@v2', 'c', '@v3', 'a'), 'deploy/a@v2.sql', 'deploy/a@v1.sql' ],
	[ 'reworked, called by the first tag of several', plan_of('a', '@v1', '@v1b', 'a'), 'deploy/a@v1b.sql', 'deploy/a@v1.sql' ],
	[ 'own project by its name', plan_of('a', 'b [shop:a]', '@x', 'c [shop:@x shop:a@x]') ],
	[ 'a conflict with a later one', plan_of('a [!b]', 'b') ],
	[ 'dependencies that end in blanks', plan_of('a', 'b', '=c [a  b  ] ' . $by) ],
	[ 'empty plan', "$head\n" ],

	[ 'no project', "%syntax-version=1.0.0\n\na $by\n" ],
	[ 'project without a name', "%project\n\na $by\n" ],
	[ 'project of a bad name', "%project=a b\n\na $by\n" ],
	[ 'no empty line behind the head', "%project=shop\na $by\n" ],
	[ 'project behind an empty line', "\n%project=shop\n\na $by\n" ],
	[ 'pragma among changes', plan_of('a') . "%x=y\n" ],
	[ 'no time', plan_of('=a A. Planner <a@example.com>') ],
	[ 'no planner', plan_of('=a 2013-09-04T13:54:01Z') ],
	[ 'no mail address', plan_of('=a 2013-09-04T13:54:01Z A. Planner') ],
	[ 'words behind the mail address', plan_of("=a $by x") ],
	[ 'a time that is none', plan_of('=a 2013-13-04T13:54:01Z A. Planner <a@example.com>') ],
	[ 'a day that is none', plan_of('=a 2013-02-30T13:54:01Z A. Planner <a@example.com>') ],
	[ 'twice the same', plan_of('a', 'b', 'a') ],
	[ 'twice the same behind a tag', plan_of('a', '@v', 'a', 'a'), 'deploy/a@v.sql' ],
	[ 'twice the same tag', plan_of('a', '@v', 'b', '@v') ],
	[ 'a tag before all changes', plan_of('@v', 'a') ],
	[ 'a tag that requires something', plan_of('a', '@v [a]') ],
	[ 'a tag with a slash', plan_of('a', '@v/1') ],
	[ 'requires a later one', plan_of('a [b]', 'b') ],
	[ 'requires itself', plan_of('a [a]') ],
	[ 'requires in a circle', plan_of('a [c]', 'b [a]', 'c [b]') ],
	[ 'requires what is not there', plan_of('a [none]') ],
	[ 'requires a tag that is not there', plan_of('a', '@v', 'b [a@w]') ],
	[ 'requires a change that came behind the tag', plan_of('a', '@v', 'b', '@w', 'c [b@v]') ],
	[ 'requires a change by the tag before its rework', plan_of('a', '@v1', 'a', '@v2', 'a [a@v1]'), 'deploy/a@v1.sql', 'deploy/a@v2.sql' ],
	[ 'requires it twice', plan_of('a', 'b [a a]') ],
	[ 'requires @HEAD', plan_of('a', 'b [@HEAD]') ],
	[ 'requires @HEAD^', plan_of('a', 'b [@HEAD^]') ],
	[ 'requires nothing', plan_of('a []') ],
	[ 'requires begin with a blank', plan_of('a', 'b [ a]') ],
	[ 'conflict with what is not there', plan_of('a [!none]') ],
	[ 'conflict with an earlier one', plan_of('a', 'b [!a]') ],
	[ 'conflict with an earlier one by its tag', plan_of('a', '@v', 'b [!a@v]') ],
	[ 'name that begins with punctuation', plan_of('.a') ],
	[ 'name that ends with punctuation', plan_of('a-') ],
	[ 'name that counts back', plan_of('a^2') ],
	[ 'name with a colon', plan_of('a:b') ],
	[ 'name with an at', plan_of('a@b') ],
	[ 'name with a backslash', plan_of('a\\b') ],
	[ 'reserved name', plan_of('HEAD') ],
	[ 'name like an id', plan_of('a' x 40) ],
	[ 'a hash alone', plan_of('a', '=#') ],
	[ 'no file', plan_of('a', '@v', 'a') ],
);

# The names in it, without looking at more.
sub changes_of { my ($plan) = @_; return grep { !/^[@%#]/ } map { /^\s*\+?\s*([^\s\[]\S*)/ ? $1 : () } (split /\n\r?\n/, $plan, 2)[1] =~ /^(.*)$/mg; }

sub ours
{
	my ($sql) = @_;
	my ($code, $out, $err) = $node->psql('postgres', $sql);
	return ($code, $out . ($err =~ s/^psql:.*?: //r));
}

my $number = 0;
for (@plans)
{
	my ($what, $plan, @files) = @$_;
	my $id = 'r' . ++$number;
	my $dir = source_dir({});
	my %made = map { $_ => "SELECT '$_';\n" } @files, map { "deploy/$_.sql" } grep { !/[:\\]/ } changes_of($plan);
	utf8::encode(my $bytes = $plan);

	write_files($dir, { 'sqitch.conf' => "[core]\n\tengine = pg\n[user]\n\tname = Flo\n\temail = f\@x.org\n" });
	for my $name (sort keys %made)
	{
		utf8::encode(my $file = $name);
		utf8::encode(my $text = $made{$name});
		delete $made{$name} if $what eq 'no file' || length $file > 200;
		write_files($dir, { $file => $text }) if exists $made{$name};
	}
	write_files($dir, { 'sqitch.plan' => $bytes });
	my ($code, $said) = sqitch($dir, 'plan', '--no-headers', '--format', 'format:%n');
	if ($code == 0)
	{
		# as "sqitch deploy" does where no file is, which --log-only does not
		my ($log_code, $log) = sqitch($dir, 'deploy', '--log-only', '--no-verify', '--target', $target, '--registry', $id);
		($code, $said) = ($log_code, $log) if $log_code != 0;
		$code = 1 if $what eq 'no file';
	}
	my ($line) = $said =~ /at line (\d+):/;
	my ($failed, $status) = ours("SELECT coalesce(version, 'fault ' || coalesce(message, '')) FROM migrator.status('$dir', '$id')");
	if ($code != 0)
	{
		my ($lines) = (ours("SELECT coalesce(string_agg(line::text, ' '), '') FROM migrator.validate('$dir', service => '$id') WHERE severity = 'error'"))[1];
		my ($up_failed, $up) = ours("CALL migrator.up('$dir', service => '$id')");
		isnt($up_failed, 0, "$what: refused") or diag("sqitch: $said");
		is((split ' ', $lines)[0], $line, "$what: in its line") or diag("sqitch: $said\nours: $up") if defined $line;
		like($up, $what =~ /empty plan/ ? qr/no migrations/ : qr/sqitch\.plan", line \d/, "$what: with the line") or diag("sqitch: $said");
		next;
	}
	$said =~ s/\n?\z//;
	is(join("\n", map { s/\@.*//r } split /\n/, $status), $said, "$what: names and order");
	is((ours("WITH p AS (SELECT version, ordinality FROM migrator.pending('$dir', '$id') WITH ORDINALITY)
		SELECT coalesce(string_agg(d.ordinality || '>' || r.ordinality, ' ' ORDER BY d.ordinality, r.ordinality), '')
		FROM migrator.dependencies('$dir', '$id') n JOIN p d USING (version), unnest(n.depends_on) o JOIN p r ON r.version = o"))[1],
		(ours("WITH p AS (SELECT change_id, row_number() OVER (ORDER BY committed_at) AS n FROM $id.changes)
		SELECT coalesce(string_agg(d.n || '>' || r.n, ' ' ORDER BY d.n, r.n), '') FROM (SELECT DISTINCT change_id, dependency_id FROM $id.dependencies) e
		JOIN p d USING (change_id) JOIN p r ON r.change_id = dependency_id"))[1], "$what: what is required");
	is((ours("SELECT string_agg(DISTINCT verified, ' '), count(*) FROM migrator.adopt('$dir', '$id', dry_run => true, history => '$id.changes')"))[1],
		'verified|' . scalar(split /\n/, $said), "$what: ids and files");
}
# adopt() is to find one registry.
$node->safe_psql('postgres', "DROP SCHEMA IF EXISTS r$_ CASCADE") for 1 .. $number;

# A registry of two projects, with another name, by real deploys: of changes that were reworked, before and after the adoption.
my $conf = "[core]\n\tengine = pg\n\ttop_dir = db\n[engine \"pg\"]\n\tregistry = of_ours\n[user]\n\tname = Flo\n\temail = f\@x.org\n"
	. "[deploy \"variables\"]\n\tn = 7\n";
my %files = (
	'sqitch.conf' => $conf,
	'db/deploy/a@v1.sql' => "BEGIN;\nCREATE TABLE a (n int DEFAULT :n);\nCOMMIT;\n", 'db/revert/a@v1.sql' => 'DROP TABLE a;',
	'db/deploy/a.sql' => "BEGIN;\nALTER TABLE a ADD m int;\nCOMMIT;\n", 'db/revert/a.sql' => 'ALTER TABLE a DROP m;',
	'db/verify/a.sql' => "BEGIN;\nSELECT n, m FROM a WHERE false;\nROLLBACK;\n",
	'db/deploy/b.sql' => 'CREATE TABLE b (i int);', 'db/verify/b.sql' => "SELECT i FROM b WHERE false;\n",
	'db/deploy/c.sql' => 'CREATE TABLE c (i int);', 'db/verify/c.sql' => 'SELECT none FROM c;');
my $ours = source_dir({ %files, 'db/sqitch.plan' => plan_of('a', 'b', '@v1', 'a [a@v1]', 'c') });
my $theirs = source_dir({ 'sqitch.conf' => $conf =~ s/top_dir = db/top_dir = ./r, 'sqitch.plan' => plan_of('a', 'other') =~ s/=shop/=theirs/r,
	'deploy/a.sql' => 'CREATE TABLE theirs_a ();', 'deploy/other.sql' => 'CREATE TABLE theirs_other ();' });
sub deploy { my ($dir, @more) = @_; return sqitch($dir, 'deploy', '--target', $target, @more); }
sub adopted { my ($more) = @_; return (ours("SELECT version, verified, message FROM migrator.adopt('$ours', 'shop'" . ($more // '') . ')'))[1]; }
my ($code, $said) = deploy($theirs, '--no-verify');
is($code, 0, 'theirs is deployed') or diag($said);
($code, $said) = deploy($ours, '--verify', '--to', 'a@v1');
is($code, 0, 'ours is deployed to its tag') or diag($said);
is(adopted(', dry_run => true'), 'a@v1|verified|', 'what is deployed is known, though two projects and a later change have the name');
is((ours("SELECT version, name FROM migrator.migrations"))[1], '', 'a dry run wrote nothing');
($code, $said) = deploy($ours, '--verify', '--to', 'a@HEAD');
is($code, 0, 'ours is deployed on') or diag($said);
is(adopted(), "a\@v1|verified|\nb|verified|\na|verified|", 'and adopted');
my ($failed, $text) = ours("CALL migrator.up('$ours', 'shop', options => '{\"verify\": true}')");
isnt($failed, 0, 'a verify script that fails here');
like($text, qr/column "none" does not exist/, 'says why');
($code, $said) = deploy($ours, '--verify');
isnt($code, 0, 'fails there');
like($said, qr/column "none" does not exist/, 'and says the same');
my ($err) = ($node->psql('postgres', "SET client_min_messages = notice; SELECT FROM migrator.adopt('$ours', 'shop', dry_run => true)"))[2];
like($err, qr/the last that sqitch did was to fail: with change "c"/, 'its failure is told');
write_files($ours, { 'db/verify/c.sql' => 'SELECT i FROM c;' });
$node->safe_psql('postgres', 'DROP TABLE c');    # which sqitch left: it has no revert script
is((ours("CALL migrator.up('$ours', 'shop', options => '{\"verify\": true}')"))[0], 0, 'the rest is applied here');
is((ours("SELECT version, verdict FROM migrator.verify('$ours', 'shop')"))[1], "a\@v1|not_run\nb|passed\na|passed\nc|passed", 'verified');

# what differs from the plan
$node->safe_psql('postgres', "TRUNCATE migrator.migrations");
write_files($ours, { 'db/deploy/b.sql' => 'CREATE TABLE b (j int);',
	'db/sqitch.plan' => plan_of('a', 'b', '@v1', 'a [a@v1] # another note', 'c') });
is(adopted(', dry_run => true'), "a\@v1|verified|\nb|modified|the file was changed after it was applied: migrator.accept() takes it as it is now\n"
	. 'a|unverified|the plan has no change of its id: its line, or one before it, was edited since', 'a changed script and a changed line');
unlink "$ours/db/deploy/b.sql";
write_files($ours, { 'db/sqitch.plan' => plan_of('a', '@v1', 'a [a@v1]', 'c') });
like(adopted(', dry_run => true'), qr/^b\|missing\|no file in the source; the plan has no change of its id/m, 'a change that is in the plan no more');
$node->stop;
done_testing();
