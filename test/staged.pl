#!/usr/bin/perl
# staged.pl PROGRAM [ARGUMENT...]: runs psql or isolationtester with the test on standard input changed so that each
# directory of migrations is staged first, and read as stage:NAME; then prints the output changed back. For the option
# --launcher of pg_regress and pg_isolation_regress, which compare it with the expected output of the test as it stands.
# staged.pl rewrite DIRECTORY FILE...: writes the changed tests there.
#
# A directory is the literal 'm' or 'm/...' (test/include/setup.sql), 'migrator_iso_...' (test/specs), or a variable of
# psql's for one in test/fixtures. It is replaced where it is the source of a call.
use strict;
use warnings;

use FindBin;

# What stays a directory, by the name of the test: lines, each seen with the one before it, and the reason.
my %kept = (
	# A directory that is not there, or is none: a set has other messages and SQLSTATEs, see stage.sql.
	'' => qr{'m/(?:nowhere|nosuch|gone|file)'.*$},

	# Who may read a directory: the sandbox, which sets have none of. What scripts may do, and who did it, is staged.
	privileges => qr{'m(?:'|/(?!try|in/e)).*$},
	errors => qr{^SET ROLE},

	# The length of a context that holds the call itself.
	hostile => qr{'wide'.*$},

	# A file that a hook changes under the run's eyes; of a set it would be another client's.
	hooks_errors => qr{'m/w'.*$},

	# Another source than the registered one: it may be another one's files if one of them is staged (run_check_source).
	register => qr{(?:'m/e'|'crm'|'fresh').*$},
	up => qr{'billing'.*$},

	# In another database nothing is staged.
	adopt_hostile => qr{'m/bytes'.*$},

	# Where files are to be written, and who may read a directory.
	new_migration => qr{'shop'.*$},
	report => qr{'open', .*$},

	# One file as a source, which no set is.
	layout_script => qr{'m/(?:\.\./m/)?d/.*\.sql'.*$},
	baseline => qr{'ours'.*$},
	health => qr{'m/e'.*$},
);

