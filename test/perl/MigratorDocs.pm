package MigratorDocs;
# The examples of a page: its code blocks, run in order in a database of the page's own, and what they print compared with
# what the page says. test/README.md has the rules.
use strict;
use warnings;

use Exporter 'import';
use File::Path ();
use IPC::Run;
use MigratorTest;
use PostgreSQL::Test::Utils ();
use Test::More;

our @EXPORT = qw(examples_of run_page);

my $sql_word = qr/(?:SELECT|CALL|BEGIN|SET|ALTER|CREATE|GRANT|REVOKE|INSERT|UPDATE|DELETE|DROP|WITH|TABLE|LOAD|COMMENT|DO|EXPLAIN|LISTEN|NOTIFY
	|REINDEX|VACUUM|ANALYZE|TRUNCATE|COPY|RESET|SHOW|COMMIT|ROLLBACK|VALUES|SECURITY)\b/x;
my $message = qr/(?:ERROR|FATAL|WARNING|NOTICE|INFO|LOG|DETAIL|HINT|CONTEXT):  /;
my $command = qr/(?:\$ |(?:[A-Z_]+=(?:'[^']*'|\S+) )*(?:psql|migrator-push|pg_dump|pg_restore|createdb|dropdb|pg_prove|examples\/\w+\.sh)\b|[a-z_]+=\$\()/;

my $wrong = qr{^(?:psql: )?(?:ERROR|FATAL)|^\S*\bsh: \d|not found$|^not ok}m;

# What no page is marked for: it builds, or it is another program's, and is run by the tests named.
my $elsewhere = qr/(?:make|sudo|git|gdb|docker|kubectl|\.\/|perl|apt(?:-get)?|cd|export|REGRESS=|PGHOST=|helm|promtool|systemctl|pg_upgrade)/;

sub kind_of
{
	my ($text) = @_;

	return 'output' if $text =~ /^$message/;
	return 'sql' if $text =~ /^(?:--[^\n]*\n\s*)*$sql_word/;
	return 'sql' if $text =~ /^\\[a-z]/ || $text =~ /^-- \w/;
	return 'elsewhere' if $text =~ /^(?:\$ )?$elsewhere/ && $text !~ /^\$ export/;
	return 'shell' if $text =~ /^(?:#[^\n]*\n)*$command/;
	return 'output' if $text =~ /^[^\n]*\n-+(?:\+-+)*\s*(?:\n|\z)/ || $text =~ /^-\[ RECORD/;
	return 'other';
}

# file PATH TEXT, for setups
my $write = q{file() { mkdir -p "$(dirname "$1")"; printf '%b\n' "$2" > "$1"; }} . "\n";

my %kind_of_language = (sql => 'sql', psql => 'sql', sh => 'shell', console => 'shell', bash => 'shell', shell => 'shell', '' => 'output', text => 'output');

# The blocks of a page, in order: line, kind (sql, shell, output, elsewhere, other), text, adjacent (nothing but blank
# lines since the block before), directives ([word, argument, body], ...).
sub examples_of
{
	my ($file) = @_;
	my @lines = split /\n/, PostgreSQL::Test::Utils::slurp_file($file);
	my (@blocks, @directives);
	my $adjacent = 0;
	my $blank = 1;

	my $add = sub {
		my ($line, $kind, $text, $fenced) = @_;
		my $last = $blocks[-1];

		$kind = 'output' if $kind =~ /other|elsewhere/ && !$fenced && $adjacent && !@directives && $last->{kind} =~ /^(?:sql|shell|output)$/;

		$kind = 'output' if grep { $_->[0] eq 'run' } @directives;
		$kind = 'shell' if $kind eq 'output' && !$fenced && $adjacent && !@directives && $last->{kind} eq 'shell' && $last->{text} =~ /^\$ /m;

		# an indented block goes on behind an empty line
		if (!$fenced && $adjacent && !@directives && $last->{kind} eq $kind && !$last->{fenced})
		{
			$last->{text} .= "\n$text";
		}
		else
		{
			push @blocks, { line => $line, kind => $kind, text => $text, fenced => $fenced, adjacent => $adjacent, directives => [@directives] };
			@directives = ();
		}
		$adjacent = 1;
	};

	for (my $i = 0; $i < @lines; $i++)
	{
		my $from = $i + 1;

		if ($lines[$i] =~ /^\s*<!-- (setup|sh|file|run|meanwhile|not run|page|table)(?:: ?(.*?))?(?: -->)?\s*$/)
		{
			my ($word, $argument, $body) = ($1, $2 // '', '');

			while ($lines[$i] !~ /-->\s*$/)
			{
				die "$file, line $from: the comment has no end\n" if ++$i == @lines;
				$body .= $lines[$i] =~ s/^\s+//r =~ s/\s*-->\s*$//r . "\n" if $lines[$i] !~ /^\s*-->\s*$/;
			}
			push @directives, [ $word, $argument, $body ];
			$blank = 1;
			next;
		}
		elsif ($lines[$i] =~ /^(\s*)```(\w*)/)
		{
			my ($indent, $language, $text) = ($1, $2, '');

			$text .= $lines[$i] =~ s/^$indent//r . "\n" while $lines[ ++$i ] !~ /^\s*```\s*$/;
			my $kind = $kind_of_language{$language} // 'other';
			$kind = 'elsewhere' if $kind eq 'shell' && $text =~ /^(?:#[^\n]*\n)*$elsewhere/;
			$add->($from, $kind, $text, 1);
		}
		elsif ($blank && $lines[$i] =~ /^( {4,})/)
		{
			my $text = '';

			$text .= $lines[ $i++ ] . "\n" while $i < @lines && $lines[$i] =~ /^ {4}/;
			$i--;
			my ($least) = sort { $a <=> $b } map { /^( *)/ && length $1 } split /\n/, $text;

			# psql begins a row with a blank
			$least = 4 * int($least / 4) if kind_of($text =~ s/^ {4}//gmr) eq 'output';
			$text =~ s/^ {$least}//gm;
			$add->($from, kind_of($text), $text, 0);
		}
		elsif ($lines[$i] =~ /^\|/ && grep { $_->[0] eq 'table' } @directives)
		{
			# a row's statements are a block
			my @setup = grep { $_->[0] ne 'table' } @directives;

			for (; $i < @lines && $lines[$i] =~ /^\|/; $i++)
			{
				my @statements = grep { /^$sql_word/ || /^$command/ } map { s/\\\|/|/gr } ($lines[$i] =~ s/^\|(?:[^|\\]|\\.)*\|//r) =~ /`([^`]+)`/g;
				next if !@statements;
				my $kind = $statements[0] =~ /^$command/ ? 'shell' : 'sql';
				push @blocks, { line => $i + 1, kind => $kind, fenced => 1, adjacent => 0, directives => [@setup],
					text => join('', map { $kind eq 'sql' ? "$_;\n" : "$_\n" } grep { $kind eq 'shell' || /^$sql_word/ } @statements) };
				@setup = ();
			}
			@directives = ();
			$i--;
			$adjacent = 0;
		}
		elsif ($lines[$i] =~ /\S/)
		{
			$adjacent = 0;
		}
		$blank = $lines[$i] !~ /\S/;
	}
	return (\@blocks, \@directives);
}

# What differs from run to run.
sub without_what_varies
{
	my ($text) = @_;

	$text =~ s/\d+(?:\.\d+)? ms\b/N ms/g;
	$text =~ s/system identifier \d+/system identifier N/g;
	$text =~ s/\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[+-]\d\d(?::?\d\d)?|Z)?/T/g;
	$text =~ s/(?<![\d.])\d+\.\d+(?![\d.])/N.N/g;
	$text =~ s/("?\b(?:duration_ms|execution_time_ms|executionTime)"?: )\d+\b/$1N.N/g;
	$text =~ s/\b\d\d:\d\d:\d\d\.\d+/T/g;
	$text =~ s/\b\d+ (kB|MB|bytes)\b/N $1/g;
	$text =~ s/\bpid \d+/pid N/g;
	$text =~ s/^((?:backend_)?pid|unlock|blocked_by)( +\| )[{\d},]+$/$1$2N/gm;

	# pids and times in a table: by the name of their column
	my @varies;
	for my $line (split /(?<=\n)/, $text)
	{
		my @cells = split /(\|)/, $line;

		@varies = grep { $cells[$_] =~ /^\s*(?:(?:backend_)?pid|unlock|(?:\w+_)?ms)\s*$/ } 0 .. $#cells if $line !~ /\d|\.\.\.|^-/;
		next if !@varies || $line =~ /^\(\d+ rows?\)/;
		my $new = $line;
		$new = join '', map { my $i = $_; (grep { $i == $_ } @varies) ? $cells[$i] =~ s/\b\d+\b|N\.N/N/r : $cells[$i] } 0 .. $#cells
		  if $line =~ /\d|N\.N/;
		$text =~ s/^\Q$line\E/$new/m;
	}
	$text =~ s/\b[0-9a-f]{64}\b/SHA256/g;
	return $text;
}

# Columns get wider and narrower with them.
sub collapsed { return $_[0] =~ s/-{3,}/---/gr =~ s/ +/ /gr =~ s/ ?\+ ?$/+/gmr; }

# The text as a pattern, of all that is printed or of some lines of it. A line that is "..." stands for any lines, "..." in a line for anything.
sub pattern_of
{
	my ($text, $excerpt) = @_;
	my $pattern = '';

	for my $line (split /\n/, $text)
	{
		if ($line =~ /^[\s|]*\.\.\.[\s|]*$/) { $pattern .= '(?:[^\n]*\n)*?'; }
		else { $pattern .= join('[^\n]*', map { quotemeta } split(/\.\.\./, $line, -1)) . '\n'; }
	}
	return $excerpt ? qr/^$pattern/m : qr/\A$pattern\z/;
}

sub tidy
{
	my ($text) = @_;

	$text =~ s/[ \t]+$//gm;
	$text =~ s/\n{2,}/\n/g;
	$text =~ s/^\n+//;
	$text =~ s/\n*\z/\n/;
	return $text;
}

sub agrees
{
	my ($documented, $printed) = map { tidy($_) } @_[0, 1];
	my $excerpt = $_[2];

	# a page may leave out notices, if it shows none, how many rows it shows, and that psql says what was done
	$printed =~ s/^NOTICE:  .*\n(?:(?:DETAIL|HINT):  .*\n)*//gm if $documented !~ /^(?:NOTICE|\.\.\.)/m;
	$printed =~ s/^\(\d+ rows?\)\n//gm if $documented !~ /^\(\d+ rows?\)$/m;
	my $tags = qr/^(?:SET|CALL|BEGIN|COMMIT|ROLLBACK|INSERT \d+ \d+|(?:CREATE|ALTER|DROP|GRANT|REVOKE)(?: [A-Z]+)*)\n/m;
	$printed =~ s/$tags//g if $documented !~ $tags;

	# JSON may be broken into lines
	if ($documented =~ /^\{"/)
	{
		$printed =~ s/^.*?(?=^ *\{")|^\(\d+ rows?\)\n//gms;
		($documented, $printed) = map { s/\s+/ /gr =~ s/^ //r =~ s/ $/\n/r } $documented, $printed;
	}
	return 1 if $printed =~ pattern_of($documented, $excerpt);
	my ($d, $p) = map { without_what_varies($_) } $documented, $printed;
	return 1 if $p =~ pattern_of($d, $excerpt);
	return 0 if $d eq $documented && $p eq $printed && $printed !~ m{/srv/};
	return collapsed($p) =~ pattern_of(collapsed($d), $excerpt);
}

# The texts of messages in the source, as patterns.
sub messages_of
{
	my ($root) = @_;
	my @patterns;

	for my $file (glob "$root/src/*/*.[ch]")
	{
		my $text = PostgreSQL::Test::Utils::slurp_file($file);

		$text =~ s/"\s*\n\s*"//g;
		while ($text =~ /"((?:[^"\\\n]|\\.)*)"/g)
		{
			my $string = $1 =~ s/\\n.*//sr =~ s/\\(.)/$1/gr;

			next if $string !~ /\w+ \w+/;
			push @patterns, join '.*', map { quotemeta } split /%[-+ #0]*(?:\.?[\d*]+)*(?:l|z|ll)?[a-zA-Z%]|%"?[A-Z0-9_]+"?[a-z]*/, $string, -1;
		}
	}
	my $any = join '|', @patterns;
	return qr/\A(?:$any)/;
}

# Between what a setup prints and what is shown.
my $mark = '-- what the page shows --';

# README.md, or the name below docs/
sub label_of { my ($root, $file) = @_; return $file =~ s,^\Q$root\E/(?:docs/)?,,r; }

# A page that is being run: node, files (the folder that stands for /srv's parent and the working directory), psql, beside
# (sessions of "meanwhile"), count (what was done, by what it is).
sub open_page
{
	my ($node, $root, $page, $count) = @_;
	my $files = PostgreSQL::Test::Utils::tempdir();
	my $psql = $node->config_data('--bindir') . '/psql';
	my ($own) = map { "$root/test/fixtures/docs/" . s/\.md$//r } label_of($root, $page);
	my $copy = sub { PostgreSQL::Test::Utils::system_log('cp', '-rL', @_); };

	chmod 0755, $files;
	File::Path::make_path("$files/srv/app");
	$copy->("$root/examples/shop", "$files/migrations");
	$copy->("$root/examples/shop", "$files/srv/app/migrations");
	$copy->("$root/examples", "$files/examples");
	$copy->($_, "$files/srv/") for glob "$root/test/fixtures/company/services/*";
	if (-d $own)
	{
		File::Path::remove_tree("$files/srv/$_/migrations") for map { s,.*/,,r } glob "$own/srv/*";
		$copy->("$own/.", $files);
	}
	return { node => $node, files => $files, psql => [ $psql, '-X', '-d', 'shop' ], beside => [], count => $count };
}

# The pages of a tool are an ordinary role's: README.md makes it, and docs/tools.md gives it what it takes to come.
sub make_runner
{
	my ($page, $root) = @_;

	for (['README.md', qr/-- runner:/], ['docs/tools.md', qr/-- coming:/])
	{
		my ($file, $begin) = @$_;
		my ($block) = grep { $_->{text} =~ /^$begin/ } @{ (examples_of("$root/$file"))[0] };

		$page->{node}->safe_psql('shop', here($page, $block->{text}) =~ s,(source_roots = '.*?)/app',$1',r);
	}
	push @{ $page->{psql} }, '-U', 'app_runner';
	return;
}

# Nothing of a page is left for the next one.
sub close_page
{
	my ($page) = @_;

	local $ENV{PGUSER} = 'postgres';
	IPC::Run::kill_kill($_->{handle}) for @{ $page->{beside} };
	$page->{node}->safe_psql('postgres', q{
		SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1') \gexec
		SELECT format('DROP OWNED BY %I CASCADE', rolname), format('DROP ROLE %I', rolname) FROM pg_roles
		 WHERE rolname !~ '^pg_' AND rolname <> 'postgres' \gexec
		ALTER SYSTEM RESET ALL;
		SELECT pg_reload_conf()});
	return;
}

# What the page says, as it has to be said here; and back.
sub here
{
	my ($page, $text) = @_;
	return $text =~ s,(?<![\w.])/(srv|backups)\b,$page->{files}/$1,gr =~ s/ -h db\.example\b//gr;
}

sub there
{
	my ($page, $text) = @_;
	return $text =~ s,\Q$page->{files}\E/srv,/srv,gr =~ s,\Q$page->{files}\E/,,gr;
}

# What a command prints, errors too.
sub run_command
{
	my ($page, $command, $in) = @_;
	my $out = '';

	local $ENV{PWD} = $page->{files};
	eval {
		IPC::Run::run($command, '<', \$in, '>', \$out, '2>&1', init => sub { chdir $page->{files} or die }, IPC::Run::timeout($MigratorTest::net));
		1;
	} or $out .= "\nERROR:  it hangs: $@";
	return there($page, $out);
}

sub run_shell { my ($page, $commands) = @_; return run_command($page, [ 'sh', '-c', here($page, $commands) ], ''); }

# (what the setup prints, what the statements print)
sub run_sql
{
	my ($page, $setup, $sql) = @_;
	my $all = run_command($page, $page->{psql}, here($page, "$setup\n\\echo $mark\n$sql\n"));

	return $all =~ /\A(.*?)^$mark\n(.*)\z/ms ? ($1, $2) : ("ERROR:  the setup does not end: $all", '');
}

# What its comments say is done before a block. Returns setup, run (the statement of an output), skip (why it is not run),
# is_file (it was written).
sub prepare
{
	my ($page, $block, $name) = @_;
	my %todo = (setup => '', is_file => 0);

	for my $directive (@{ $block->{directives} })
	{
		my ($word, $argument, $body) = @$directive;
		my $text = $argument ne '' && $body ne '' ? "$argument\n$body" : $argument . $body;

		if ($word eq 'setup') { $todo{setup} .= "$text\n"; }
		elsif ($word eq 'run') { $todo{run} = $text; }
		elsif ($word eq 'not run') { $todo{skip} = $argument; }
		elsif ($word eq 'sh')
		{
			my $out = run_shell($page, "set -e\n$write$text\necho done >&2");

			ok($out =~ /^done$/m, "$name: setup of files") or diag($out);
		}
		elsif ($word eq 'file')
		{
			$todo{is_file} = 1 if $body eq '';
			write_file($argument =~ m,^/srv, ? here($page, $argument) : "$page->{files}/$argument", $body eq '' ? $block->{text} : $body);
		}
		elsif ($word eq 'meanwhile')
		{
			my %other = (in => here($page, $text) . "\n", out => '');

			$other{handle} = IPC::Run::start([ @{ $page->{psql} }, '-Atq' ], '<', \$other{in}, '>', \$other{out}, '2>&1',
				IPC::Run::timeout($MigratorTest::net));
			IPC::Run::pump_nb($other{handle});
			push @{ $page->{beside} }, \%other;
		}
	}
	return %todo;
}

sub write_file
{
	my ($path, $content) = @_;

	(my $folder = $path) =~ s,/[^/]*$,,;
	File::Path::make_path($folder);
	open my $out, '>', $path or die "$path: $!";
	print $out $content;
	close $out or die "$path: $!";
	return;
}

# Runs a block of SQL or of commands, or the statement that stands before an output. Returns what it prints.
sub run_block
{
	my ($page, $block, $name, %todo) = @_;
	my ($of_setup, $printed) = ('');

	if ($block->{kind} eq 'shell')
	{
		my ($commands, $transcript) = ($block->{text}, '');

		# lines behind "$ " are typed, the others printed
		if ($commands =~ /^\$ /m)
		{
			$commands = join '', map { s/^\$ //r } grep { /^\$ / } split /^/, $block->{text};
			$transcript = join '', grep { !/^\$ / } split /^/, $block->{text};
		}
		($of_setup) = run_sql($page, $todo{setup}, '') if $todo{setup} ne '';
		$printed = run_shell($page, $commands);
		$page->{count}{'shell blocks run'}++;
		if ($transcript ne '')
		{
			compare($page, $name, $transcript, $printed);
			undef $printed;
		}
	}
	else
	{
		($of_setup, $printed) = run_sql($page, $todo{setup}, $todo{run} // $block->{text});
		$page->{count}{'SQL blocks run'}++;
	}
	if ($todo{setup} ne '')
	{
		ok($of_setup !~ /^(?:ERROR|FATAL)/m || $todo{setup} =~ /-- fails/, "$name: setup") or diag($of_setup);
	}
	return $printed;
}

sub compare
{
	my ($page, $name, $documented, $printed, $excerpt) = @_;

	ok(agrees($documented, $printed, $excerpt), $name) or diag("documented:\n$documented\nprinted:\n$printed");
	$page->{count}{'outputs compared'}++;
	return;
}

# An output that nobody ran: its messages are in the source at least.
sub look_up
{
	my ($page, $name, $text, $messages) = @_;
	my @said = map { s/^$message(?:migrator, service "[^"]*"(?:, database "[^"]*")?: )?//r } grep { /^$message/ && !/^CONTEXT/ } split /\n/, $text;
	my @unknown = grep { $_ !~ $messages } @said;

	ok(@said && !@unknown, "$name: messages of the source") or diag(join "\n", 'no such message in the source:', @unknown, $text);
	$page->{count}{'messages looked up in the source'}++;
	return;
}

# run_page($node, $root, $file, \%count, $messages): runs the blocks of a page, one test for each that can be judged.
sub run_page
{
	my ($node, $root, $file, $count, $messages) = @_;
	my $label = label_of($root, $file);
	my ($blocks) = examples_of($file);

	return if !@$blocks;
	my $page = open_page($node, $root, $file, $count);
	my %of_page = map { $_->[1] => 1 } grep { $_->[0] eq 'page' } map { @{ $_->{directives} } } @$blocks;
	my $printed;

	local $ENV{PATH} = $node->config_data('--bindir') . ":$page->{files}/bin:$ENV{PATH}";
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{PGDATABASE} = 'shop';
	local $ENV{PGUSER} = 'postgres';

	$node->safe_psql('postgres', 'CREATE DATABASE shop');
	$node->safe_psql('shop', 'CREATE EXTENSION migrator')
	  if !$of_page{'without the extension'};
	if ($of_page{'as app_runner'})
	{
		make_runner($page, $root);
		$ENV{PGUSER} = 'app_runner';
	}

	for my $i (0 .. $#$blocks)
	{
		my $block = $blocks->[$i];
		my $kind = $block->{kind};
		my $name = "$label, line $block->{line}";
		my %todo = prepare($page, $block, $name);
		my $passed_over =
			$todo{is_file} ? 'files of the examples'
		  : defined $todo{skip} ? "not run: $todo{skip}"
		  : $kind eq 'elsewhere' ? 'build and other tools'
		  : $kind eq 'other' ? 'no SQL and no command'
		  : undef;

		if (defined $passed_over)
		{
			$count->{$passed_over}++;
			next;
		}
		$printed = run_block($page, $block, $name, %todo) if $kind ne 'output' || defined $todo{run};

		if ($kind eq 'output')
		{
			if (defined $printed && (defined $todo{run} || $block->{adjacent}))
			{
				compare($page, $name, $block->{text}, $printed, defined $todo{run});
			}
			else { look_up($page, $name, $block->{text}, $messages); }
			undef $printed;
			next;
		}

		# where nothing is documented nothing may go wrong
		my $next = $blocks->[ $i + 1 ];
		ok($printed !~ $wrong, "$name runs") or diag($printed)
		  if defined $printed && !($next && $next->{kind} eq 'output' && $next->{adjacent} && !@{ $next->{directives} });
	}
	close_page($page);
	return;
}

1;
