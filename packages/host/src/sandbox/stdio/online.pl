# Starts an MCP server that may reach the network, inside its jail: brings up a proxy on the loopback of the jail's own network
# namespace, gives the server its environment and the filter of system calls that is its own, and executes it. Loads no module,
# since the jail shows this program and the libraries of perl alone.
#
#   perl online.pl NAME=VALUE... -- PROGRAM ARGUMENT...
#
#   arch=x64|arm64    system call numbers to use
#   port=N            where the proxy listens, on 127.0.0.1
#   broker=PATH       Unix socket of the host; each connection to the proxy becomes one to it
#   connections=N     how many there are at once; more wait to be accepted
#   env=FD            environment of the program, NAME=VALUE with a NUL after each
#   seccomp=FD        filter program of the server, on top of the one that bubblewrap applied to all of this
#   generation=TOKEN  ignored here: marks the process for the reaper
#
#   server (process 2 of its namespace) --TCP--> proxy (this program, forked) --Unix socket--> host
#
# The proxy understands nothing of what it carries: the host judges it, and a server that would speak to the host without it could
# say no more. Fails closed: whatever cannot be done ends this process with status 78 and one line on stderr.

my %PRCTL = (x64 => 157, arm64 => 167);
my ($PR_SET_SECCOMP, $F_GETFL, $F_SETFL, $O_NONBLOCK) = (22, 3, 4, 0x800);
my ($AF_UNIX, $AF_INET, $SOCK_STREAM) = (1, 2, 1);
my ($EINTR, $EAGAIN) = (4, 11);
my $PIECE_BYTES = 65536;

my %option;
while (defined(my $argument = shift @ARGV)) {
  last if $argument eq '--';
  my ($name, $value) = $argument =~ /\A([a-z]+)=(.*)\z/s or refuse("argument \"$argument\" is not NAME=VALUE");
  $option{$name} = $value;
}
refuse('no program given') unless @ARGV;
my $prctl = $PRCTL{ $option{arch} } or refuse('arch is neither x64 nor arm64');

my $listener = listening($option{port});
start_proxy();
close $listener;
my %environment = read_environment($option{env});
apply_seccomp($option{seccomp});
%ENV = %environment;    # Last, so that no name of it reaches what has run so far.
exec { $ARGV[0] } @ARGV or refuse("$ARGV[0]: $!");

sub listening {
  my $address = pack 'S n a4 x8', $AF_INET, shift, "\x7f\0\0\x01";
  socket(my $socket, $AF_INET, $SOCK_STREAM, 0) or refuse("socket: $!");
  bind($socket, $address) or refuse("bind: $!");
  listen($socket, 128) or refuse("listen: $!");
  return $socket;
}

# Forked twice, so that the server has no child that it did not make. What is open here is the server's: an output that the proxy held
# would never end.
sub start_proxy {
  my $pid = fork();
  refuse("fork: $!") unless defined $pid;
  if ($pid == 0) {
    my $proxy = fork();
    exit(defined $proxy ? 0 : 78) if !defined $proxy || $proxy != 0;
    for my $fd (3, $option{env}, $option{seccomp}) {
      open(my $handle, '<&=', $fd) or next;
      close $handle;
    }
    close STDIN;
    close STDOUT;
    close STDERR;
    serve();
    exit 0;
  }
  waitpid($pid, 0);
  refuse('the proxy did not start') if $? != 0;
}

# Each connection is two ends, of which each has what is still to be written to it; what comes is read when nothing is.
my %ends;

sub serve {
  $SIG{PIPE} = 'IGNORE';
  nonblocking($listener);
  while (1) {
    my ($reads, $writes) = ('', '');
    vec($reads, fileno $listener, 1) = 1 if keys(%ends) < 2 * $option{connections};
    for my $end (values %ends) {
      vec($writes, $end->{fd}, 1) = 1 if length $end->{out};
      vec($reads, $end->{fd}, 1) = 1 if !$end->{ended} && !length $end->{other}{out};
    }
    my $count = select($reads, $writes, undef, undef);
    next if $count <= 0;
    take_connection() if vec($reads, fileno $listener, 1);
    my @known = values %ends;    # A copy: some of them go meanwhile.
    for my $end (@known) {
      next unless $end->{other};
      write_to($end) if vec($writes, $end->{fd}, 1);
      read_from($end) if $end->{other} && vec($reads, $end->{fd}, 1);
    }
  }
}

sub take_connection {
  accept(my $client, $listener) or return;
  socket(my $host, $AF_UNIX, $SOCK_STREAM, 0) or return;
  connect($host, pack('S Z*', $AF_UNIX, $option{broker})) or return;    # A host that is gone takes this process with it.
  my ($one, $two) = map { nonblocking($_); { handle => $_, fd => fileno $_, out => '', ended => 0 } } $client, $host;
  ($one->{other}, $two->{other}) = ($two, $one);
  $ends{ $_->{fd} } = $_ for $one, $two;
}

sub read_from {
  my $end = shift;
  my $read = sysread($end->{handle}, my $piece, $PIECE_BYTES);
  return if !defined $read && ($! == $EAGAIN || $! == $EINTR);
  return leave($end) if !defined $read;
  if ($read == 0) {
    $end->{ended} = 1;
    return pass_end($end);
  }
  $end->{other}{out} = $piece;
  write_to($end->{other});
}

sub write_to {
  my $end = shift;
  my $written = syswrite($end->{handle}, $end->{out});
  return if !defined $written && ($! == $EAGAIN || $! == $EINTR);
  return leave($end) if !defined $written;
  substr($end->{out}, 0, $written) = '';
  pass_end($end);
}

# An end that has said all: the other is told when everything is written to it, and both go when both have.
sub pass_end {
  my $one = shift;
  my $two = $one->{other};
  shutdown($two->{handle}, 1) if $one->{ended} && !length $two->{out};
  shutdown($one->{handle}, 1) if $two->{ended} && !length $one->{out};
  leave($one) if $one->{ended} && $two->{ended} && !length $one->{out} && !length $two->{out};
}

sub leave {
  my $end = shift;
  for my $one ($end, $end->{other}) {
    delete $ends{ $one->{fd} };
    close $one->{handle};
  }
  delete $end->{other}{other};    # Two that hold each other are never freed.
  delete $end->{other};
}

sub nonblocking {
  my $flags = fcntl($_[0], $F_GETFL, 0) or refuse("fcntl: $!");
  fcntl($_[0], $F_SETFL, $flags | $O_NONBLOCK) or refuse("fcntl: $!");
}

sub read_environment {
  open(my $file, '<&=', shift) or refuse("environment: $!");
  binmode $file;
  my $text = do { local $/; <$file> };
  close $file;
  return map { /\A([^=]+)=(.*)\z/s ? ($1, $2) : refuse('environment: not NAME=VALUE') } split /\0/, $text;
}

sub apply_seccomp {
  open(my $file, '<&=', shift) or refuse("seccomp program: $!");
  binmode $file;
  my $program = do { local $/; <$file> };
  close $file;
  refuse('seccomp program is empty or cut') if !defined $program || length $program == 0 || length($program) % 8;
  my $header = pack 'S x![Q] P', length($program) / 8, $program;
  refuse("seccomp: $!") if syscall($prctl, $PR_SET_SECCOMP, 2, $header, 0, 0) == -1;
}

sub refuse {
  print STDERR "bulkhead launch: $_[0]\n";
  exit 78;
}
