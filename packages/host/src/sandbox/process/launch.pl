# Turns a bare process into a guest's process, then executes the guest's program: one exec instead of four
# (nice, choom, prlimit, setpriv), and Landlock and seccomp without a compiler. Uses no module, so perl-base is enough.
#
#   perl launch.pl NAME=VALUE... -- PROGRAM ARGUMENT...
#
#   arch=x64|arm64      system call numbers to use (required)
#   parent=PID          the host; ends here at once if the host is already gone
#   keep=N              highest file descriptor that the program may inherit; those above are closed (required)
#   cgroup=FILE         entry of a control group, cgroup.procs or tasks; one for each hierarchy
#   nice=N  oom=N       priority and oom_score_adj
#   session=N           priority of the session, where the kernel schedules sessions as groups
#   uid=N               user and group to become, with no further groups (root only)
#   capabilities=none   give up every capability, also where the user stays root
#   data= nofile= fsize= stack= core=   resource limits in bytes or counts, soft and hard
#   run=PATH read=PATH write=PATH       Landlock: may be executed and read; read; read and written (files, folders)
#   landlock=1          Landlock, with the paths above and nothing else; no TCP; no signal and no abstract socket outward
#   lifeline=FD         socket of which the host has the other end and never writes to it: when the host is gone, so is the
#                       whole process group, also what has been forked and not yet asked for its own death signal
#   seccomp=FD          filter program (array of struct sock_filter) to read from FD and apply
#   mount=FOLDER at=FOLDER    the first is shown at the place of the second, in a mount namespace of this process's own (root only)
#   chdir=FOLDER        where the program begins
#   env=FD              environment of the program, NAME=VALUE with a NUL after each, to read from FD; none without it
#   generation=TOKEN    ignored here: marks the process for the reaper
#
# Fails closed: whatever cannot be applied ends this process with status 78 and one line on stderr.
# Never starts a shell, never reads the environment, never applies a part of what was asked.
use strict;    # Warnings come by perl -w: loading warnings.pm costs 1 ms of each start.

my %CALLS = (
  x64   => { prctl => 157, prlimit64 => 302, setgroups => 116, setresgid => 119, setresuid => 117, setsid => 112, openat => 257, close => 3, fcntl => 72, unshare => 272, mount => 165 },
  arm64 => { prctl => 167, prlimit64 => 261, setgroups => 159, setresgid => 149, setresuid => 147, setsid => 157, openat => 56, close => 57, fcntl => 25, unshare => 97, mount => 40 },
);
my ($LANDLOCK_CREATE, $LANDLOCK_ADD, $LANDLOCK_RESTRICT) = (444, 445, 446);    # Equal on all architectures.
my %LIMITS = (fsize => 1, data => 2, stack => 3, core => 4, nofile => 7);
my ($PR_SET_PDEATHSIG, $PR_SET_SECCOMP, $PR_CAPBSET_DROP, $PR_SET_NO_NEW_PRIVS) = (1, 22, 24, 38);
my ($F_SETFD, $F_GETFL, $F_SETFL, $F_SETOWN, $F_SETSIG, $O_ASYNC) = (2, 3, 4, 8, 10, 0x2000);
my ($CLONE_NEWNS, $MS_BIND, $MS_REC, $MS_PRIVATE) = (0x20000, 0x1000, 0x4000, 0x40000);
my ($MSG_PEEK, $MSG_DONTWAIT) = (0x2, 0x40);
my $SIGKILL = 9;
my $lifeline;    # Here, since a handle that goes out of scope closes its descriptor.
my $SELF_PID_MARK = 0x5049444d;    # As in seccomp.ts: stands for the guest's own process id.

