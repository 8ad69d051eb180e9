package MigratorDocs;
# The examples of a page: its code blocks, run in order in a database of the page's own, and what they print compared with
# what the page says. test/README.md has the rules.
use strict;
use warnings;

use Cwd ();
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

			if ($lines[$i] !~ /-->\s*$/)
			{
				$body .= $lines[$i] =~ s/^(\s*)//r . "\n" while $lines[ ++$i ] !~ /^\s*-->\s*$/;
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

	# pids in a table: by the name of their column
	my @of_pids;
	for my $line (split /(?<=\n)/, $text)
	{
		my @cells = split /(\|)/, $line;

		@of_pids = grep { $cells[$_] =~ /^\s*(?:(?:backend_)?pid|unlock)\s*$/ } 0 .. $#cells if $line !~ /\d/ && $line !~ /^-/;
		next if !@of_pids || $line !~ /\d/ || $line =~ /^\(\d+ rows?\)/;
		for (grep { defined $cells[$_] } @of_pids) { $cells[$_] =~ s/\d+/N/; }
		my $new = join '', @cells;
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

# run_page($node, $root, $page, \%messages): one test for each block that can be judged; counts what was done by what.
sub run_page
{
	my ($node, $root, $page, $count, $messages) = @_;
	my $label = $page =~ s,.*/,,r;
	my ($blocks, $rest) = examples_of($page);
	my $files = PostgreSQL::Test::Utils::tempdir();
	my $bindir = $node->config_data('--bindir');
	my @psql = ("$bindir/psql", '-X', '-d', 'shop');
	my ($printed, @beside);

	return if !@$blocks;
	chmod 0755, $files;
	PostgreSQL::Test::Utils::system_log('cp', '-rL', "$root/examples/shop", "$files/migrations");
	File::Path::make_path("$files/srv/app");
	PostgreSQL::Test::Utils::system_log('cp', '-r', "$root/examples/shop", "$files/srv/app/migrations");
	PostgreSQL::Test::Utils::system_log('cp', '-r', "$root/$_", "$files/" . s,.*/,,r) for grep { -e "$root/$_" } qw(examples bin);
	for my $service (glob "$root/test/fixtures/company/services/*")
	{
		PostgreSQL::Test::Utils::system_log('cp', '-r', $service, "$files/srv/");
	}
	(my $own = $label) =~ s/\.md$//;
	if (-d "$root/test/fixtures/docs/$own")
	{
		File::Path::remove_tree("$files/srv/$_/migrations") for map { s,.*/,,r } glob "$root/test/fixtures/docs/$own/srv/*";
		PostgreSQL::Test::Utils::system_log('cp', '-r', "$root/test/fixtures/docs/$own/.", $files);
	}

	local $ENV{PATH} = "$bindir:$files/bin:$ENV{PATH}";
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{PGDATABASE} = 'shop';
	local $ENV{PGUSER} = 'postgres';

	my $here = sub { return $_[0] =~ s,(?<![\w.])/srv\b,$files/srv,gr =~ s,(?<![\w.])/backups\b,$files/backups,gr =~ s/ -h db\.example\b//gr; };
	my $there = sub { return $_[0] =~ s,\Q$files\E/srv,/srv,gr =~ s,\Q$files\E/,,gr; };
	my $run = sub {
		my ($command, $in) = @_;
		my $out = '';

		local $ENV{PWD} = $files;
		IPC::Run::run($command, '<', \$in, '>', \$out, '2>&1', init => sub { chdir $files or die }, IPC::Run::timeout($MigratorTest::net));
		return $there->($out);
	};

	$node->safe_psql('postgres', 'CREATE DATABASE shop');
	$run->([ @psql, '-q', '-c', 'CREATE EXTENSION migrator' ], '')
	  unless grep { $_->[0] eq 'page' && $_->[1] =~ /without the extension/ } map { @{ $_->{directives} } } @$blocks;

	for my $block (@$blocks)
	{
		my $name = "$label, line $block->{line}";
		my ($setup, $hidden, $skip, $is_file) = ('', undef, undef, 0);
		my $mark = "-- what the page shows --";

		for my $directive (@{ $block->{directives} })
		{
			my ($word, $argument, $body) = @$directive;
			my $text = $argument ne '' && $body ne '' ? "$argument\n$body" : $argument . $body;

			if ($word eq 'setup') { $setup .= "$text\n"; }
			elsif ($word eq 'run') { $hidden = $text; }
			elsif ($word eq 'not run') { $skip = $argument; }
			elsif ($word eq 'sh')
			{
				my $out = $run->([ 'sh', '-ec', $here->($write . $text) . "\necho done >&2" ], '');

				like($out, qr/^done$/m, "$name: setup of files") or diag($out);
			}
			elsif ($word eq 'file')
			{
				my $path = $argument =~ m,^/srv, ? $here->($argument) : "$files/$argument";

				$is_file = 1 if $body eq '';
				(my $folder = $path) =~ s,/[^/]*$,,;
				File::Path::make_path($folder);
				open my $out, '>', $path or die "$path: $!";
				print $out ($body eq '' ? $block->{text} : $body);
				close $out or die;
			}
			elsif ($word eq 'meanwhile')
			{
				my %other = (in => $here->($text) . "\n", out => '');

				$other{handle} = IPC::Run::start([ @psql, '-Atq' ], '<', \$other{in}, '>', \$other{out}, '2>&1', IPC::Run::timeout($MigratorTest::net));
				IPC::Run::pump_nb($other{handle});
				push @beside, \%other;
			}
		}
		if ($is_file) { $count->{'files of the examples'}++; next; }
		if (defined $skip) { $count->{"not run: $skip"}++; next; }
		if ($block->{kind} eq 'elsewhere' || $block->{kind} eq 'other')
		{
			$count->{ $block->{kind} eq 'other' ? 'no SQL and no command' : 'build and other tools' }++;
			next;
		}

		# what is run: the block, or what stands hidden before an output
		my $printed_before = $printed;
		my $sql = $block->{kind} eq 'sql' ? $block->{text} : $hidden;
		if ($block->{kind} eq 'shell')
		{
			my ($commands, $transcript) = ($block->{text}, undef);

			# lines behind "$ " are typed, the others printed
			if ($commands =~ /^\$ /m)
			{
				$commands = join '', map { s/^\$ //r } grep { /^\$ / } split /^/, $block->{text};
				$transcript = join '', grep { !/^\$ / } split /^/, $block->{text};
			}
			my $of_setup = $setup eq '' ? '' : $run->([ @psql, '-q' ], $here->($setup));
			unlike($of_setup, qr/^(?:ERROR|FATAL)/m, "$name: setup") if $setup ne '';
			$printed = $run->([ 'sh', '-c', $here->($commands) ], '');
			$count->{'shell blocks run'}++;
			$printed_before = undef;
			if (defined $transcript && $transcript ne '')
			{
				ok(agrees($transcript, $printed), $name) or diag("documented:\n$transcript\nprinted:\n$printed");
				undef $printed;
			}
		}
		elsif (defined $sql)
		{
			my $all = $run->([@psql], $here->("$setup\n\\echo $mark\n$sql\n"));

			(my $of_setup, $printed) = $all =~ /\A(.*?)^$mark\n(.*)\z/ms or die "$name: $all";
			ok($of_setup !~ /^(?:ERROR|FATAL)/m || $setup =~ /-- fails/, "$name: setup") or diag($of_setup) if $setup ne '';
			$count->{'SQL blocks run'}++;
			$printed_before = undef;
		}

		my $next = (grep { $blocks->[$_] == $block } 0 .. $#$blocks)[0] + 1;
		my $follower = $blocks->[$next];
		my $has_output = $follower && $follower->{kind} eq 'output' && $follower->{adjacent} && !@{ $follower->{directives} };
		if ($block->{kind} ne 'output' && !$has_output && defined $printed)
		{
			# nothing is documented: then nothing may go wrong
			ok($printed !~ $wrong, "$name runs") or diag($printed);
		}
		elsif ($block->{kind} eq 'output' && defined $printed && (defined $hidden || $block->{adjacent}))
		{
			ok(agrees($block->{text}, $printed, defined $hidden), $name) or diag("documented:\n$block->{text}\nprinted:\n$printed");
			$count->{'outputs compared'}++;
			undef $printed;
		}
		elsif ($block->{kind} eq 'output')
		{
			# nobody ran it: its messages are in the source at least
			my @unknown;
			for my $line (grep { /^$message/ } split /\n/, $block->{text})
			{
				my $said = $line =~ s/^$message(?:migrator, service "[^"]*": )?//r;

				push @unknown, $line if $line !~ /^CONTEXT/ && $said !~ $messages;
			}
			my $messages_in_it = () = $block->{text} =~ /^$message/mg;
			ok($messages_in_it && !@unknown, "$name: messages of the source") or diag(join "\n", 'no such message in the source:', @unknown, $block->{text});
			$count->{'messages looked up in the source'}++;
		}
		undef $printed if $block->{kind} eq 'output';
	}
	IPC::Run::kill_kill($_->{handle}) for @beside;

	# nothing of it is left for the next page
	$node->safe_psql('postgres', q{
		SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1') \gexec
		SELECT format('DROP OWNED BY %I CASCADE', rolname), format('DROP ROLE %I', rolname) FROM pg_roles
		 WHERE rolname !~ '^pg_' AND rolname <> 'postgres' \gexec
		ALTER SYSTEM RESET ALL;
		SELECT pg_reload_conf()});
	return;
}

1;
