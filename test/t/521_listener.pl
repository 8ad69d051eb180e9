# examples/listen.py: what happens to migrations comes to a chat's webhook, once, and also what happened while the connection
# was lost.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use ClientTest;
use IPC::Run;
use JSON::PP;
use MigratorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $python = python_with('psycopg') or plan skip_all => 'no python3 with psycopg';
my $listener = "$FindBin::RealBin/../../examples/listen.py";
my $node = PostgreSQL::Test::Cluster->new('listener');
my $webhook = PostgreSQL::Test::Utils::tempdir() . '/webhook.out';

# A webhook that writes down what it is sent, a line each, and refuses the first one.
my $server = <<'PYTHON';
import http.server, sys
class Webhook(http.server.BaseHTTPRequestHandler):
    refused = False
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if Webhook.refused else 503)
        self.end_headers()
        if Webhook.refused:
            with open(sys.argv[1], "ab") as out: out.write(body + b"\n")
        Webhook.refused = True
    def log_message(self, *arguments): pass
with http.server.HTTPServer(("127.0.0.1", 0), Webhook) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
PYTHON

sub received { return -e $webhook ? map { decode_json($_) } split /\n/, slurp_file($webhook) : (); }

# what the n-th message says, when it has come
sub message
{
	my ($n) = @_;

	for (1 .. 10 * $MigratorTest::net)
	{
		last if received() >= $n;
		select undef, undef, undef, 0.1;
	}
	my ($message) = (received())[ $n - 1 ] or return 'nothing came';
	my $attachment = $message->{attachments}[0];
	my %fields = map { $_->{title} => $_->{value} } @{ $attachment->{fields} };

	$fields{Duration} =~ s/^\d+\.\d s$/TIME/;
	utf8::encode($message->{text});
	return join '|', $message->{text} =~ s/^\S+ //r, $attachment->{color}, @fields{qw(Service Environment Duration)}, $attachment->{text};
}

$node->init;
$node->append_conf('postgresql.conf', "migrator.environment = 'production'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION migrator; CREATE ROLE chat LOGIN; GRANT SELECT ON migrator.runs TO chat');

my ($port, $server_err) = ('', '');
my $http = IPC::Run::start([ $python, '-c', $server, $webhook ], '<', \undef, '>', \$port, '2>', \$server_err, IPC::Run::timeout($MigratorTest::net));
$http->pump until $port =~ /\n/;
chomp $port;
my ($out, $err) = ('', '');
local $ENV{WEBHOOK_URL} = "http://127.0.0.1:$port/services/secret";
local $ENV{DATABASE_URL} = $node->connstr('postgres') . ' user=chat';
my $program = IPC::Run::start([ $python, $listener ], '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($MigratorTest::net));
$program->pump until $err =~ /listening on "migrator"/;

my $dir = source_dir({ '1_a.up.sql' => 'CREATE TABLE a (i int)', '1_a.down.sql' => 'DROP TABLE a' });
$node->safe_psql('postgres', "SELECT migrator.register('user-service', '$dir')");
$node->safe_psql('postgres', "CALL migrator.up(service => 'user-service')");
is(message(1), 'Migration completed successfully|good|user-service|production|TIME|Applied: 1, Failed: 0', 'a run, which the webhook refused at first');

write_files($dir, { '2_b.up.sql' => "DO \$\$ BEGIN RAISE EXCEPTION 'not <!channel> & others'; END \$\$", 'seed.sql' => 'SELECT 1/0' });
$node->psql('postgres', "CALL migrator.up(service => 'user-service')");
is(message(2),
	'Migration failed|danger|user-service|production|TIME|'
	  . 'Applied: 0, Failed: 1: not &lt;!channel&gt; &amp; others (migration "2", file "2_b.up.sql", line 1)',
	'a failure, with nothing in it that the chat would obey');
$node->psql('postgres', "SELECT migrator.seed(service => 'user-service')");
is(message(3), 'Migration failed|danger|user-service|production|TIME|seed failed: division by zero', 'a seed');
$node->psql('postgres', "SELECT migrator.apply(service => 'user-service')");
like(message(4), qr/^Migration failed\|danger\|.*Applied: 0, Failed: 1: not/, 'a failure that was undone');

# others may say what they like
$node->safe_psql('postgres', "NOTIFY migrator; NOTIFY migrator, 'x'; NOTIFY migrator, '[1]'; NOTIFY migrator, '{\"event\": \"run_finished\"}'");
$node->safe_psql('postgres', "SELECT migrator.rollback(service => 'user-service')");
is(message(5), 'Rollback completed successfully|good|user-service|production|TIME|Rolled back: 1, Failed: 0', 'a rollback, behind what is no event');
$node->safe_psql('postgres', 'CREATE TABLE by_hand (i int)');
$node->safe_psql('postgres', "SELECT migrator.drift('user-service')") for 1 .. 2;
is(message(6), 'The schema is not as migrations left it|warning|user-service|production|-|2 objects are not as runs left them: column public.by_hand.i, ...',
	'drift');

# a run while nobody listens is told when somebody does again, and once
$node->stop;
$program->pump until $err =~ /no connection/;
my $lost = length $err;
$node->start;
$node->safe_psql('postgres', "CALL migrator.up(service => 'user-service', target => '1')");
like(message(7), qr/^Migration completed successfully\|good\|user-service\|production\|TIME\|Applied: 1, Failed: 0/, 'a run behind a restart');
$program->pump until substr($err, $lost) =~ /listening/;
$node->safe_psql('postgres', "CALL migrator.down(service => 'user-service')");
is(message(8), 'Rollback completed successfully|good|user-service|production|TIME|Rolled back: 1, Failed: 0', 'and the next one');
is(scalar(received()), 8, 'each once');
like($err, qr/webhook refused run_finished of run 1: 503/, 'what the webhook refused is told');
unlike($err, qr/secret/, 'and its address is not');

# it holds no transaction, for which the server would keep the queue
is($node->safe_psql('postgres', "SELECT state, usename FROM pg_stat_activity WHERE application_name = 'migrator listen.py'"), 'idle|chat', 'it is idle');
$program->signal('TERM');
$program->finish;
is($program->full_result(0), 0, 'it ends when it is told to');
unlike($err, qr/Traceback/, 'quietly') or diag($err);

delete local $ENV{WEBHOOK_URL};
my ($code, undef, $usage) = run_program({}, $python, $listener);
is($code, 1, 'without a webhook it does not begin');
like($usage, qr/^WEBHOOK_URL is not set/, 'and says why');
$http->kill_kill;
$node->stop;
done_testing();
