# How latexmk builds the document: tools/typeset.py makes a pass of Python and pdflatex, bibtex stands between passes,
# and main.pdf appears in this folder only when everything is complete. VERBOSE=1 shows the programs' own output.
BEGIN { $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP) }   # until there is something to tidy up; perl 5.36 panics on an exit here
use Digest::SHA;
use Fcntl qw(:flock F_SETFD);
use File::Compare;
use POSIX ();
use Time::HiRes 'time';

@default_files = ('main.tex');
$pdf_mode = 1;
$out_dir = $aux_dir = 'build';
$pdflatex = 'internal typeset %O %S';
$bibtex_use = 2;
$bibtex = 'internal bibliography %O %S';
$bibtex_fudge = 0;                             # it runs here, as all others do
$max_repeat = 8;                               # 1 first pass, 1 after Python, 1 after bibtex, then page numbers
$user_deleted_file_treated_as_changed = 2;     # a deleted figure or module counts as a change
$hash_calc_ignore_pattern{'pytxmcr'} = '^%';   # PythonTeX writes the time into its first line
$silent = !($rc_report = $ENV{VERBOSE});

$ENV{SOURCE_DATE_EPOCH} = 1685923200;          # two builds give the same bytes
$ENV{FORCE_SOURCE_DATE} = 1;
$ENV{PYTHONHASHSEED} = 0;
$ENV{PYTHONDONTWRITEBYTECODE} = 1;             # Python too takes a module of the same second and size for unchanged
$ENV{OMP_NUM_THREADS} = 1;                     # more threads than cores make torch many times slower
$ENV{max_print_line} = 1000;

# What this file and the programs it starts say is the build's whole output; latexmk itself is silent.
open(our $aloud, '>&', \*STDOUT);
open(STDOUT, '>', '/dev/null') if $silent;
sub aloud {
    my ($action, @arguments) = @_;
    open(my $before, '>&', \*STDOUT);
    open(STDOUT, '>&', $aloud);
    my $result = $action->(@arguments);
    open(STDOUT, '>&', $before);
    return $result;
}

my $python = '.venv/bin/python';
unless (-x $python) { print STDERR "There is no .venv yet; type: make pdf\n"; exit 2 }
delete @ENV{qw(PYTHONHOME PYTHONPATH)};        # the sessions see .venv and this folder only
if (-l $out_dir) { print STDERR "$out_dir is a link; remove it, as its folder must lie here\n"; exit 1 }
mkdir $out_dir;
sub unwritable { print STDERR "Cannot write to $_[0]\n"; exit 1 }
open(our $build_lock, '>', "$out_dir/lock") or unwritable("$out_dir: $!");
unless (flock($build_lock, LOCK_EX | LOCK_NB)) { print STDERR "Another build is running in this folder; wait for it\n"; exit 1 }
fcntl($build_lock, F_SETFD, 0);                # programs that outlive a killed latexmk keep it
run('typeset.py', "$out_dir/main", '--restore') if -d "$out_dir/kept";
unlink "$out_dir/main.fdb_latexmk" unless -s "$out_dir/main.aux";   # without it bibtex would come first, and fail

# Modules may read files of the user's, in a folder that an environment variable names: EXTERNAL = "VARIABLE/pattern".
# Another folder or name among them is a change of build/external, another content one of the file itself.
my ($external, @external) = ('');
for (`grep -rhoE --include='*.py' '^EXTERNAL = "[^"]+"' pycode`) {
    my ($variable, $pattern) = m{"(\w+)/([^/"]+)"} or next;
    next unless length($ENV{$variable} // '');
    chomp(my @found = `ls -d "\$$variable"/$pattern 2>/dev/null`);
    $external .= join("\n", $variable, $ENV{$variable}, @found, '');
    push @external, grep { -f } @found;
}
open(my $known, '+>>', "$out_dir/external") or unwritable("$out_dir: $!");
seek($known, 0, 0);
unless (join('', <$known>) eq $external) { truncate($known, 0); print $known $external }
close($known);

# latexmk takes a file of the same size and second for unchanged, which two saves can share. The time of its last change
# of any kind is finer, and no program can set it back.
{
    no warnings 'redefine';
    *get_time_size = sub { my @state = Time::HiRes::stat($_[0]); return @state ? (sprintf('%.5f', $state[10]), $state[7]) : (0, -1) };
}

# latexmk's database and build/main.pdf are those of a complete build, so a failing one is tried again and says again
# why it fails.
{
    no warnings 'redefine';
    my $write = \&rdb_write;
    *rdb_write = sub { $failure > 0 ? 0 : $write->(@_) };
}
our @warned;                                   # what latexmk itself has to say is told where nobody else knows a cause
$SIG{__WARN__} = sub { push @warned, @_ } if $silent;
our $told;                                     # somebody has named a cause
END { print STDERR @warned if $? && !$told }

