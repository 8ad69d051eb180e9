# Liquibase itself: of each changelog `update` makes one database and up() another, and they are the same; so they are after
# the way back, and after a second update. adopt() finds in the first that the files are what Liquibase's checksums are of. What
# Liquibase refuses is refused.
use strict;
use warnings;

use Cwd;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $cache = $ENV{MIGRATOR_CLIENTS_CACHE} // '/var/cache/migrator-clients';
my $home = "$cache/tools/node_modules/liquibase/dist/liquibase";

plan skip_all => 'java is not installed' unless grep { -x "$_/java" } split /:/, $ENV{PATH};
plan skip_all => "Liquibase is not installed in $home" unless -d $home;

# those of other databases take long to look through
my $classes = join ':', grep { m{/(?:liquibase-core|picocli|postgresql|snakeyaml|commons-|jaxb-|opencsv)[^/]*\.jar$} }
  glob("$home/internal/lib/*.jar $home/lib/*.jar");
my $node = PostgreSQL::Test::Cluster->new('liquibase');

$node->init(extra => [ '-U', 'postgres' ]);
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\nautovacuum = off\nfsync = off\nlog_min_messages = fatal\n");
$node->append_conf('pg_hba.conf', 'host all all 127.0.0.1/32 trust');
$node->start;
$ENV{PGUSER} = 'postgres';
# values of the environment are properties, and options
delete @ENV{ grep { /^(?:PGOPTIONS|JAVA_OPTS|LIQUIBASE)/ } keys %ENV };
$node->safe_psql('postgres', 'CREATE DATABASE with_migrator');
$node->safe_psql('with_migrator', 'CREATE EXTENSION migrator');

# liquibase($dir, $database, $root, $command, options): the exit code and all that it says.
sub liquibase
{
	my ($dir, $database, $root, $command, @options) = @_;
	my @defines = grep { /^-D/ } @options;
	my $before = getcwd();
	my $said = '';

	chdir $dir or die "$dir: $!";
	my $done = IPC::Run::run([ 'java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', $classes,
			'liquibase.integration.commandline.LiquibaseCommandLine', '--show-banner=false', '--log-level=OFF', "--search-path=$dir", $command,
			"--changelog-file=$root", '--url=jdbc:postgresql://127.0.0.1:' . $node->port . "/$database", '--username=postgres', '--password=x',
			(grep { !/^-D/ } @options), @defines ],
		'<', \undef, '>', \$said, '2>&1', IPC::Run::timeout(180));
	my $code = $? >> 8;
	chdir $before or die "$before: $!";
	return ($done ? 0 : $code || 1, $said);
}

# All that there is, but for the tools' own.
sub dump_of
{
	my ($database) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ $node->installed_command('pg_dump'), '--inserts', '--schema=public', '--exclude-table=databasechangelog*',
		'-d', $node->connstr($database) ],
		'>', \$out, '2>', \$err) or die "pg_dump: $err";
	return join "\n", grep { !/^(?:--(?: |\z)|SET |\\|$)/ && !/set_config/ } split /\n/, $out;
}

# migrator($database, $statement, ...): what it says where it fails, or ''.
sub migrator
{
	my ($database, $statement) = @_;
	my ($code, $out, $err) = $node->psql($database, $statement);
	return $code == 0 ? '' : $err;
}

