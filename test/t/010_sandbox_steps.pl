# The sandbox where the kernel has no openat2(), or a container forbids it: all of 003_sandbox.pl again, under a filter
# (seccomp) that is there for this process and for all that it starts.
use strict;
use warnings;

use Errno qw(EPERM);
use FindBin;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($openat2, $prctl) = (437, { x86_64 => 157, aarch64 => 167 }->{ (POSIX::uname())[4] });
plan skip_all => 'the number of prctl() is not known here' unless $prctl;

# load the system call's number; if it is openat2, EPERM, as Docker's older filters say; else allow
my @program = ([ 0x20, 0, 0, 0 ], [ 0x15, 0, 1, $openat2 ], [ 0x06, 0, 0, 0x00050000 | EPERM ], [ 0x06, 0, 0, 0x7fff0000 ]);
my $filter = pack('S x![P] P', scalar @program, join '', map { pack 'S C C L', @$_ } @program);

# no new privileges, which a filter of an ordinary user needs; then the filter itself
plan skip_all => "no filter can be set: $!"
  unless syscall($prctl, 38, 1, 0, 0, 0) == 0 && syscall($prctl, 22, 2, $filter) == 0;
my $how = pack 'Q3', 0, 0, 0;
die 'openat2() is still there' unless syscall($openat2, -100, my $dot = '.', $how, length $how) == -1 && $! == EPERM;

do "$FindBin::RealBin/003_sandbox.pl" or die $@ || $!;