# What a killed latexmk has typeset may be of a text that was taken back since.
{
    my ($typeset, $complete) = map { (Time::HiRes::stat("$out_dir/main.$_"))[9] // 0 } qw(pdf fdb_latexmk);
    unlink "$out_dir/main.pdf" if $typeset > $complete;
}

# make watch looks at the sources five times a second; latexmk itself takes whole seconds only.
$sleep_time = 1;
{
    no warnings 'redefine';
    my $changed = \&rdb_remake_needed;
    *rdb_remake_needed = sub { $sleep_time = 0; select(undef, undef, undef, 0.2); return $changed->(@_) };
}

sub give_up {
    my ($status) = @_;
    my $stopped = ($status & 127) == 2 || $status >> 8 == 130;
    print STDERR "\nStopped; make pdf continues here.\n" if $stopped;
    print STDERR "A program of the build was killed" . ($status > 0 && " (signal " . ($status & 127) . ")") . ", or did not start\n"
        if !$stopped && $status & 127;
    my $waits = $preview_continuous_mode && !$stopped;
    unlink "$out_dir/main.pdf" unless $waits;  # without it make watch would try again at once
    $told = 1;
    exit($stopped ? 130 : 1) unless $waits;
    undef $started;
    return 1;
}
$SIG{$_} = sub { give_up(2) } for qw(INT TERM HUP);
{
    no warnings 'redefine';
    *default_break = sub { $SIG{INT} = sub { give_up(2) } };   # latexmk would die on Ctrl-C after its first wait
}

our $started;                                  # when the present build began
sub begun { return $started //= $preview_continuous_mode ? time : $^T }
sub run {
    my ($tool, @arguments) = @_;
    begun();
    my ($interrupt, $before) = (POSIX::SigSet->new(POSIX::SIGINT), POSIX::SigSet->new);
    POSIX::sigprocmask(POSIX::SIG_BLOCK, $interrupt, $before);   # Python would die of it with a traceback until it has started
    my $status = aloud(sub { system($python, "tools/$tool", @arguments) });
    POSIX::sigprocmask(POSIX::SIG_SETMASK, $before);
    return $status;
}

# publish.py looks for holes while latexmk finds out whether the pass was the last, and waits for a word.
my ($publisher, $pid);
sub check {
    local $ENV{BUILD_STARTED} = begun();
    local $SIG{INT} = 'IGNORE';                # Ctrl-C ends it by the end of its input
    $pid = aloud(sub { open($publisher, '|-', $python, 'tools/publish.py', "$out_dir/main", 'main.pdf') });
}
sub answer {
    my ($word) = @_;
    return unless $pid;
    local $SIG{PIPE} = 'IGNORE';
    print $publisher $word;
    kill 'TERM', $pid unless $word;
    undef $pid;
    close($publisher);
    return $?;
}

# Modules count as sources of the document; a pass after which sessions ran is followed by another.
my $sessions_ran;
sub typeset {
    @warned = ();
    $told = 0;
    answer('');
    my $status = run('typeset.py', "$out_dir/main", @_);
    check() unless $status;
    $sessions_ran = $status >> 8 == 3;
    rdb_do_files(sub { rdb_update1() if $file =~ m{^(results/|\Q$out_dir\E/(\./)?(code/|attachments\.tex$|main\.pytxmcr$))} });   # Python wrote them before pdflatex read them
    return $status && !$sessions_ran && give_up($status);
}
add_hook('after_xlatex_analysis', 'watch');
sub watch {
    chomp(my @modules = `find pycode benchmarks -name '*.py' -o -name 'results.json' 2>/dev/null`);
    my @results = glob('results/values/*.json');
    rdb_ensure_file($rule, $_) for @modules, @results, $python, 'requirements.lock', glob('tools/*.py'), 'tests/mutants/score.json',
        "$out_dir/external", @external;
    rdb_add_generated(@results, grep { m{^(results|\Q$out_dir\E)/} && !$from_rules{$_} } rdb_list_source($rule));
    $$Pout_of_date = 1 if $sessions_ran;
    return 0;
}
sub bibliography {
    answer('');
    my ($start, $after_error) = (time, $told);
    $told = 0;
    my $list = "$out_dir/main.bbl";
    rename $list, "$list.kept";
    my $status = system('bibtex', @_);
    $status ? rename("$list.kept", $list) : unlink "$list.kept";   # half of a list would be typeset
    return give_up($status) if $status & 127;
    aloud(sub { printf "%-9s%7.1f s\n", 'bibtex', time - $start }) unless $after_error;   # whose cause stays the last line
    return $status >> 8;
}
$success_cmd = 'internal publish';
sub publish {
    return 0 unless -e "$out_dir/main.pdf";
    if (compare("$out_dir/main.pdf", 'main.pdf') == 0 && !defined $started) {
        my $sum = Digest::SHA->new(256)->addfile('main.pdf')->hexdigest;
        aloud(sub { print "main.pdf is up to date, sha256 $sum\n" });
        return 0;
    }
    check() unless $pid;
    my $status = $pid ? answer("publish\n") : -1;
    undef $started;
    unlink "$out_dir/main.fdb_latexmk" if $status && $preview_continuous_mode;   # it takes the document for complete
    return $status && give_up($status);
}
$failure_cmd = 'internal stopped';             # of bibtex, where no failed pass has told a cause
sub stopped {
    return 1 if $told;
    my $log = `cat '$out_dir/main.blg' 2>/dev/null`;
    my $found = 0;
    print STDERR "$1$2\n" and $found++ while $log =~ /^(.+)\n?(---line \d+ of file .*)/mg;
    print STDERR @warned, "The build stopped; what bibtex says is in $out_dir/main.blg\n" unless $found;
    unlink map { "$out_dir/main.$_" } qw(aux bbl fdb_latexmk log) unless $preview_continuous_mode;  # the next run begins with pdflatex
    return give_up($?);
}