my (%option, %paths);
while (defined(my $argument = shift @ARGV)) {
  last if $argument eq '--';
  my ($name, $value) = $argument =~ /\A([a-z]+)=(.*)\z/s or refuse("argument \"$argument\" is not NAME=VALUE");
  if ($name =~ /\A(?:run|read|write|cgroup)\z/) { push @{ $paths{$name} }, $value }
  else                                   { $option{$name} = $value }
}
refuse('no program given') unless @ARGV;
my $calls = $CALLS{ $option{arch} // '' } or refuse('arch is neither x64 nor arm64');

# The order matters: what needs root first; the death signal after the change of user, which clears it; then the locks,
# and the filter last, because it would refuse the other steps.
close_descriptors($option{keep} // refuse('keep is not given'));
syscall($calls->{setsid});    # Fails where the host made this a session leader already; either way it is one.
enter_groups();
lower_priority();
set_limits();
show_folder() if defined $option{mount};
become_user($option{uid}) if defined $option{uid};
drop_capabilities() if defined $option{capabilities};
hold_lifeline($option{lifeline} + 0) if defined $option{lifeline};
die_with_parent();
must('no_new_privs', syscall($calls->{prctl}, $PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
enter_folder() if defined $option{chdir};
my %environment = defined $option{env} ? read_environment($option{env}) : ();
apply_landlock() if $option{landlock};
apply_seccomp($option{seccomp}) if defined $option{seccomp};
%ENV = %environment;    # Last, so that no name of it reaches what has run so far.
exec { $ARGV[0] } @ARGV or refuse("$ARGV[0]: $!");

# The host may have been started with open descriptors of its own, and hands them on without knowing.
sub close_descriptors {
  my $keep = shift;
  opendir(my $directory, '/proc/self/fd') or refuse("/proc/self/fd: $!");
  my @open = grep { /\A[0-9]+\z/ && $_ > $keep } readdir $directory;
  closedir $directory;
  syscall($calls->{close}, $_ + 0) for @open;
}

# Before the program is there: what it allocates is charged to the group from its first page. 0 stands for the writer.
sub enter_groups {
  for my $path (@{ $paths{cgroup} // [] }) {
    open(my $file, '>', $path) or refuse("control group $path: $!");
    defined syswrite($file, '0') or refuse("control group $path: $!");
    close $file;
  }
}

sub lower_priority {
  if (defined $option{oom}) {
    open(my $file, '>', '/proc/self/oom_score_adj') or refuse("oom_score_adj: $!");
    (print {$file} $option{oom} and close $file) or refuse("oom_score_adj: $!");
  }
  if (defined $option{nice}) { setpriority(0, 0, $option{nice}) or refuse("nice: $!") }
  # Where the kernel groups processes by session, a nice value counts within the session only, and a guest's is its own:
  # the group has to be lowered as well. The kernel takes one such change in 100 ms of others than root, and a kernel
  # without such groups has no file; then the guest competes as an equal of the host, or by its nice value.
  if (defined $option{session} && open(my $file, '>', '/proc/self/autogroup')) {
    syswrite($file, $option{session});
    close $file;
  }
}

sub set_limits {
  for my $name (grep { defined $option{$_} } sort keys %LIMITS) {
    my $limit = pack 'QQ', $option{$name}, $option{$name};
    must("limit $name", syscall($calls->{prlimit64}, 0, $LIMITS{$name}, $limit, 0));
  }
}

# A folder below one that the guest's user cannot enter. The namespace goes with its last process, and the mount with it.
sub show_folder {
  my ($from, $at, $none, $root) = ($option{mount}, $option{at}, 'none', '/');
  must('mount namespace', syscall($calls->{unshare}, $CLONE_NEWNS));
  must('private mounts', syscall($calls->{mount}, $none, $root, $none, $MS_REC | $MS_PRIVATE, 0));
  must("mount of $from", syscall($calls->{mount}, $from, $at, $none, $MS_BIND, 0));
}

sub enter_folder { chdir $option{chdir} or refuse("$option{chdir}: $!") }

sub read_environment {
  my $fd = shift;
  open(my $file, '<&=', $fd) or refuse("environment: $!");
  binmode $file;
  my $text = do { local $/; <$file> } // '';
  close $file;
  return map { /\A([^=]+)=(.*)\z/s ? ($1, $2) : refuse('environment: not NAME=VALUE') } split /\0/, $text;
}

sub become_user {
  my $id = shift() + 0;
  refuse('uid 0 is not a guest') if $id == 0;
  must('setgroups', syscall($calls->{setgroups}, 0, 0));
  must('setresgid', syscall($calls->{setresgid}, $id, $id, $id));
  must('setresuid', syscall($calls->{setresuid}, $id, $id, $id));
}

# Root gets at exec what the bounding set still holds. A container's root that may not shrink it keeps what it has, and
# the self-test finds that.
sub drop_capabilities {
  return if $> != 0;
  syscall($calls->{prctl}, $PR_CAPBSET_DROP, $_, 0, 0, 0) for 0 .. 63;
}

# The death signal reaches this process alone, and a child asks for its own a while after it was forked: bubblewrap's first
# waits for its parent until then, for ever where that has been killed. The kernel tells the end of a connection to the
# owner of the socket, here by SIGKILL to the group.
sub hold_lifeline {
  my $fd = shift;
  must('lifeline owner', syscall($calls->{fcntl}, $fd, $F_SETOWN, -$$));
  must('lifeline signal', syscall($calls->{fcntl}, $fd, $F_SETSIG, $SIGKILL));
  my $flags = must('lifeline flags', syscall($calls->{fcntl}, $fd, $F_GETFL, 0));
  must('lifeline', syscall($calls->{fcntl}, $fd, $F_SETFL, $flags | $O_ASYNC));
  # A host whose end was closed before the line above sends no signal any more, and for some milliseconds is still a parent.
  open($lifeline, '<&=', $fd) or refuse("lifeline: $!");
  must('lifeline kept', syscall($calls->{fcntl}, $fd, $F_SETFD, 0));    # Perl closes others than the first three at exec.
  my $nothing = '';
  refuse('the host is gone') if defined recv($lifeline, $nothing, 1, $MSG_PEEK | $MSG_DONTWAIT) && $nothing eq '';
}

sub die_with_parent {
  must('pdeathsig', syscall($calls->{prctl}, $PR_SET_PDEATHSIG, $SIGKILL, 0, 0, 0));
  # A host that died before the line above sends no signal any more.
  refuse('the host is gone') if defined $option{parent} && getppid() != $option{parent};
}

sub apply_landlock {
  my $abi = syscall($LANDLOCK_CREATE, 0, 0, 1);
  refuse("Landlock is not available in this kernel: $!") if $abi < 1;
  # Bit per right: 0 execute, 1 write, 2 read file, 3 read folder, then what changes folders; refer from version 2,
  # truncate from 3, device ioctl from 5. Network (bind, connect) from 4, scopes (abstract socket, signal) from 6.
  my $handled = $abi >= 5 ? 0xffff : $abi >= 3 ? 0x7fff : $abi >= 2 ? 0x3fff : 0x1fff;
  my $attributes = pack 'Q', $handled;
  $attributes .= pack 'Q', 3 if $abi >= 4;
  $attributes .= pack 'Q', 3 if $abi >= 6;
  my $ruleset = must('Landlock ruleset', syscall($LANDLOCK_CREATE, $attributes, length $attributes, 0));
  my %rights = (run => 0x000d, read => 0x000c, write => 0xfffe & $handled & ~0x1e40);    # No device, socket, pipe, link.
  my $of_files = 0xc007;    # The rights that a rule on a file may name.
  for my $kind (sort keys %rights) {
    for my $path (@{ $paths{$kind} // [] }) {
      my $fd = must("open $path", syscall($calls->{openat}, -100, $path, 0x280000, 0));    # O_PATH and O_CLOEXEC.
      my $allowed = $rights{$kind} & $handled & (-d $path ? 0xffff : $of_files);
      my $rule = pack 'Ql', $allowed, $fd;
      must("Landlock rule for $path", syscall($LANDLOCK_ADD, $ruleset, 1, $rule, 0));
    }
  }
  must('Landlock', syscall($LANDLOCK_RESTRICT, $ruleset, 0));
}

sub apply_seccomp {
  my $fd = shift;
  open(my $file, '<&=', $fd) or refuse("seccomp program: $!");
  binmode $file;
  my $program = do { local $/; <$file> };
  close $file;
  refuse('seccomp program is empty or cut') if !defined $program || length $program == 0 || length($program) % 8;
  my @instructions = map { my ($code, $k) = unpack 'a4 V', $_; pack 'a4 V', $code, $k == $SELF_PID_MARK ? $$ : $k }
    unpack '(a8)*', $program;
  my $filter = join '', @instructions;
  my $header = pack 'S x![Q] P', scalar @instructions, $filter;
  must('seccomp', syscall($calls->{prctl}, $PR_SET_SECCOMP, 2, $header, 0, 0));
}

sub must {
  my ($what, $result) = @_;
  refuse("$what: $!") if $result == -1;
  return $result;
}

sub refuse {
  print STDERR "bulkhead launch: $_[0]\n";
  exit 78;
}
