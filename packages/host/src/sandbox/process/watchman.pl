# Ends a host's guests when the host is gone. Standard input is a pipe of which only the host has the other end; the first line
# on it is the host's generation token, and its end is the host's. Uses no module, so perl-base is enough.
#
# Never kills what does not carry the token as an argument of its own, never reads the environment, never stays.
use strict;

my $LOOKS = 40;    # A guest that was being started at the host's end shows itself within a second or so.
my $PAUSE_S = 0.05;

my $line = '';
while ($line !~ /\n/) { sysread(STDIN, $line, 64, length $line) or exit 0 }
my ($token) = $line =~ /\A([0-9a-f]{32})\n/ or exit 64;
1 while sysread(STDIN, my $nothing, 1);

for my $look (1 .. $LOOKS) {
  end_marked("generation=$token");
  select undef, undef, undef, $PAUSE_S;
}

sub end_marked {
  my $mark = shift;
  opendir(my $directory, '/proc') or return;
  for my $pid (grep { /\A[0-9]+\z/ } readdir $directory) {
    open(my $file, '<', "/proc/$pid/cmdline") or next;    # It has gone since.
    my $arguments = do { local $/; <$file> } // '';
    kill 9, $pid if grep { $_ eq $mark } split /\0/, $arguments;
  }
}