# as an argument
sub options_of
{
	my ($of) = @_;
	my %options = %{ $of->{options} // {} };
	return %options ? ", options => '{" . join(', ', map { qq("$_": "$options{$_}") } sort keys %options) . "}'" : '';
}

my $number = 0;

# same($name, files => {name => content}, ...): root (changelog.sql), given (options of liquibase), options (those of migrator that mean
# the same), variables; back: how many changesets are taken back, one number after the other; then: other files, for a second update;
# ready: SQL before all of it; unverified: how many checksums are of something else; stays: nothing is looked for in the record
sub same
{
	my ($name, %of) = @_;
	my ($theirs, $ours) = ('liquibase_' . ++$number, "migrator_$number");
	my $root = $of{root} // 'changelog.sql';
	my $dir = source_dir($of{files});
	my $options = options_of(\%of) . ($of{variables} ? qq{, variables => '$of{variables}'} : '');
	my @given = @{ $of{given} // [] };
	my @rounds = ([ 'update', undef ], $of{then} ? [ 'a second update', $of{then} ] : ());

	$node->safe_psql('postgres', "CREATE DATABASE $_") for $theirs;
	$node->safe_psql('postgres', "CREATE DATABASE $ours TEMPLATE with_migrator");
	if ($of{ready}) { $node->safe_psql($_, $of{ready}) for $theirs, $ours; }
	for my $round (@rounds)
	{
		my ($what, $files) = @$round;
		write_files($dir, $files) if $files;
		my ($code, $said) = liquibase($dir, $theirs, $root, 'update', @given);
		is($code, 0, "$name: $what of Liquibase") or diag($said), return;
		is(migrator($ours, "CALL migrator.up('$dir', 'app'$options)"), '', "$name: $what here");
		is(dump_of($ours), dump_of($theirs), "$name: $what makes the same");
		is($node->safe_psql($ours, "SELECT count(*) FROM migrator.migrations"), $node->safe_psql($theirs, 'SELECT count(*) FROM databasechangelog'),
			"$name: of as many changesets") if !$of{then};
	}
	unlike(dump_of($ours), qr/^$|INSERT INTO public\.\w+ VALUES \(-/, "$name: there is something, and nothing that must not be");

	# what Liquibase has on record is what the files say
	$node->safe_psql('postgres', "CREATE DATABASE adopted TEMPLATE $theirs");
	$node->safe_psql('adopted', 'CREATE EXTENSION migrator');
	my $adopt = options_of(\%of) . ($of{variables} ? '' : '');
	is($node->safe_psql('adopted', "SELECT verified, count(*) FROM migrator.adopt('$dir', 'app', tool => 'liquibase'$adopt) GROUP BY 1 ORDER BY 1"),
		join("\n", ($of{unverified} ? "unverified|$of{unverified}" : ()),
			'verified|' . ($node->safe_psql($theirs, 'SELECT count(*) FROM databasechangelog') - ($of{unverified} // 0))),
		"$name: checksums are of the files") if !$of{variables};
	$node->safe_psql('postgres', 'DROP DATABASE adopted');

	for my $count (@{ $of{back} // [] })
	{
		my ($code, $said) = liquibase($dir, $theirs, $root, 'rollback-count', "--count=$count", @given);
		is($code, 0, "$name: rollback-count $count") or diag($said), return;
		is(migrator($ours, "CALL migrator.down('$dir', 'app', steps => $count$options)"), '', "$name: down() of $count");
		is(dump_of($ours), dump_of($theirs), "$name: the same is left");
	}
	if ($of{sync})
	{
		# the way home
		my ($code, $said) = liquibase($dir, $ours, $root, 'changelog-sync', @given);
		is($code, 0, "$name: changelog-sync where up() was") or diag($said);
		($code, $said) = liquibase($dir, $ours, $root, 'status', @given);
		like($said, qr/is up to date/, "$name: Liquibase has nothing to do");
		my $before = dump_of($ours);
		liquibase($dir, $ours, $root, 'update', @given);
		is(dump_of($ours), $before, "$name: and does nothing");
	}
	$node->safe_psql('postgres', "DROP DATABASE $_") for $theirs, $ours;
	return;
}

my $first = "--liquibase formatted sql\n";
my $table = "--changeset a:0\nCREATE TABLE t (i int, s text);\n--rollback DROP TABLE t;\n";
sub row { my ($n, $attributes) = @_; return "--changeset a:$n" . ($attributes ? " $attributes" : '') . "\nINSERT INTO t VALUES ($n, 'x');\n"
	. "--rollback DELETE FROM t WHERE i = $n;\n"; }
# of changesets that must not run
sub never { my ($n, $attributes) = @_; return "--changeset a:$n $attributes\nINSERT INTO t VALUES (-$n);\n"; }

sub xml
{
	my ($body, $attributes) = @_;
	return qq{<?xml version="1.0" encoding="UTF-8"?>\n<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"\n}
	  . qq{  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog\n}
	  . qq{  http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd"} . ($attributes ? " $attributes" : '') . ">\n$body\n</databaseChangeLog>\n";
}

same('lines', back => [ 1, 2, 1 ], sync => 1, files => {
		'changelog.sql' => "\n -- Liquibase Formatted SQL\n/* at the top\n--nothing of:none */\n\n"
			. "-- ChangeSet \"Ann B.\":\"first one\" RUNONCHANGE:FALSE\n--comment: the table\n"
		  . "  --comment is one of SQL\nCREATE TABLE t (i int, s text);\n\n\n  -- ROLLBACK DROP TABLE t;\n--validCheckSum: 1:any\n\n"
		  . "--changeset bob b:2\r\nINSERT INTO t VALUES (1, 'a\r\n--rollbacks stay\nb');\r\n--rollback DELETE FROM t\r\n--rollback WHERE i = 1\r\n"
		  . "INSERT INTO t VALUES (2, '\xc3\xa9;');\n\t-- rollback ; DELETE FROM t WHERE i = 2;\n--changeset a:3\nINSERT INTO t VALUES (3, 'x');\n"
		  . "/* Liquibase  Rollback\nDELETE FROM t WHERE i = 3;\nDELETE FROM t WHERE i = 4;\n*/\nINSERT INTO t VALUES (4, 'behind');\n"
			. "--rollback DELETE FROM t WHERE i = 5;\n"
		  . "INSERT INTO t VALUES (5, 'last');\n--changeset a:4\nSELECT 1; SELECT 2;\n--rollback not required, as it only reads\n" });

same('delimiters', back => [ 1, 1, 1, 1, 1 ], files => {
		'changelog.sql' => $first . $table
		  . "--changeset a:1\nINSERT INTO t VALUES (1, 'a\nGO\n/\n;b')\nGO\nINSERT INTO t VALUES (2, 'x')\ngo\nINSERT INTO t VALUES (9 /\n 3, 'y')\n/\n"
		  . "--rollback DELETE FROM t WHERE i = 1\n--rollback GO\n--rollback DELETE FROM t WHERE i IN (2, 3)\n"
		  . "--changeset a:2 endDelimiter://\nINSERT INTO t VALUES (4, ';') //\nINSERT INTO t VALUES (5, 'http://x')//\n"
			. "--rollback DELETE FROM t WHERE i IN (4, 5)\n"
		  . "--changeset a:3 endDelimiter:GO\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS \$\$\nBEGIN\n  RETURN 6;\nEND;\n\$\$\nGO\n"
		  . "INSERT INTO t VALUES (f(), 'ergo')\ngo\n--rollback DROP FUNCTION f(); DELETE FROM t WHERE i = 6;\n"
		  . "--changeset a:4 endDelimiter:\\n/\nINSERT INTO t VALUES (14 / 2, ';')\n/\nINSERT INTO t VALUES (8, '/')\n/\n"
			. "--rollback DELETE FROM t WHERE i IN (7, 8);\n"
		  . "--changeset a:5 rollbackEndDelimiter:@ endDelimiter:|\nINSERT INTO t VALUES (9, 'a') |\nINSERT INTO t VALUES (10, ';') |\n"
		  . "--rollback DELETE FROM t WHERE i = 9 @\n--rollback DELETE FROM t WHERE i = 10 @\n--changeset a:6\nINSERT INTO t VALUES (11, 'last')\n/\n"
			. "--rollback empty\n" });

same('splitStatements', back => [ 2 ], files => {
		'changelog.sql' => $first . $table
		  . "--changeset a:1 splitStatements:false stripComments:false rollbackSplitStatements:false\n"
			. "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS \$\$\n"
		  . "BEGIN\n  -- one; two\n  RETURN 1;\nEND\n\$\$;\nINSERT INTO t VALUES (f(), '--x /* y */'); /* ; */\n"
			. "--rollback DROP FUNCTION f(); DELETE FROM t;\n"
		  . "--changeset a:2 stripComments:true\n-- of SQL\n/* ; */ INSERT INTO t VALUES (2, 'x'); -- ;\n--rollback DELETE FROM t WHERE i = 2;\n" });

same('properties', back => [ 2 ], files => {
		'changelog.sql' => $first . "--property name:who value:\"bob\"\n--property name: both  value: \${who}!\n--property name:later value:\${last}\n"
		  . "--property name:last value:deep\n--property name:own value:first global:false\n--property name:own value:second global:false\n"
		  . "--property name:x value:own global:false\n--property name:x value:global\n--property name:x value:never\n"
			. "--property name:no value:x context:\@no\n"
		  . "--property name:no value:y dbms:oracle,h2\n--property name:yes value:z dbms:postgresql context:\"a or b\"\n--property name:n value:7\n"
		  . $table . "--changeset \${n}\${n}:\${n} context:!\${n} labels:\${n}\n"
			. "INSERT INTO t VALUES (1, '\${who}'), (2, '\${Both}'), (3, '\${ LATER }'), (4, '\${own}'), (5, '\${x}'),\n"
		  . "  (6, '\${no}'), (7, '\${la\${x}}'), (8, '\${yes}'), (9, '\${database.typeName}'), (10, '\$\${n}'), (11, '\${w'),\n"
			. "  (12, '\${database.defaultSchemaName}'),\n"
		  . "  (13, '\${none}'), (14, '\${database.autoIncrementClause}');\n--rollback DELETE FROM t WHERE i > \${seven};\n"
			. "--property name:seven value:7\n" . row(20) });

same('-D', given => [ '-Dwho=eve', '-Dn=3' ], variables => '{"who": "eve", "n": 3}', back => [ 1 ], files => {
		'changelog.sql' => $first . "--property name:who value:bob\n--property name:greeting value:hello_\${who}\n" . $table
		  . "--changeset a:1\n--preconditions onFail:MARK_RAN\n--precondition-sql-check expectedResult:\${n} SELECT \${n}\n"
			. "INSERT INTO t VALUES (\${n}, '\${greeting} \${WHO}');\n"
		  . "--rollback DELETE FROM t WHERE s = '\${greeting} \${who}' AND i = \${n};\n" });

same('where properties count', root => 'changelog.yaml', files => {
		'changelog.yaml' => "databaseChangeLog:\n- include: {file: 1.sql}\n- property: {name: p, value: late}\n- property: {name: p, value: later}\n"
		  . "- include: {file: '\${file}.yaml'}\n- property: {name: file, value: sub}\n- include: {file: more.json}\n",
		'1.sql' => $first . "--property name:p value:sql\n${table}--changeset a:1\nINSERT INTO t VALUES (1, '\${p} \${sub} \${last}');\n"
		  . "--property name:p value:never\n",
		'sub.yaml' => "databaseChangeLog:\n- logicalFilePath: '\${file}.yaml'\n- include: {file: 2.sql}\n- property: {name: sub, value: '\${last}'}\n"
		  . "- property: {name: file, value: never}\n- property: {name: own, value: yaml, global: false}\n",
		'2.sql' => "$first--changeset a:1\nINSERT INTO t VALUES (2, '\${p} \${sub} \${last} \${own}');\n",
		'more.json' => '{"databaseChangeLog": [{"include": {"file": "3.sql"}}, {"property": {"name": "last", "value": "json"}}]}',
		'3.sql' => "$first--changeset a:1\nINSERT INTO t VALUES (3, '\${p} \${sub} \${last}');\n" });

my %made = (
	'changelog.yaml' => "databaseChangeLog:\n- include: {file: one.xml}\n- property: {name: y, value: '\${own}'}\n",
	'one.xml' => xml(qq{<property name="a" value="\${b}"/><property name="b" value="B"/><property name="n\${b}" value="N"/>\n}
		  . qq{<property name="before" value="\${own}"/><property name="own" value="xml" global="false"/><property name="behind" value="\${own}"/>\n}
		  . qq{<property name="c" value="\${late}"/><include file="1.sql"/><include file="2.sql"/>}),
	'1.sql' => $first . "--property name:own value:first global:false\n--property name:v value:\${own}\n--property name:w value:\${x}\n"
	  . "--property name:late value:L\n--property name:own value:\${own}-second global:false\n--property name:x value:\${own} global:false\n"
	  . "--property name:m\${b} value:M\n--property name:database.typeName value:mine\n--property name:p0 value:x\n"
	  . join('', map { "--property name:p$_ value:\${p" . ($_ - 1) . "}.\n" } 1 .. 60)
	  . "${table}--changeset a:1\nINSERT INTO t VALUES (1, '\${a} \${nB} \${n\${b}} \${before} \${behind} \${c} \${y}'),\n"
	  . "  (2, '\${own} \${v} \${w} \${mB} \${database.typeName} \${p60}');\n--rollback DELETE FROM t WHERE s LIKE '%\${v} \${w}%';\n",
	'2.sql' => $first . "--property name:own value:third global:false\n--property name:x value:X\n"
	  . "--changeset a:1\nINSERT INTO t VALUES (3, '\${before} \${behind} \${v} \${w} \${y} \${x}');\n--rollback DELETE FROM t WHERE i = 3;\n");
same('what values are made of', root => 'changelog.yaml', back => [ 1, 1 ], files => \%made);
same('and where some are given', root => 'changelog.yaml', given => [ '-Down=run', '-Db=B' ], variables => '{"own": "run", "b": "B"}', files => \%made);
same('a circle that is broken', given => ['-Denv=prod'], variables => '{"env": "prod"}',
	files => { 'changelog.sql' => $first . "--property name:env value:\${env}\n${table}--changeset a:1\nINSERT INTO t VALUES (1, '\${env}');\n" });

my @expressions = ('a', 'b', '!a', 'not a', 'a and b', 'a or b', 'a, b', '(a or b) and not c', '!(a and b)', '@a', '!@a', '@!a', '@a or b',
	'a and (b or @c)', 'A AND B', 'NOT c', 'not (a)', 'x and !y', 'a,!b', '(@c)', '(@c), (a)');
my $contexts = $first . $table;
$contexts .= qq{--changeset c:$_ context:"$expressions[$_]"\nINSERT INTO t VALUES ($_, '$expressions[$_]');\n} for 0 .. $#expressions;
$contexts .= qq{--changeset c:f contextFilter:b context:"\@none"\nINSERT INTO t VALUES (100, 'filter');\n};
same('no contexts', files => { 'changelog.sql' => $contexts });
same('contexts', files => { 'changelog.sql' => $contexts }, given => ['--contexts=a'], options => { contexts => 'a' });
same('more contexts', files => { 'changelog.sql' => $contexts }, given => ['--contexts=B, c'], options => { contexts => 'B, c' });

my @labels = ('a', 'b', 'a,b', 'c', 'a, b , C', 'A');
my $labels = $first . $table;
$labels .= qq{--changeset l:$_ labels:"$labels[$_]"\nINSERT INTO t VALUES ($_, '$labels[$_]');\n} for 0 .. $#labels;
$labels .= row(100);
same("labels $_", files => { 'changelog.sql' => $labels }, given => ["--label-filter=$_"], options => { labels => $_ })
  for 'a', '!a', '(a or b) and !c', 'b, c';

same('dbms', files => {
		'changelog.sql' => $first . $table . row(1, 'dbms:PostgreSQL') . row(2, 'dbms:all') . never(3, 'dbms:none') . row(4, 'dbms:!h2,!oracle')
			. row(5, 'dbms:!postgresql,all')
		  . never(6, 'dbms:postgres') . never(7, 'dbms:h2,oracle') . row(8, 'dbms:h2,postgresql') . never(9, 'dbms:!postgresql') . never(10, 'ignore:true')
		  . never(8, 'dbms:oracle') . row(11, 'dbms:!h2,postgresql') });

same('includes', root => 'db.changelog-master.xml', given => [ '--contexts=a', '--label-filter=!slow' ], options => { contexts => 'a',
	labels => '!slow' }, files => {
		'db.changelog-master.xml' => xml(qq{<property name="p" value="1"/><preConditions><dbms type="postgresql"/></preConditions>\n<include file="0.sql"/>\n}
			  . qq{<include file="sub/\${p}.sql" context="a" labels="quick"/><include file="2.sql" ignore="true"/><include file="3.sql" labels="slow,x"/>\n}
			  . qq{<include file="4.sql" context="!a"/><include file="sub/more.yaml" relativeToChangelogFile="true"/>}
			  . qq{<include file="none.sql" errorIfMissing="false"/>},
			'context="!b" logicalFilePath="elsewhere.xml"'),
		'0.sql' => $first . $table, 'sub/1.sql' => $first . row(1), '2.sql' => $first . never(2, ''), '3.sql' => $first . never(3, ''),
			'4.sql' => $first . never(4, ''),
		'sub/more.yaml' => "databaseChangeLog:\n  - logicalFilePath: \"yaml\"\n  - property:\n      name: q\n      value: yaml\n  - include:\n"
			. "      file: ../sub/5.sql # a file\n"
		  . "      relativeToChangelogFile: true\n  - include: {file: 'sub/more.json'}\n",
		'sub/more.json' => '{"databaseChangeLog": [{"property": {"name": "r", "value": "json", "global": false}}, {"include": {"file": "6.sql", '
		  . '"relativeToChangelogFile": true, "context": "b or a"}}]}',
		'sub/5.sql' => $first . "--property name:own value:never global:false\n" . row(5),
			'sub/6.sql' => "$first--changeset a:6 logicalFilePath:/x/./y.sql\n"
		  . "INSERT INTO t VALUES (6, '\${p} \${q} \${r} \${own}');\n" });

same('includeAll', root => 'db.changelog-master.yaml', back => [], files => {
		'db.changelog-master.yaml' => "databaseChangeLog:\n- property: {name: x, value: never}\n"
			. "- includeAll: {path: sub, endsWithFilter: .sql, maxDepth: 2}\n"
		  . "- includeAll: {path: deep, relativeToChangelogFile: true, minDepth: 2}\n- includeAll: {path: empty, errorIfMissingOrEmpty: false}\n",
		'sub/0.sql' => $first . $table, 'sub/B.sql' => $first . row(1), 'sub/a.SQL' => $first . row(2), 'sub/a/1.sql' => $first . row(3),
			'sub/a-1.sql' => $first . row(4),
		'sub/z.sql' => "INSERT INTO t VALUES (5, '\${x};');\nINSERT INTO t VALUES (6, 'raw');\n", 'sub/notes.txt' => 'x',
			'deep/x/y/1.sql' => $first . row(7),
		'deep/x/2.sql' => "\xef\xbb\xbf$first" . row(8) });

same('one more header', files => {
		'changelog.sql' => $first . $table . "\n$first" . row(1) . "--rollback DELETE FROM t;\n-- Liquibase  Formatted  SQL\n" . row(2) });

same('ignoreLines', files => {
		'changelog.sql' => "$first--ignoreLines:1\nnonsense\n$table--changeset a:1\nINSERT INTO t VALUES (1, 'x');\n--ignoreLines:2\nnonsense;\n"
			. "--changeset a:2\n"
		  . "INSERT INTO t VALUES (3, 'y');\n-- ignoreLines:start\nnonsense;\n--changeset a:1\n--ignoreLines:end\nINSERT INTO t VALUES (4, 'z');\n" });

my $fates = $first . $table;
my $fate = 0;
for my $fail ('HALT', 'MARK_RAN', 'WARN', '')
{
	for my $error ('HALT', 'MARK_RAN', 'warn', '')
	{
		for my $check ('expectedResult:1 SELECT 1', 'expectedResult:2 SELECT 1', 'expectedResult:1 SELECT 1/0')
		{
			next if ($fail =~ /^(?:HALT)?$/ && $check =~ /:2/) || ($error =~ /^(?:HALT)?$/ && $check =~ m{/0});
			$fate++;
			$fates .= "--changeset p:$fate\n--preconditions" . ($fail ? " onFail:$fail" : '') . ($error ? " onError:$error" : '')
			  . "\n--precondition-sql-check $check\nINSERT INTO t VALUES ($fate, 'x');\n";
		}
	}
}
same('what preconditions do', files => { 'changelog.sql' => $fates });

my @checks = ('expectedResult:t SELECT true', 'expectedResult:true SELECT true', 'expectedResult:f SELECT 1 = 2',
	"expectedResult:'a b' SELECT 'a b'", q{expectedResult:"a b" SELECT 'a b'},
	'1 SELECT 1', '0 SELECT count(*) FROM t WHERE i < 0;', 'expectedResult:0 SELECT 1 WHERE false', 'expectedResult:x SELECT NULL::text',
		"'1.50' SELECT 1.50",
	'expectedResult:1 SELECT ${one}', 'expectedResult:1 SELECT 1 -- c', "'2020-01-01' SELECT date '2020-01-01'",
		'expectedResult:1 WITH x AS (SELECT 1 AS a) SELECT a FROM x',
	"'{1,2}' SELECT ARRAY[1,2]", "'1e+20' SELECT 1e20::float8", "expectedResult:1 SELECT 1 UNION SELECT 2");
my @names = ('table:Mixed', 'table:lower', 'table:LOWER', 'table:mixed', 'table:part', 'table:v', 'table:ft', 'table:o', 'table:o schema:other',
	'table:ul', 'table:UPPER',
	'table:pg_class', 'table:o schema:OTHER', 'table:mv', 'table:sq', 'table:gone', 'view:v', 'view:V', 'view:mv', 'view:lower', 'view:pg_tables',
		'view:v schema:public', 'view:v schema:other');
my $conditions = "$first--property name:one value:1\n$table";
$conditions .= "--changeset c:$_\n--preconditions onFail:MARK_RAN onError:MARK_RAN\n--precondition-sql-check $checks[$_]\n"
	. "INSERT INTO t VALUES ($_, 'check');\n" for 0 .. $#checks;
$conditions .= "--changeset n:$_\n--preconditions onFail:MARK_RAN\n--precondition-" . ($names[$_] =~ /^table/ ? 'table' : 'view')
	. "-exists $names[$_]\nINSERT INTO t VALUES ($_, 'name');\n"
  for 0 .. $#names;
$conditions .= "--changeset c:both\n--preconditions onFail:MARK_RAN\n--precondition-table-exists table:t\n--precondition-sql-check 2 SELECT 1\n"
	. "INSERT INTO t VALUES (-1);\n";
same('preconditions', files => { 'changelog.sql' => $conditions }, ready => q{CREATE TABLE "Mixed" (i int); CREATE TABLE lower (i int);
	CREATE TABLE part (i int) PARTITION BY LIST (i);
	CREATE VIEW v AS SELECT 1; CREATE MATERIALIZED VIEW mv AS SELECT 1; CREATE FOREIGN DATA WRAPPER f; CREATE SERVER s FOREIGN DATA WRAPPER f;
	CREATE FOREIGN TABLE ft (i int) SERVER s; CREATE SCHEMA other; CREATE TABLE other.o (i int); CREATE UNLOGGED TABLE ul (i int);
		CREATE SEQUENCE sq; CREATE TABLE "UPPER" (i int)});

my $again = $first . $table . row(1, 'runOnChange:true') . row(2, 'runAlways:true') . row(3);
same('again', files => { 'changelog.sql' => $again }, then => { 'changelog.sql' => $again }, back => [ 1, 1, 1, 1 ]);
same('changed', files => { 'changelog.sql' => $again }, then => { 'changelog.sql' => $again =~ s/\(1, 'x'\)/(1, 'y'), (1, 'z')/r }, back => [ 1, 1, 1 ]);
same('in between', files => { 'changelog.sql' => $first . $table . row(1) . row(3) }, back => [ 1, 2 ],
	then => { 'changelog.sql' => $first . $table . row(1) . row(2) . row(3) });

same('ways back', back => [ 1, 1, 1, 1 ], files => {
		'changelog.sql' => $first . $table . row(1) . "--changeset a:2\nDELETE FROM t WHERE i = 1;\n--rollback changesetId:1 changesetAuthor:a\n"
		  . "--changeset a:3\nINSERT INTO t VALUES (3, 'x');\n--rollback EMPTY, as it is wanted\n"
		  . "--changeset a:4\nDELETE FROM t;\n--rollback changesetAuthor:a  changesetPath:changelog.sql changesetId:3\n" });

same('alone', back => [ 1 ], files => {
		'changelog.sql' => $first . $table . "--changeset a:1 runInTransaction:false\nCREATE INDEX CONCURRENTLY t_i ON t (i);\n"
			. "INSERT INTO t VALUES (1, 'x');\n"
		  . "--rollback DROP INDEX CONCURRENTLY t_i;\n--rollback DELETE FROM t;\n--changeset a:2 created:today objectQuotingStrategy:QUOTE_ALL_OBJECTS\n"
		  . "INSERT INTO t VALUES (2, 'x');\n--rollback empty\n--changeset a:3 runWith:jdbc failOnError:true\nINSERT INTO t VALUES (3, 'x');\n"
			. "--rollback DELETE FROM t WHERE i = 3\n" });

# What Liquibase refuses is refused here, and nothing of it runs.
sub refused
{
	my ($name, $root, $files) = @_;
	my $dir = source_dir($files);

	$node->safe_psql('postgres', 'CREATE DATABASE refusing');
	$node->safe_psql('postgres', 'CREATE DATABASE refusing_too TEMPLATE with_migrator');
	my ($code, $said) = liquibase($dir, 'refusing', $root, 'update');
	isnt($code, 0, "Liquibase refuses $name");
	isnt(migrator('refusing_too', "CALL migrator.up('$dir', 'app')"), '', '  and so it is here');
	is($node->safe_psql('refusing_too', "SELECT count(*) FROM migrator.history"), '0', '  where nothing ran');
	$node->safe_psql('postgres', "DROP DATABASE $_") for 'refusing', 'refusing_too';
	return;
}

for my $lines (
	"--changeset bob\nSELECT 1;", "--changeset bob: 2\nSELECT 1;", '--changesets of bob', '-- changeset:bob:2', "-changeset bob:2\nSELECT 1;",
		'--ignore:true', '--ignoreLines:START',
	'-comment x', '--property name:x', '-- property name:x', '--precondition-foo x', '--precondition-SQL-CHECK 1 SELECT 1',
		'--precondition-sql-check', '-precondition-sql-check 1 SELECT 1',
	"--rollback changesetId:9 changesetAuthor:a", "--rollback changesetId:0", "/* liquibase rollback\nDROP TABLE t;", "--changeset a:9\n"
		. "--changeset a:10\nSELECT 1;",
	"--changeset a:0\nSELECT 1;", "--preconditions onFail:NEVER\n--precondition-sql-check 1 SELECT 1")
{
	refused(explain($lines), 'changelog.sql', { 'changelog.sql' => $first . $table . "--changeset a:1\nSELECT 1;\n$lines\n" });
}
refused("before the first changeset: $_", 'changelog.sql', { 'changelog.sql' => "$first/*\n$_\n*/\n$table" })
  for '--comment: x', '- property x', '-changeset b', '-- ignore:start', '-ignoreLines:1';
refused('an empty file', 'changelog.yaml', { 'changelog.yaml' => "databaseChangeLog:\n- include: {file: 1.sql}\n- include: {file: 2.sql}\n",
		'1.sql' => $first . $table, '2.sql' => $_ }) for '', "\n\n", "\xef\xbb\xbf";
refused('a head behind its body', 'changelog.xml', { 'changelog.xml' => xml(qq{<include file="1.sql"/>$_}), '1.sql' => $first . $table })
  for '<property name="x" value="y"/>', '<preConditions><dbms type="postgresql"/></preConditions>';
refused('what leads back to itself', 'changelog.sql', { 'changelog.sql' => "$first--property name:l value:\${m}\n--property name:m value:\${l}\n"
		. "--changeset a:0\nSELECT '\${l}';\n" });
$node->stop;
done_testing();