my $path = qr{(?:m|migrator_iso_\w+)(?:/[^'/]*)*};
my $shown = qr{(?:m|migrator_iso_\w+)\b(?:/[\w.-]+)*};
my $literal = qr{''$path''|'$path'|current_setting\('data_directory'\) \|\| '/$path'};
my $string = qr{'(?:[^']|'')*'};

# the first argument of what takes a source, also of a prepared statement with such a name; the second one of
# register(); a row of VALUES; in the examples of help()
my $before = qr{
	\b(?:apply|up|up_background|rollback|down|prove|redo|reset|rollback_preview
		|status|pending|summary|validate|dependencies|dependency_graph|impact|is_current|assert_current|health|settings|baseline|adopt)\((?:source[ ]=>[ ])?
	| \bregister\((?:$string|NULL|repeat\([^()]*\)),[ ]
	| (?<!\w)\(
	| '/srv/\w+/migrations',[ ]
}x;

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

sub rewrite_sql
{
	my ($test, $name) = @_;
	my @kept = grep { defined } @kept{ '', $name };
	my $result = '';
	my $call = '';
	my $last = '';
	my $unstageable = 0;

	for my $line (split /^/m, $test)
	{
		my $new = $line;

		# a call of what writes files, to its end; the files are staged behind it
		if ($call ne '' || $line =~ /^CALL files\.(?:make|names|write|remove|run)\(/)
		{
			$call .= $line;
			(my $unquoted = $call) =~ s/\$(\w*)\$.*?\$\1\$|E'(?:[^'\\]|''|\\.)*'|$string//gs;
			if ($unquoted =~ /\);$/ && $unquoted !~ /'|\$\w*\$/)
			{
				# a FIFO, a link to nowhere, to itself or to its folder: a directory until it is made anew
				$unstageable = $call =~ /mkfifo|ln -sf? (?:\.|nowhere|\w+\.sql) /
				  || $unstageable && $call !~ /^CALL files\.(?:make|names)/;
				$new =~ s/$/ CALL files.stage('m');/ unless $unstageable;
				$call = '';
			}
		}
		elsif (!$unstageable && !grep { "$last$line" =~ $_ } @kept)
		{
			$new =~ s/($before)($literal)/$1files.staged($2)/g;
		}
		$result .= $new;
		$last = $line;
	}

	# fixtures
	$result =~ s/(:'$_')/files.staged($1)/g for $test =~ /^\\set (\w+) :dir '\/fixtures\//mg;
	$result =~ s/(:'dir' \|\| '\/fixtures\/\w+')/files.staged($1)/g;
	return $result;
}

# In a spec files are written by its setup alone, and staged behind it: its sessions would wait for one another.
sub rewrite_spec
{
	my ($test) = @_;
	my %sources;

	$test =~ s/($before)'($path)'/$sources{$2} = 1; "$1'stage:$2'"/ge;
	$test =~ s/(FROM pg_locks WHERE locktype = 'advisory')/$1 AND NOT files.keeps(classid, objid)/g;
	my $function = slurp("$FindBin::RealBin/include/staged.sql");
	my $calls = join '', map { "CALL files.stage('$_');\n" } sort keys %sources;
	$test =~ s/^(setup\n\{\n(?:.*\n)*?\}\n)/$1setup\n{\n$function}\nsetup\n{\n$calls}\n/m or die "no setup\n";
	return $test;
}

sub restore
{
	my ($output) = @_;
	my %spelling;
	my $result = '';

	for (split /^/m, $output)
	{
		# a source that was written in another way
		if (/files\.staged\('((?:[^']*\/)?\.\.?\/[^']*)'\)/)
		{
			my $given = $1;
			(my $short = $given) =~ s{(?<=/)\./|[^/]+/\.\./}{}g;
			%spelling = ($short => $given);
		}
		elsif (/files\.staged\(/) { %spelling = (); }
		s/ CALL files\.stage\('m'\);$//;
		s/files\.staged\(($literal|:'\w+'|:'dir' \|\| '[^']*')\)/$1/g;
		s/\bstage:($shown)/$spelling{$1} \/\/ $1/ge;
		s/ AND NOT files\.keeps\(classid, objid\)//g;
		$result .= $_;
	}
	return $result;
}

sub rewrite
{
	my ($test, $name) = @_;
	my $new = $test =~ /^permutation /m ? rewrite_spec($test) : rewrite_sql($test, $name);

	# not to run what was run before, and call it staged
	die "$name: no source is staged\n" if $test =~ /$before$literal/ && $new !~ /files\.staged\(|'stage:/;
	return $new;
}

my $program = shift @ARGV;
if ($program eq 'rewrite')
{
	my $to = shift @ARGV;
	for my $file (@ARGV)
	{
		my ($name) = $file =~ m{([^/]*)$};
		open my $out, '>', "$to/$name" or die "$to/$name: $!\n";
		print $out rewrite(slurp($file), $name =~ s/\..*//r);
		close $out or die "$to/$name: $!\n";
	}
	exit 0;
}

# Through files, as without us: what a test leaves running may keep a pipe open.
my $test = do { local $/; <STDIN> };
open my $in, '+>', undef or die "temporary file: $!\n";
print $in rewrite($test, ($ENV{PGAPPNAME} // '') =~ s,.*/,,r);
$in->flush;
seek $in, 0, 0;
open my $out, '+>', undef or die "temporary file: $!\n";
open STDIN, '<&', $in or die $!;
open my $stdout, '>&', \*STDOUT or die $!;
open STDOUT, '>&', $out or die $!;
open STDERR, '>&', $out or die $!;
$ENV{MIGRATOR_STAGED} = 1;
my $status = system { $program } $program, @ARGV;
seek $out, 0, 0;
print $stdout restore(do { local $/; scalar <$out> } // '');
close $stdout;
kill $status & 127, $$ if $status & 127;
exit($status >> 8);
