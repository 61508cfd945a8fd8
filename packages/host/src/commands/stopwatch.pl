# Runs one command of a plugin inside its sandbox, waits until every process of it is gone, and tells the host what the kernel
# counted. Uses no module, so perl-base is enough.
#
#   perl stopwatch.pl NAME=VALUE... -- PROGRAM ARGUMENT...
#
#   arch=x64|arm64    system call numbers to use
#   report=FD         where the figures go, one line; the program does not have it
#   limit=MS          how long the program may take
#   pids=N            processes and threads that it may have
#   alone=1           all processes that can be seen here are the program's (a pid namespace of its own); else it may start none
#   seccomp=FD        filter program of the command, on top of the one that is applied to all of this
#   generation=TOKEN  ignored here: marks the process for the reaper
#
# It says "began" first. The line is "ended status=N wall=US cpu=US rss=KIB late=0|1", or "refused TEXT" where the program could not be started: `status` is
# wait(2)'s. The program runs as the same user: that it cannot write the line in this one's place is because this process is not
# dumpable, so that nobody opens its descriptors, and because the filter refuses to trace it. It can end it, and then there is no line.
use strict;

my %CALLS = (
  x64   => { prctl => 157, prlimit64 => 302, close => 3, wait4 => 61, clock_gettime => 228, setitimer => 38 },
  arm64 => { prctl => 167, prlimit64 => 261, close => 57, wait4 => 260, clock_gettime => 113, setitimer => 103 },
);
my ($PR_SET_DUMPABLE, $PR_SET_SECCOMP, $PR_SET_CHILD_SUBREAPER) = (4, 22, 36);
my ($RLIMIT_NPROC, $CLOCK_MONOTONIC, $EINTR) = (6, 1, 4);
my $SELF_PID_MARK = 0x5049444d;    # As in seccomp.ts.
my $AGAIN_US = 50_000;
my $PASSED_MAX = 16;

my %option;
while (defined(my $argument = shift @ARGV)) {
  last if $argument eq '--';
  my ($name, $value) = $argument =~ /\A([a-z]+)=(.*)\z/s or exit 78;
  $option{$name} = $value;
}
my $calls = $CALLS{ $option{arch} // '' } or exit 78;
open(my $report, '>&=', $option{report}) or exit 78;    # Perl closes it at exec.
binmode $report;
refuse('no program given') unless @ARGV;
my $filter = defined $option{seccomp} ? read_filter($option{seccomp}) : undef;
syscall($calls->{prctl}, $PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 or refuse("dumpable: $!");
# What the program leaves behind becomes this one's child, and is counted and ended here.
syscall($calls->{prctl}, $PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 or refuse("subreaper: $!");

my ($main, $is_late, $status, $ended, $cpu_us, $rss_kib) = (0, 0, 0, 0, 0, 0);
$SIG{ALRM} = sub { $is_late = 1 unless $ended; end_all() };
tell_host("began\n");
my $began = now_us();
$main = fork() // refuse("fork: $!");
become_program() if $main == 0;
start_timer($option{limit} * 1000);
while (1) {
  my $told = pack 'l', 0;
  my $usage = "\0" x 144;
  my $pid = syscall($calls->{wait4}, -1, $told, 0, $usage);
  if ($pid == -1) {
    next if $! == $EINTR;
    last;    # Nobody is left.
  }
  my ($user_s, $user_us, $system_s, $system_us, $peak) = unpack 'q5', $usage;
  $cpu_us += ($user_s + $system_s) * 1_000_000 + $user_us + $system_us;
  $rss_kib = $peak if $peak > $rss_kib;
  ($status, $ended) = (unpack('l', $told), now_us()) if $pid == $main;
  end_all() if $ended;    # Also what was made meanwhile.
}
tell_host(sprintf "ended status=%d wall=%d cpu=%d rss=%d late=%d\n", $status, $ended - $began, $cpu_us, $rss_kib, $is_late);
exit 0;

# An interval, so that an end that comes just before a wait is repeated in it.
sub start_timer {
  my $us = shift;
  my $timer = pack 'q4', 0, $AGAIN_US, int($us / 1_000_000), $us % 1_000_000;
  syscall($calls->{setitimer}, 0, $timer, 0) == 0 or refuse("timer: $!");
}

sub end_all {
  if ($option{alone}) { kill 9, -1 }
  elsif (!$ended)     { kill 9, $main }
}

# The program's own process.
sub become_program {
  $SIG{ALRM} = 'DEFAULT';
  my $limit = pack 'QQ', $option{pids}, $option{pids};
  syscall($calls->{prlimit64}, 0, $RLIMIT_NPROC, $limit, 0) == 0 or refuse("pids: $!");
  for my $fd (3 .. $PASSED_MAX) { syscall($calls->{close}, $fd) if $fd != $option{report} }
  apply_filter() if defined $filter;
  %ENV = map { $_ => $ENV{$_} } grep { defined $ENV{$_} } qw(PATH HOME LANG TMPDIR);
  exec { $ARGV[0] } @ARGV or refuse("$ARGV[0]: $!");
}

sub read_filter {
  open(my $file, '<&=', shift) or refuse("seccomp program: $!");
  binmode $file;
  my $program = do { local $/; <$file> };
  close $file;
  refuse('seccomp program is empty or cut') if !defined $program || length $program == 0 || length($program) % 8;
  return $program;
}

sub apply_filter {
  my @instructions = map { my ($code, $k) = unpack 'a4 V', $_; pack 'a4 V', $code, $k == $SELF_PID_MARK ? $$ : $k }
    unpack '(a8)*', $filter;
  my $program = join '', @instructions;
  my $header = pack 'S x![Q] P', scalar @instructions, $program;
  refuse("seccomp: $!") if syscall($calls->{prctl}, $PR_SET_SECCOMP, 2, $header, 0, 0) == -1;
}

sub now_us {
  my $time = pack 'q2', 0, 0;
  syscall($calls->{clock_gettime}, $CLOCK_MONOTONIC, $time);
  my ($seconds, $nanoseconds) = unpack 'q2', $time;
  return $seconds * 1_000_000 + int($nanoseconds / 1_000);
}

sub tell_host { syswrite $report, shift }

sub refuse {
  tell_host("refused $_[0]\n");
  exit 78;
}
