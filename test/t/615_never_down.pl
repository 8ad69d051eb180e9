# A way back that would drop all, behind marks as people, editors and other systems write them: of every layout and every such writing, alone,
# among files as they should be, and with the layout named, the file is refused, or what goes up runs and nothing else.
use strict;
use warnings;

use Encode;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('never_down');
$node->init(extra => [ '-U', 'postgres', '-E', 'UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nclient_min_messages = error\nmax_locks_per_transaction = 1000\n");
$node->start;
$ENV{PGUSER} = 'postgres';
delete @ENV{qw(PGOPTIONS PGCLIENTENCODING)};

# What a run does is undone, and told by the error's text.
$node->safe_psql('postgres', q{
	CREATE EXTENSION migrator;
	CREATE SCHEMA precious;
	CREATE TABLE precious.rows AS SELECT 1 AS i;
	CREATE FUNCTION try(source text, layout text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
	  said text;
	BEGIN
	  PERFORM migrator.apply(source, 'tried', options => jsonb_strip_nulls(jsonb_build_object('layout', layout)));
	  said := concat_ws(', ', 'ran',
	    CASE WHEN to_regclass('precious.rows') IS NULL THEN 'DROPPED' END, CASE WHEN to_regclass('up_ran') IS NULL THEN 'NOT UP' END);
	  RAISE EXCEPTION USING errcode = 'UNDO0', message = said;
	EXCEPTION
	  WHEN SQLSTATE 'UNDO0' THEN RETURN SQLERRM;
	  WHEN internal_error THEN RETURN SQLERRM;
	  WHEN OTHERS THEN RETURN 'refused';
	END $$;});

my $up = "CREATE TABLE up_ran ();\n";
my $down = "DROP SCHEMA precious CASCADE;\n";

# The marks of a tool: before what goes up, and before what goes back.
my %tools = (
	dbmate => [ '-- migrate:up', '-- migrate:down' ],
	goose => [ '-- +goose Up', '-- +goose Down' ],
	'sql-migrate' => [ '-- +migrate Up', '-- +migrate Down' ],
	'node-pg-migrate' => [ '-- Up Migration', '-- Down Migration' ],
	tern => [ '', '---- create above / drop below ----' ],
	liquibase => [ "--liquibase formatted sql\n--changeset ann:1", '--rollback DROP SCHEMA precious CASCADE;' ],
	'liquibase ' => [ "--liquibase formatted sql\n--changeset ann:1", "/* liquibase rollback\nDROP SCHEMA precious CASCADE;\n*/" ],
	# tools without a layout: their marks are refused
	micrate => [ '-- +micrate Up', '-- +micrate Down' ],
	shmig => [ '-- ====  UP  ====', '-- ==== DOWN ====' ],
	mybatis => [ '-- // first', '-- //@UNDO' ],
	play => [ '# --- !Ups', '# --- !Downs' ],
	rambler => [ '-- rambler up', '-- rambler down' ],
	atlas => [ "-- atlas:txtar\n\n-- migration.sql --", '-- down.sql --' ],
	heading => [ '-- Up', '-- Down' ],
);
# What reads these is not known, so strings, comments and prose are what they are to SQL; and behind something else on a line these tools
# see no mark, and run what is behind it on the way up.
my $only_sql = qr/^(mybatis|heading), alone: (in a|in nested|behind: text|behind a|twice on a line|no line end before|lines: one|down )/;
my $no_mark = qr/^(goose|sql-migrate|node-pg-migrate), .*: (behind a (comment|statement)|no line end before|lines: one (form feed|vertical tab))$/;

sub part_of { my ($tool) = @_; return $tool =~ /^liquibase/ ? '' : $down; }

my $nbsp = "\x{a0}";
my %spaces = (
	tab => "\t", two => '  ', none => '', nbsp => $nbsp, 'em space' => "\x{2003}", ideographic => "\x{3000}", 'thin space' => "\x{2009}",
	'zero width' => "\x{200b}", 'zero width after' => " \x{200b}", 'zero width before' => "\x{200b} ", joiner => "\x{2060}", 'soft hyphen' => "\x{ad}",
	'byte order mark' => " \x{feff}", 'form feed' => "\f", 'vertical tab' => "\x0b", 'no break, narrow' => "\x{202f}", direction => " \x{200e}",
	embedding => " \x{202a}"
);

# Every writing of a mark: name => the mark.
sub writings
{
	my ($mark) = @_;
	my %of = (
		'as it is' => $mark, upper => uc $mark, lower => lc $mark, title => join('', map { ucfirst lc } split /(?=[^\w])/, $mark),
		swapped => join('', map { lc($_) eq $_ ? uc : lc } split //, $mark));

	for my $name (keys %spaces)
	{
		my $space = $spaces{$name};

		(my $first = $mark) =~ s/ /$space/;
		(my $all = $mark) =~ s/ /$space/g;
		$of{"first blank: $name"} = $first;
		$of{"all blanks: $name"} = $all;
		$of{"indented: $name"} = "$space$mark";
		$of{"behind: $name"} = "$mark$space";
		(my $dashes = $mark) =~ s/^(\W*?[-#\/]+)/$1$space/;
		$of{"behind the dashes: $name"} = $dashes;
	}
	(my $inserted = $mark) =~ s/-- /--/;
	$of{'no blank'} = $inserted;
	for my $text (' x', ';', '.', ':', ' -- x', '!', ' (all)', "\r", ' \\', '*/', " */ SELECT 1; --")
	{
		$of{"behind: text '$text'"} = "$mark$text";
	}
	for my $dash (qw(- --- ---- # // * /*), "\x{2013}", "\x{2014}", "\x{2013}\x{2013}", "\x{2014}\x{2014}", "\x{ff0d}\x{ff0d}",
		"\x{2212}\x{2212}", "\x{2010}\x{2010}",
		"\x{fe63}\x{fe63}", '- -', "-\x{ad}-", "-\x{200b}-")
	{
		(my $other = $mark) =~ s/^--/$dash/;
		$of{"dashes: $dash"} = $other if $other ne $mark;
	}
	$of{'behind a statement'} = "SELECT 1; $mark";
	$of{'behind a comment'} = "/* x */ $mark";
	$of{'in a string'} = "SELECT '\n$mark\n';";
	$of{'in an escape string'} = "SELECT E'\\'\n$mark\n';";
	$of{'in a dollar quote'} = "DO \$x\$BEGIN\n$mark\nEND\$x\$;";
	$of{'in an identifier'} = "SELECT 1 AS \"\n$mark\n\";";
	$of{'in a comment'} = "/*\n$mark\n*/";
	$of{'in nested comments'} = "/* /*\n*/\n$mark\n*/";
	$of{'opens a string'} = "SELECT '\n$mark";
	$of{'opens a comment'} = "/*\n$mark";
	$of{'opens a dollar quote'} = "DO \$\$\n$mark";
	$of{'twice'} = "$mark\n$mark";
	$of{'twice on a line'} = "$mark $mark";
	return \%of;
}

# Every writing of a file.
sub files_of
{
	my ($tool) = @_;
	my ($up_mark, $down_mark) = @{ $tools{$tool} };
	my $part = part_of($tool);
	my $begin = $up_mark eq '' ? '' : "$up_mark\n";
	my %files;
	my $writings = writings($down_mark);

	$files{$_} = encode('UTF-8', "$begin$up$writings->{$_}\n$part") for keys %$writings;
	my $ups = writings($up_mark);
	$files{"up: $_"} = encode('UTF-8', "$ups->{$_}\n$up$down_mark\n$part") for $up_mark eq '' ? () : keys %$ups;

	my $plain = "$begin$up$down_mark\n$part";
	(my $crlf = $plain) =~ s/\n/\r\n/g;
	(my $cr = $plain) =~ s/\n/\r/g;
	(my $mixed = $plain) =~ s/;\n/;\r/;
	(my $lfcr = $plain) =~ s/\n/\n\r/g;
	(my $crcrlf = $plain) =~ s/\n/\r\r\n/g;
	$files{'lines: CRLF'} = $crlf;
	$files{'lines: CR'} = $cr;
	$files{'lines: one CR'} = $mixed;
	$files{'lines: LFCR'} = $lfcr;
	$files{'lines: CRCRLF'} = $crcrlf;
	for my $end ([ 'next line', "\x{85}" ], [ 'separator', "\x{2028}" ], [ 'paragraph', "\x{2029}" ], [ 'form feed', "\f" ], [ 'vertical tab', "\x0b" ])
	{
		(my $other = $plain) =~ s/\n/$end->[1]/g;
		(my $once = $plain) =~ s/;\n/;$end->[1]/;
		$files{"lines: $end->[0]"} = encode('UTF-8', $other);
		$files{"lines: one $end->[0]"} = encode('UTF-8', $once);
	}
	$files{'no line end before'} = "$begin" . ($up =~ s/\n//r) . "$down_mark\n$part";
	$files{'no line end behind'} = "$begin$up$down_mark$part";
	$files{'byte order mark'} = "\xef\xbb\xbf$plain";
	$files{'two byte order marks'} = "\xef\xbb\xbf\xef\xbb\xbf$plain";
	$files{"UTF-16 $_"} = encode("UTF-16$_", $plain) for 'LE', 'BE';
	$files{'UTF-16 with a mark'} = encode('UTF-16', $plain);
	$files{'UTF-32'} = encode('UTF-32', $plain);
	$files{'no UTF-8'} = "$begin$up\xe9\xe8\n$down_mark\n$part";
	$files{'no UTF-8 in the mark'} = "$begin$up$down_mark\xe9\n$part";
	$files{'NUL'} = "$begin$up$down_mark\0\n$part";
	$files{'no up mark'} = "$up$down_mark\n$part" if $up_mark ne '';
	$files{'down first'} = "$down_mark\n$part$begin$up";
	$files{'down alone'} = "$down_mark\n$part";
	$files{'up twice'} = "$begin$up$down_mark\n$part$begin";
	$files{'two of both'} = "$begin$up$down_mark\n$part${begin}SELECT 1;\n$down_mark\n$part";
	$files{'COPY'} = "$begin${up}COPY up_ran FROM stdin;\n$down_mark\n\\.\n$part";
	$files{'end of file'} = "$begin$up\x1a\n$down_mark\n$part";
	return \%files;
}

my $top = source_dir({});
my (@cases, $dirs);
sub add_case
{
	my ($name, $layout, $files) = @_;
	my $dir = sprintf '%s/%05d', $top, ++$dirs;

	write_files($dir, $files);
	push @cases, [ $name, $dir, $layout ];
}

for my $tool (sort keys %tools)
{
	my $files = files_of($tool);
	my ($up_mark, $down_mark) = @{ $tools{$tool} };
	(my $layout = $tool) =~ s/ $//;
	my $is_layout = $tool =~ /^(dbmate|goose|sql-migrate|node-pg-migrate|tern|liquibase)/;
	my %good = map { ("${_}_x.sql" => "$up_mark\nSELECT $_;\n" . ($tool =~ /^liquibase/ ? '' : "$down_mark\n$down")) } 2 .. 4;

	for my $name (grep { "$tool, alone: $_" !~ $only_sql && "$tool, alone: $_" !~ $no_mark } sort keys %$files)
	{
		add_case("$tool, alone: $name", undef, { '1_x.sql' => $files->{$name} });
		add_case("$tool, with others: $name", undef, { '1_x.sql' => $files->{$name}, %good }) if $is_layout;
		add_case("$tool, chosen: $name", $layout, { '1_x.sql' => $files->{$name} }) if $is_layout;
	}
}

# Ways back in files of their own, by what they are called.
my %names = (
	'golang-migrate' => [ '1_x.up.sql', '1_x.down.sql' ], sqlx => [ '1_x.up.sql', '1_x.down.sql' ], popx => [ '1_x.up.sql', '1_x.down.sql' ],
	flyway => [ 'V1__x.sql', 'U1__x.sql' ], dated => [ '20240101000000_x.up.sql', '20240101000000_x.down.sql' ], diesel => [ '1_x/up.sql', '1_x/down.sql' ],
	sqitch => [ 'deploy/x.sql', 'revert/x.sql' ]
);
for my $tool (sort keys %names)
{
	my ($up_file, $down_file) = @{ $names{$tool} };
	my %of = ('as it is' => $down_file, upper => uc $down_file, 'version in front' => "2$down_file", 'another version' => $down_file =~ s/1/2/r);

	for my $word (qw(Down DOWN dOWN undo revert rollback down-old down.pg down.postgres down_1), 'down ', ' down', "do\x{200b}wn",
		"down\x{200b}", "down\x{ad}", "\x{2060}down")
	{
		(my $name = $down_file) =~ s/down(?=\.sql)/$word/ or next;
		$of{"word: $word"} = $name;
	}
	for my $ending ('.sql.sql', '.SQL', '.sql ', '.sql~', '.sql.bak', '.psql', '.sql.down')
	{
		$of{"ending: $ending"} = $down_file =~ s/\.sql$/$ending/r;
	}
	$of{'underscore'} = $down_file =~ s/\.down/_down/r;
	$of{'dash'} = $down_file =~ s/\.down/-down/r;
	$of{"prefix: $_"} = $down_file =~ s/^U/$_/r for $down_file =~ /^U/ ? ('u', 'UV', ' U', 'U ', "\x{feff}U", 'VU', 'D') : ();
	$of{'folder'} = "down/$down_file";
	for my $name (sort keys %of)
	{
		my %files = ($up_file => $up, encode('UTF-8', $of{$name}) => $down);

		$files{'sqitch.plan'} = "%project=x\n\nx 2024-01-01T00:00:00Z a <a\@b.c>\n" if $tool eq 'sqitch';
		add_case("$tool, by its name: $name", undef, {%files});
		add_case("$tool, chosen, by its name: $name", $tool, {%files});
	}
}

# one statement each: a session lives on whatever one of them does
my $sql = join '', map { my ($name, $dir, $layout) = @$_; "SELECT try('$dir', " . (defined $layout ? "'$layout'" : 'NULL') . ");\n" } @cases;
my ($code, $out, $err) = $node->psql('postgres', $sql, on_error_stop => 0);
is($code, 0, 'the session lives') or diag($err);
my @said = split /\n/, $out;
is(scalar @said, scalar @cases, 'each was tried') or diag($err);

my %count;
my @wrong;
for my $i (0 .. $#cases)
{
	my $said = $said[$i] // 'nothing';
	my ($kind) = $said =~ /^(ran$|refused)/;

	# without an end a line is one comment, and so it is to the tool; nor is there a way up where none was written
	$kind = 'ran nothing' if $said eq 'ran, NOT UP' && $cases[$i][0] =~ /lines: |: down (first|alone)/;

	$count{ $kind // 'wrong' }++;
	push @wrong, "$cases[$i][0] ($cases[$i][1]): $said" unless $kind;
}
is(scalar @wrong, 0, "of ${\ scalar @cases} files none runs its way back") or diag(encode('UTF-8', join "\n", @wrong));

# the test would see it
for my $tool (grep { $_ !~ /^(micrate|shmig|mybatis|play|rambler|atlas|heading)$/ } sort keys %tools)
{
	my ($i) = grep { $cases[$_][0] eq "$tool, alone: as it is" } 0 .. $#cases;
	is($said[$i], 'ran', "$tool: as it should be, it runs");
}
is($node->safe_psql('postgres', "SELECT try('" . source_dir({ '1_x.sql' => "$up$down" }) . "', NULL)"), 'ran, DROPPED', 'a script that drops all is seen to');
note(join ', ', map { "$count{$_} $_" } sort keys %count);
$node->stop;
done_testing();
