# Runs one command of a plugin inside its sandbox, waits until every process of it is gone, and tells the host what the kernel
# counted. Uses no module, so perl-base is enough.
#
#   perl stopwatch.pl NAME=VALUE... -- PROGRAM ARGUMENT...
#
#   arch=x64|arm64    system call numbers to use
#   report=FD         where the figures go, one line; the program does not have it. In a container: report=PATH, a file that is removed first
#   limit=MS          how long the program may take
#   pids=N            processes and threads that it may have
#   alone=1           all processes that can be seen here are the program's (a pid namespace of its own); else it may start none
#   seccomp=FD        filter program of the command, on top of the one that is applied to all of this
#   generation=TOKEN  ignored here: marks the process for the reaper
#
# In a container, of which this is the first process, so that it cannot be ended from within:
#
#   input=PATH        the program's standard input, a file that is removed first
#   lifeline=1        all ends when the standard input of this one does
#   mark=TEXT         said first, as a line of standard error: what docker says stands before it
#   whole=1           the program has the whole environment
#
# It says "began" first. The line is "ended status=N wall=US cpu=US rss=KIB late=0|1 oom=N", without the last where no control group tells it, or "refused TEXT" where the program could not be started: `status` is
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
my $LIFELINE_US = 200_000;
my $PASSED_MAX = 16;

my %option;
while (defined(my $argument = shift @ARGV)) {
  last if $argument eq '--';
  my ($name, $value) = $argument =~ /\A([a-z]+)=(.*)\z/s or exit 78;
  $option{$name} = $value;
}
my $calls = $CALLS{ $option{arch} // '' } or exit 78;
my $report = open_report($option{report});    # Perl closes it at exec.
binmode $report;
refuse('no program given') unless @ARGV;
my $input = defined $option{input} ? open_input($option{input}) : undef;
syswrite STDERR, "$option{mark}\n" if defined $option{mark};
my $filter = defined $option{seccomp} ? read_filter($option{seccomp}) : undef;
syscall($calls->{prctl}, $PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 or refuse("dumpable: $!");
# What the program leaves behind becomes this one's child, and is counted and ended here.
syscall($calls->{prctl}, $PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 or refuse("subreaper: $!");

my ($main, $is_late, $status, $ended, $cpu_us, $rss_kib) = (0, 0, 0, 0, 0, 0);
my $deadline = 0;
$SIG{ALRM} = \&tick;
tell_host("began\n");
my $began = now_us();
$deadline = $began + $option{limit} * 1000;
$main = fork() // refuse("fork: $!");
become_program() if $main == 0;
start_timer();
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
my $killed = count_killed();
tell_host(sprintf "ended status=%d wall=%d cpu=%d rss=%d late=%d%s\n",
  $status, $ended - $began, $cpu_us, $rss_kib, $is_late, defined $killed ? " oom=$killed" : '');
exit 0;

# Nobody else's alarm makes a program late.
sub tick {
  $is_late = 1 if !$ended && now_us() >= $deadline;
  return end_all() if $is_late || $ended || is_alone_left();
  start_timer() if $option{lifeline};
}

sub is_alone_left {
  return 0 unless $option{lifeline};
  my $waiting = '';
  vec($waiting, 0, 1) = 1;
  return select($waiting, undef, undef, 0) > 0 && !sysread(STDIN, my $said, 4096);
}

# An interval, so that an end that comes just before a wait is repeated in it.
sub start_timer {
  my $us = $deadline - now_us();
  $us = 1_000 if $us < 1_000;
  $us = $LIFELINE_US if $option{lifeline} && $us > $LIFELINE_US;
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
  limit_processes() if defined $option{pids};
  if (defined $input) { open(STDIN, '<&', $input) or refuse("input: $!") }
  for my $fd (3 .. $PASSED_MAX) { syscall($calls->{close}, $fd) if $fd != fileno $report }
  apply_filter() if defined $filter;
  %ENV = map { $_ => $ENV{$_} } grep { defined $ENV{$_} } qw(PATH HOME LANG TMPDIR) unless $option{whole};
  exec { $ARGV[0] } @ARGV or refuse("$ARGV[0]: $!");
}

sub limit_processes {
  my $limit = pack 'QQ', $option{pids}, $option{pids};
  syscall($calls->{prlimit64}, 0, $RLIMIT_NPROC, $limit, 0) == 0 or refuse("pids: $!");
}

sub open_report {
  my $where = shift;
  my $is_path = $where =~ m{\A/};
  open(my $file, $is_path ? '>>' : '>&=', $where) or exit 78;
  unlink $where or exit 78 if $is_path;
  return $file;
}

sub open_input {
  my $path = shift;
  open(my $file, '<', $path) or refuse("input: $!");
  unlink $path or refuse("input: $!");
  return $file;
}

# Processes that the kernel ended because the group of this container was out of memory; undef where that cannot be read.
sub count_killed {
  for my $path ('/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control') {
    open(my $file, '<', $path) or next;
    while (defined(my $line = <$file>)) { return $1 if $line =~ /\Aoom_kill (\d+)/ }
  }
  return undef;
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
