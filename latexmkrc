# How latexmk builds the document: pdflatex and biber work in build/, PythonTeX through tools/run_pythontex.py,
# and main.pdf appears in this folder only when everything is complete. VERBOSE=1 shows the programs' own output.
use File::Compare;
use File::Copy;

@default_files = ('main.tex');
$pdf_mode = 1;
$out_dir = $aux_dir = 'build';
$pdflatex = 'internal typeset %O %S';
$bibtex_use = 2;
$max_repeat = 8;                               # 1 first pass, 1 after Python, 1 after biber, then page numbers
$user_deleted_file_treated_as_changed = 2;     # a deleted figure or module counts as a change
$hash_calc_ignore_pattern{'pytxmcr'} = '^%';   # PythonTeX writes the time into its first line
$silent = !$ENV{VERBOSE};

$ENV{SOURCE_DATE_EPOCH} = 1685923200;          # two builds give the same bytes
$ENV{FORCE_SOURCE_DATE} = 1;
$ENV{OMP_NUM_THREADS} = 1;                     # more threads than cores make torch many times slower
$ENV{max_print_line} = 1000;

my $python = '.venv/bin/python';
unless (-x $python) { print STDERR "There is no .venv yet; type: make pdf\n"; exit 2 }

# latexmk's database and build/main.pdf are those of a complete build; so a failing one is tried again and says
# again why it fails.
my $write_database = \&rdb_write;
{ no warnings 'redefine'; *rdb_write = sub { $failure > 0 ? 0 : $write_database->(@_) } }
sub give_up {
    my ($code) = @_;
    unlink "$out_dir/main.pdf";
    exit $code unless $preview_continuous_mode;
    return $code;
}

$success_cmd = 'internal publish';
sub publish {
    return 0 if !-e "$out_dir/main.pdf" || compare("$out_dir/main.pdf", 'main.pdf') == 0;
    my $status = system($python, 'tools/publish.py', "$out_dir/main", 'main.pdf');
    return $status && give_up($status >> 8);
}

# A stopped pdflatex leaves half-written files, which would stop the next pass too: the earlier ones come back.
my @auxiliary = qw(aux bcf chk out pytxcode toc);
sub restore {
    for (map { "$out_dir/main.$_" } @auxiliary) { -e "$_.kept" ? move("$_.kept", $_) : unlink $_ }
}
restore() if -e "$out_dir/main.aux.kept";

# One pass: pdflatex writes what Python is asked for, then the sessions that need it run, and the pass is repeated.
# Modules count as sources of the document.
my $sessions_ran;
sub typeset {
    copy("$out_dir/main.$_", "$out_dir/main.$_.kept") for @auxiliary;
    open(my $output, '>&', \*STDOUT);
    open(STDOUT, '>', '/dev/null') if $silent;
    my $status = system('pdflatex', '-halt-on-error', '-interaction=nonstopmode', '-file-line-error', @_);
    open(STDOUT, '>&', $output);
    if ($status) { restore(); return report() }
    unlink glob("$out_dir/main.*.kept");
    $status = system($python, 'tools/run_pythontex.py', "$out_dir/main");
    my $result = $status & 127 ? 1 : $status >> 8;
    $sessions_ran = $result == 3;
    return $result && !$sessions_ran && give_up($result);
}
add_hook('after_xlatex_analysis', 'watch');
sub watch {
    chomp(my @modules = `find pycode -name '*.py'`);
    rdb_ensure_file($rule, $_) for @modules, 'requirements.lock', 'tools/run_pythontex.py';
    rdb_add_generated(grep { m{^\Q$out_dir/} && !$from_rules{$_} } rdb_list_source($rule));
    $$Pout_of_date = 1 if $sessions_ran;
    return 0;
}

$failure_cmd = 'internal stopped';
sub stopped { unlink "$out_dir/main.bbl"; return report() }
sub report {
    my ($said, $interrupted) = ('', 0);
    open(my $log, '<', $log_name);
    while (<$log>) {
        $interrupted = 1 if /^! Interruption|: Interruption/;
        $said = $_ . (<$log> // '') if !$said && /^\S+:\d+: |^! /;
    }
    print STDERR $interrupted ? "\nStopped; make pdf continues here.\n" : $said || "$failure_msg\n";
    return give_up($interrupted ? 130 : 1);
}
