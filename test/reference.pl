#!/usr/bin/perl
# reference.pl: prints docs/reference.md, from the catalog of a database with the extension (PGDATABASE, PGHOST, ...; psql
# and pg_config on the PATH) and from the source beside it. t/562_reference.pl compares.
#
#   PGDATABASE=shop perl test/reference.pl > docs/reference.md
use strict;
use warnings;

use FindBin;
use Text::Wrap ();

my $root = "$FindBin::RealBin/..";

sub slurp
{
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

# Rows of a query: hashes by the names given.
sub rows
{
	my ($names, $sql) = @_;
	my $out = do
	{
		open my $psql, '-|', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-F', "\x1f", '-R', "\x1e", '-c', $sql or die "psql: $!\n";
		local $/;
		my $text = <$psql>;
		close $psql or die "psql failed\n";
		$text // '';
	};
	my @rows;

	$out =~ s/\n\z//;
	for my $row (split /\x1e/, $out)
	{
		my %row;
		@row{@$names} = split /\x1f/, $row, -1;
		push @rows, \%row;
	}
	return @rows;
}

sub wrapped
{
	my ($text) = @_;
	local $Text::Wrap::columns = 121;
	local $Text::Wrap::huge = 'overflow';
	return Text::Wrap::wrap('', '', $text) . "\n";
}

# What would be Markdown in a text that is none.
sub plain { return $_[0] =~ s/([*<])/\\$1/gr; }

sub cell { return $_[0] =~ s/\|/\\|/gr =~ s/\n/ /gr; }

# Where in the install script something is made: the section, which says whose page it is.
my $install = slurp("$root/sql/migrator--1.0.0.sql");
my (%section, %sections);
my $of = 'Tables';
for my $line (split /\n/, $install)
{
	$of = $1 if $line =~ /^-- (\w[\w ]*?) -{20,}$/;
	$section{$2} //= $of if $line =~ /^CREATE (?:OR REPLACE )?(FUNCTION|PROCEDURE|VIEW|TABLE) migrator\.(\w+)/;
}

my %page_of_section = (
	Run => 'up.md', Look => 'record.md', Resolve => 'record.md', Policy => 'policy.md', Schema => 'drift.md', Stage => 'stage.md', Views => 'record.md',
	Tables => 'record.md', Adopt => 'adopt.md');
my %page_of = (
	apply => 'apply.md', rollback => 'rollback.md', down => 'rollback.md', rollback_preview => 'rollback.md', redo => 'development.md',
	reset => 'development.md', prove => 'prove.md', seed => 'hooks.md#seedsql', validate => 'validate.md', assert_valid => 'validate.md',
	environments => 'environments.md', dependencies => 'dependencies.md', dependency_graph => 'dependencies.md', impact => 'dependencies.md',
	is_current => 'operations.md#at-application-start', assert_current => 'operations.md#at-application-start', settings => 'settings.md',
	current_run => 'hooks.md#what-a-hook-is', add_hook => 'hooks.md#functions', drop_hook => 'hooks.md#functions', lock_key => 'locks.md', layouts => 'layouts.md',
	unlock => 'locks.md', set_environment => 'environments.md#the-stamp', new_migration => 'new.md', locks => 'locks.md', staged => 'stage.md',
	approvals => 'policy.md', maintenance_windows => 'policy.md', backups => 'policy.md', hooks => 'hooks.md', register => 'services.md');

# These too, where the page is there.
for my $guess (
	[ 'health', 'health.md' ], [ 'metrics', 'metrics.md' ], [ 'metrics_text', 'metrics.md' ], [ 'report', 'report.md' ], [ 'up_background', 'start.md' ],
	[ 'wait_for', 'start.md' ])
{
	$page_of{ $guess->[0] } = $guess->[1] if -e "$root/docs/$guess->[1]";
}

sub page
{
	my ($name) = @_;
	my $page = $page_of{$name} // $page_of_section{ $section{$name} // '' } // return '';
	my ($file) = split /#/, $page;

	die "no docs/$file\n" if !-e "$root/docs/$file";
	return " [$page]($page)";
}

# Arguments or columns of a declaration, at commas that divide them.
sub broken
{
	my ($lead, $text) = @_;
	$text =~ s/::(?:[a-z]+|"char")(?:\[\])?//g;
	$text =~ s/\bIN (?=[a-z_])//g;
	$text =~ s/timestamp with time zone/timestamptz/g;
	my @parts = split /, (?=[a-z_0-9"]+ )/, $text;
	my $indent = ' ' x length $lead;
	my @lines = ($lead);

	for my $i (0 .. $#parts)
	{
		my $part = $parts[$i] . ($i < $#parts ? ', ' : '');

		push @lines, $indent if length($lines[-1] . $part) > 116 && $lines[-1] =~ /\S/ && length $lines[-1] > length $lead;
		$lines[-1] .= $part;
	}
	return join "\n", map { s/ +$//r } @lines;
}

sub section_functions
{
	my ($internal) = @_;
	my ($text, $glance, %seen) = ('', "| function | |\n|---|---|\n");
	my $last = '';
	my %title = (
		Run => 'Run and take back', Look => 'Look', Resolve => 'Register and settle', Policy => 'Policy', Schema => 'Schema and drift', Stage => 'Stage',
		Views => 'Views');

	for my $f (rows([qw(name kind arguments result comment public)], q{
		SELECT proname, prokind, pg_catalog.pg_get_function_arguments(oid), pg_catalog.pg_get_function_result(oid),
		       pg_catalog.obj_description(oid, 'pg_proc'), pg_catalog.has_function_privilege('public', oid, 'EXECUTE')
		  FROM pg_proc WHERE pronamespace = 'migrator'::regnamespace ORDER BY oid}))
	{
		my $is_internal = $f->{name} =~ /^(?:option_lines|acl_lines|log_ddl|refuse_ddl|owner_only|is_slow|brief_text)$|_of$|_times$|_rows$/;

		next if !!$is_internal != !!$internal;
		die "migrator.$f->{name} has no COMMENT\n" if $f->{comment} eq '';
		if (!$internal)
		{
			my $title = $title{ $section{ $f->{name} } // '' } // $section{ $f->{name} };

			$text .= "\n## $title\n" if $title ne $last;
			$last = $title;
			my $call = ($f->{kind} eq 'p' ? 'CALL ' : '') . $f->{name};
			my $end = $f->{comment} =~ /^For / ? qr/[.?;]/ : qr/[.?;:]/;
			my ($first) = $f->{comment} =~ /^((?:\([^()]*\)|(?!$end(?: |$)).)+)/;
			$glance .= "| [`$call`](#$f->{name}) | " . cell(plain($first)) . ($f->{comment} =~ /^\Q$first\E\?/ ? '?' : '') . " |\n" if !$seen{ $f->{name} }++;

			# INOUT and OUT are PostgreSQL's words; a procedure's result comes back as a row
			$text .= "\n### $f->{name}\n\n    " . (broken("$call(", $f->{arguments}) =~ s/\n/\n    /gr) . ')';
			if ($f->{kind} ne 'p')
			{
				my $returns = $f->{result} =~ s/ without time zone//gr =~ s/timestamp with time zone/timestamptz/gr;
				my $line = $returns =~ /^TABLE\((.*)\)$/s ? broken('      -> TABLE (', $1) . ')' : "      -> $returns";
				$text .= "\n    " . ($line =~ s/\n/\n    /gr);
			}
			$text =~ s/timestamp with time zone/timestamptz/g;
			$text .= "\n\n" . wrapped(plain($f->{comment}) . ($f->{public} eq 't' ? ' Everybody may call it.' : '') . page($f->{name}));
		}
		else
		{
			$text .= "| `$f->{name}(" . cell($f->{arguments}) . ")` | " . cell(plain($f->{comment})) . " |\n";
		}
	}
	return $internal ? $text : "\n## Functions at a glance\n\n$glance$text";
}

sub section_relations
{
	my ($kinds) = @_;
	my $text = '';

	for my $r (rows([qw(name comment columns)], qq{
		SELECT relname, pg_catalog.obj_description(c.oid, 'pg_class'),
		       (SELECT string_agg(format('`%s` %s', attname, replace(pg_catalog.format_type(atttypid, atttypmod), 'timestamp with time zone',
		                                                            'timestamptz')), ', ' ORDER BY attnum)
		          FROM pg_attribute a WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)
		  FROM pg_class c WHERE relnamespace = 'migrator'::regnamespace AND relkind = ANY ('{$kinds}')
		   AND EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
		 ORDER BY relname}))
	{
		die "migrator.$r->{name} has no COMMENT\n" if $r->{comment} eq '';
		$text .= "\n" . wrapped("**`$r->{name}`**: " . plain($r->{comment}) . page($r->{name})) . "\n" . wrapped("Columns: $r->{columns}.");
	}
	return $text;
}

sub section_settings
{
	my $text = "| setting | default | values | who | meaning |\n|---|---|---|---|---|\n";

	for my $s (rows([qw(name type unit default context low high words short long)], q{
		SELECT pg_catalog.set_config('x.loaded', migrator.version(), true) LIMIT 0;
		SELECT name, vartype, coalesce(unit, ''), boot_val, context, coalesce(min_val, ''), coalesce(max_val, ''), array_to_string(enumvals, ', '),
		       short_desc, coalesce(extra_desc, '')
		  FROM (SELECT migrator.version() OFFSET 0) v, LATERAL (SELECT * FROM pg_settings WHERE name LIKE 'migrator.%' AND v IS NOT NULL) s ORDER BY name}))
	{
		my $values =
			$s->{type} eq 'enum' ? $s->{words}
		  : $s->{type} eq 'bool' ? 'on, off'
		  : $s->{type} eq 'string' ? 'text'
		  : "$s->{low} to $s->{high}" . ($s->{unit} ne '' ? " $s->{unit}" : '');
		my %who = (user => 'anybody', superuser => 'superuser', sighup => 'server file', postmaster => 'server start');
		my $default = $s->{default} eq '' ? 'empty' : $s->{default} . ($s->{type} =~ /integer|real/ && $s->{unit} ne '' ? " $s->{unit}" : '');

		$text .= "| `$s->{name}` | $default | $values | $who{$s->{context}} | " . cell(plain("$s->{short} $s->{long}" =~ s/ $//r)) . " |\n";
	}
	return $text;
}

# SQLSTATEs by the names that the source has for them.
my %sqlstate;
sub sqlstates
{
	my ($text) = @_;

	while ($text =~ /#define (ERRCODE_\w+)\s+MAKE_SQLSTATE\('(.)','(.)','(.)','(.)','(.)'\)/g) { $sqlstate{$1} = "$2$3$4$5$6"; }
	return;
}
chomp(my $include = `pg_config --includedir-server`);
sqlstates(slurp("$include/utils/errcodes.h"));
sqlstates(slurp("$root/src/base/errors.h"));

my %meaning = (
	MG001 => 'the file of an applied migration was modified, and `migrator.checksum_policy` is `error`',
	MG002 => 'a pending migration sorts before an applied one',
	MG003 => 'two files have one version',
	MG004 => 'a dependency that does not exist, or a ring of them',
	MG005 => 'a migration waits for another one, of this service or of another, that is not applied',
	MG006 => 'a migration, or a value that it is given, is not approved',
	MG007 => 'no maintenance window is open',
	MG008 => 'no backup is on record, or the last one is too old',
	MG009 => 'a destructive statement where `allow_destructive_operations` is false',
	MG010 => '`assert_current`: something is pending',
	MG011 => 'a migration was interrupted half-way, and a person has to look',
	MG012 => 'no down script, no way back, or a requirement of one that is not so',
	MG013 => 'the source or its layout is not recognised, or not the one of the record',
	MG014 => 'the schema differs from what runs left: drift');

sub section_sqlstates
{
	my ($own) = @_;
	my %used;

	for my $file (glob "$root/src/*/*.[ch]")
	{
		next if $file =~ m,base/errors\.h$,;
		my $code = slurp($file);
		$used{$1} = 1 while $code =~ /\b(ERRCODE_[A-Z_0-9]+)\b/g;
	}
	my @codes = sort { $sqlstate{$a} cmp $sqlstate{$b} } grep { $sqlstate{$_} && ($sqlstate{$_} =~ /^MG/ xor !$own) } keys %used;
	if ($own)
	{
		my @missing = grep { /^MG/ && !$meaning{$_} } values %sqlstate;
		die "test/reference.pl says nothing of @missing\n" if @missing;
		return "| SQLSTATE | meaning |\n|---|---|\n" . join '', map { "| $sqlstate{$_} | $meaning{$sqlstate{$_}} |\n" } @codes;
	}
	return wrapped(join(', ', map { "$sqlstate{$_} " . lc(s/^ERRCODE_//r) } @codes) . '.');
}

# Every message of an error in the source, by its SQLSTATE; what is filled in is "...".
sub section_messages
{
	my (%messages, $text);

	for my $file (glob "$root/src/*/*.c")
	{
		my $code = slurp($file) =~ s/"\s*\n\s*"//gr;

		while ($code =~ /\bereport(?=(\((?:[^()"]|"(?:[^"\\]|\\.)*"|(?1))*\)))/g)
		{
			my $report = $1;
			next if $report !~ /^\(\s*ERROR,/;
			my ($state) = $report =~ /errcode\((ERRCODE_\w+)\)/;
			$state = $state ? $sqlstate{$state} : $report =~ /errcode_for_file_access|file_sqlstate/ ? 'by the operating system\'s error' : 'various';

			while ($report =~ /\berrmsg(?:_plural)?\("((?:[^"\\]|\\.)*)"/g)
			{
				my $message = $1 =~ s/\\n/ /gr =~ s/\\(.)/$1/gr =~ s/%%/%/gr =~ s/%[-0-9.*]*(?:l|ll|z)?[a-zA-Z]/.../gr;
				$messages{$state}{$message} = 1 if $message =~ /\w+ \w+/;
			}
		}
	}
	for my $state (sort keys %messages)
	{
		$text .= "| $state | " . cell(plain($_)) . " |\n" for sort keys %{ $messages{$state} };
	}
	return "| SQLSTATE | message |\n|---|---|\n$text";
}

sub section_checks
{
	my $text = "| check | severity | SQLSTATE | finds | may be lowered |\n|---|---|---|---|---|\n";
	my $source = slurp("$root/src/base/checks.c");

	while ($source =~ /\[CHECK_\w+\] = \{(.*?)\n\t\}/gs)
	{
		my $row = $1;
		my ($name) = $row =~ /\.name = "([^"]*)"/;
		my ($severity) = $row =~ /\.severity = FINDING_(\w+)/;
		my ($code) = $row =~ /\.sqlstate = (\w+)/;
		my ($finds) = $row =~ /\.text = ((?:\s*"(?:[^"\\]|\\.)*")+)/;

		$finds = join '', map { s/\\"/"/gr } $finds =~ /"((?:[^"\\]|\\.)*)"/g;
		$text .= "| `$name` | " . lc($severity) . " | " . ($code ? $sqlstate{$code} : '') . ' | ' . cell($finds) . ' | ' .
		  ($row =~ /may_lower = true/ ? 'yes' : 'no') . " |\n";
	}
	return $text;
}

my $source = join '', map { slurp($_) } glob("$root/src/*/*.[ch]"), "$root/sql/migrator--1.0.0.sql";

# The strings of an array in the source; of rows, the first ones.
sub strings_of
{
	my ($array) = @_;
	my ($body) = $source =~ /\b\Q$array\E\[[^\]]*\]\s*=\s*\{(.*?)\n\};/s or die "no $array in the source\n";

	return $body =~ /\{"/ ? $body =~ /\{"([^"]+)"/g : $body =~ /"([^"]+)"/g;
}

# A table of words and what they mean. Each must stand in the source as a string, and those found there must have a meaning.
sub words
{
	my ($what, $found, @words) = @_;
	my %words = @words;
	my @unsaid = grep { !$words{$_} } sort @$found;
	my @stale = grep { $source !~ /["']\Q$_\E["']/ } sort keys %words;

	die "test/reference.pl, $what: says nothing of @unsaid\n" if @unsaid;
	die "test/reference.pl, $what: there is no @stale\n" if @stale;
	return "| $what | meaning |\n|---|---|\n" . join '', map { "| `$words[$_]` | $words[$_ + 1] |\n" } grep { $_ % 2 == 0 } 0 .. $#words;
}

sub constraint_words
{
	my ($table, $column) = @_;
	my ($row) = rows([qw(definition)], qq{
		SELECT pg_catalog.pg_get_constraintdef(oid) FROM pg_constraint
		 WHERE conrelid = 'migrator.$table'::regclass AND contype = 'c' AND pg_catalog.pg_get_constraintdef(oid) ~ '\\($column = ANY'});

	return $row->{definition} =~ /'([^']+)'::text/g;
}

my $text = <<'EOT';
# Reference

**Every function, procedure, table, view, setting, SQLSTATE, check and word of migrator.** It is made by `test/reference.pl` from the
catalog of a database with the extension and from the source, so that it says what there is; a test compares the two. The pages that it
links to say how things are used. What stands here of a function, its COMMENT, psql shows with `\df+ migrator.*`.

All is in schema `migrator`. [Arguments](#arguments-that-many-have) · [functions](#functions-at-a-glance) · [views](#views) · [tables](#tables) ·
[settings](#settings) · [SQLSTATEs](#sqlstates) · [checks](#checks) · [words](#states) · [options](#options) · [directives](#directives) ·
[migrator-push](#migrator-push) · [messages](#messages)

## Arguments that many have

| argument | meaning |
|---|---|
| `source` | a directory on the database server, absolute or relative to the data directory, or one SQL file there, or `stage:NAME`; null: the registered one |
| `service` | null: the one that is registered with that source, else `default`. `'*'`: every registered service |
| `environment` | chooses the migrations of a source with environments: [environments.md](environments.md#which-environment) |
| `target` | up to this version, it included; on the way back all behind it, and it stays. With dated names also a beginning of one |
| `versions` | these versions alone; lifts `manual` |
| `steps` | how many, counted from the last one that was applied |
| `variables` | a JSON object of values for scripts that say `-- migrator: variables`: [variables.md](variables.md) |
| `if_locked`, `wait_timeout`, `on_error` | the settings of these names, for this call; an interval, `'5s'` |
| `options` | a JSON object: [options](#options) |
| `verbose` | more rows |
| `note` | kept in `history` |

`target`, `versions`, `steps` and `options.run_id` exclude each other (22023). Every function that reads files, runs SQL or changes
something raises 42501 without EXECUTE on it; 58P01 for a directory that is not there; 22023 for an argument that cannot be; 25006 on a
standby, if it writes. All others are in [errors.md](errors.md).
EOT

$text .= section_functions(0);
$text .= "\n## Views\n" . section_relations('v');
$text .= "\nAnd one `<service>_schema_migrations` for each registered service, with golang-migrate's columns `version` and `dirty`.\n";
$text .= "\n## Tables\n\nWritten by the functions alone: [security.md](security.md#who-may-do-what).\n" . section_relations('r,p');
$text .= "\n## Settings\n\nHow and where to set them: [settings.md](settings.md). *superuser*: or who was granted SET ON PARAMETER.\n\n" . section_settings();
$text .= "\n## SQLSTATEs\n\nOf class MG, which is migrator's own. Each message with its cause: [errors.md](errors.md).\n\n" . section_sqlstates(1);
$text .= "\nOf PostgreSQL's codes these are raised by migrator itself. A script's error keeps its own.\n\n" . section_sqlstates(0);
$text .= "\n## Checks\n\nWhat `validate` looks for; how severe a check is can be changed: [validate.md](validate.md#how-severe-a-check-is).\n\n";
$text .= section_checks();

$text .= "\n## States\n\nOf a migration, in `status` and, the last four, in table `migrations`.\n\n";
$text .= words('state', [ constraint_words('migrations', 'state') ],
	pending => 'not applied; a run would apply it, unless a flag says otherwise',
	interrupted => 'it ran part by part, and its session or server died: run again',
	running => 'it runs part by part now',
	failed => 'the last attempt failed; nothing, or the finished parts, stayed',
	applied => 'applied, or recorded so by `baseline` or `resolve`',
	rolled_back => 'taken back; pending for the next run') . "\n`status` has besides:\n\n" . words('state', [],
	blocked => 'a file that may be a migration and cannot run; it stops every run',
	ignored => 'a file that option `ignore` leaves out');
$text .= "\n## Flags\n\nOf `status`.\n\n" . words('flag', [ strings_of('plan_flag_names') ],
	modified => 'applied; the file has other statements now',
	reformatted => 'applied; the file differs in white space, comments or case of keywords alone',
	missing => 'applied; the file is gone',
	late => 'pending, and sorts before an applied one',
	blocked => 'waits for one that is not applied',
	manual => 'runs only when it is named in `versions`',
	excluded => 'of another environment or kind of database; or another script stands for it',
	baseline => 'recorded by `baseline`; it did not run',
	non_transactional => 'runs part by part, by `up` alone',
	irreversible => 'it says that there is no way back', repeatable => 'it runs again when it changes: [layouts.md](layouts.md#scripts-that-run-again)');
$text .= "\n## Outcomes\n\n" . words('outcome', [],
	applied => 'of a migration, or all that was chosen of a run', rolled_back => 'the same on the way back', failed => 'it failed',
	not_run => 'of a migration or service: one before it failed, or `apply` cannot run it',
	skipped => 'another run was in progress, or `migrator.enabled` is off',
	up_to_date => 'nothing at all is pending', nothing_to_do => 'nothing of what was chosen is pending; or what was applied is gone from the schema',
	redone => 'of `redo`', reset => 'of `reset`', interrupted => 'of a run in table `runs`: its server died');
my %told = map { $_ => 1 } qw(run_started run_finished drift_found);
my @events = grep { !$told{$_} } $source =~ /(?:\.event = |write_history\()"(\w+)"/g;
$text .= "\n## Events\n\nOf table `history`.\n\n" . words('event', \@events,
	started => 'the first part of a script that runs part by part', applied => 'a migration was applied', failed => 'an attempt failed',
	rolled_back => 'a migration was taken back', rollback_failed => 'an attempt to', baseline => 'recorded by `baseline`',
	adopted => 'recorded by `adopt`: another tool applied it',
	resolved => 'by `resolve`', accepted => 'by `accept`', reset => 'the record was forgotten by `reset`', hook => 'a hook ran, or failed',
	hook_added => '`add_hook`', hook_dropped => '`drop_hook`', bootstrap => 'bootstrap.sql ran, or failed', seed => 'seed.sql ran',
	registered => '`register`', unregistered => '`unregister`', environment => '`set_environment`', approved => '`approve`',
	approval_revoked => '`revoke_approval`', drift_accepted => '`accept_drift`');
$text .= "\n## Options\n\nOf argument `options` of runs.\n\n" . words('option', [ strings_of('run_options'), strings_of('back_options') ],
	allow_late => 'a version, or an array of versions, that may run although it is late',
	force => '`true`: run although source or layout differ from the record; on the way back, although it says that there is none, or others depend on it',
	ignore => 'patterns of file names that are none of the migrations: [layouts.md](layouts.md#what-is-none-of-ours)',
	layout => 'the layout that the source is read by: [layouts.md](layouts.md#how-a-layout-is-recognised)',
	contexts => 'of Liquibase: contexts with commas between them, in place of the environment: [layouts.md](layouts.md#liquibase)',
	labels => 'of Liquibase: an expression of the labels that are meant',
	verify => 'run what looks whether a migration is as it should be, behind each: [layouts.md](layouts.md#sqitch)',
	verbose => '`false`: the JSON of `up` and `down` has no `migrations`',
	run_id => 'on the way back: what this run applied',
	down_source => 'on the way back: `record` or `file`');
$text .= "\nOf `register`. Those that are not given stay; `null` takes one away.\n\n" . words('option', [ strings_of('registration_options') ],
	roles => 'an array: only their members may run, settle, unlock or register the service: [security.md](security.md#services-with-rights-of-their-own)',
	ignore => 'as above, for every call', layout => 'as above, for every call',
	contexts => 'as above, for every call', labels => 'as above, for every call',
	schemas => 'an array: the schemas that are the service\'s: [drift.md](drift.md#drift)',
	view_schema => 'where its view lies, instead of in `migrator`', checks => 'an object: how severe checks are: [validate.md](validate.md#how-severe-a-check-is)',
	variables => 'an object: values for its scripts',
	require_approval => '`true`: [policy.md](policy.md)', maintenance_window_required => '`true`', backup_required => '`true`',
	allow_destructive_operations => '`false`: [lint.md](lint.md#destructive-statements)', auto_rollback_on_failure => '`true` or `false`',
	auto_migrate => '`true` or `false`: does the server migrate it at its start',
	mirror => '`true`, or an object: keep the table of another tool like the record: [adopt.md](adopt.md#keeping-the-tools-table-up-to-date)');
$text .= "\n" . wrapped('Flags of `config` of an environment in `environments.json`, besides `variables` and `checks`: ' .
	join(', ', map { "`$_`" } slurp("$root/src/base/policy_flag.c") =~ /\[POLICY_\w+\] = \{"(\w+)"/g) . ': [policy.md](policy.md).');
my ($known) = slurp("$root/src/plan/check_scripts.c") =~ /known_directives\[\] = \{(.*?)\}/s;
$text .= "\n## Directives\n\nComments in a script, `-- migrator: WORD`.\n\n" . words('directive', [ $known =~ /"([^"]+)"/g ],
	'no-transaction' => 'runs part by part, by `up`: [up.md](up.md#one-transaction-or-part-by-part)',
	repeatable => 'it runs behind all others, and again when it changes: [layouts.md](layouts.md#scripts-that-run-again)',
	manual => 'runs only when it is named in `versions`', irreversible => 'there is no way back without `force`: [rollback.md](rollback.md#what-is-refused)',
	require => 'followed by a SELECT that must be true: [rollback.md](rollback.md#what-must-be-true)',
	'only-if' => 'likewise; if it is not true, the script counts as run: [rollback.md](rollback.md#what-must-be-true)',
	variables => 'the script has psql\'s variables: [variables.md](variables.md)',
	psql => 'the script has psql\'s commands and variables: [psql.md](psql.md)');
$text .= "\n## Hooks\n\nFiles: `pre_migrate.sql`, `post_migrate.sql`, `pre_migrate_VERSION.sql`, `post_migrate_VERSION.sql`, and the same with `rollback`; " .
  "`bootstrap.sql`,\n`seed.sql`. Events of `add_hook`: " . join(', ', map { "`$_`" } constraint_words('hooks', 'event')) . ". [hooks.md](hooks.md)\n";
chomp(my $help = `sh '$root/bin/migrator-push' --help`);
$text .= "\n## migrator-push\n\n" . $help =~ s/^(?=.)/    /gmr;
$text .= "\nEnvironment variables: psql's (`PGHOST`, `PGDATABASE`, ...), and `MIGRATION_ENV`. [stage.md](stage.md#migrator-push)\n";
$text .= "\n## Messages\n\n" . wrapped('Of errors that migrator raises itself, `...` for what is filled in. Findings of checks are errors of a run, too; ' .
	'their texts are what `validate` shows. Cause and remedy: [errors.md](errors.md), [troubleshooting.md](troubleshooting.md).') . "\n" .
  section_messages();
$text .= "\n## Of no use by themselves\n\nFunctions that views, triggers and event triggers are made of.\n\n| function | what it is |\n|---|---|\n";
$text .= section_functions(1);

# no line ends with blanks, and no two empty ones follow
$text =~ s/[ \t]+$//gm;
$text =~ s/\n{3,}/\n\n/g;
print $text;
