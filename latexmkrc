# How latexmk builds the document: pdflatex and biber work in build/, PythonTeX through tools/run_pythontex.py,
# and main.pdf appears in this folder only when everything is complete. VERBOSE=1 shows the programs' own output.
use File::Compare;

@default_files = ('main.tex');
$pdf_mode = 1;
$out_dir = $aux_dir = 'build';
$pdflatex = 'pdflatex -halt-on-error -interaction=nonstopmode -file-line-error %O %S';
$bibtex_use = 2;
$max_repeat = 8;                               # 1 first pass, 1 after Python, 1 after biber, then page numbers
$user_deleted_file_treated_as_changed = 2;     # a deleted figure or module counts as a change
$hash_calc_ignore_pattern{'pytxmcr'} = '^%';   # PythonTeX writes the time into its first line
$silent = !$ENV{VERBOSE};
$pdflatex .= ' >/dev/null' if $silent;

$ENV{SOURCE_DATE_EPOCH} = 1685923200;          # two builds give the same bytes
$ENV{FORCE_SOURCE_DATE} = 1;
$ENV{OMP_NUM_THREADS} = 1;                     # more threads than cores make torch many times slower
$ENV{max_print_line} = 1000;

my $python = '.venv/bin/python';
unless (-x $python) { print STDERR "There is no .venv yet; type: make pdf\n"; exit 2 }

# The sessions run when their code, a module, the lock file or the wrapper has changed, or a figure is missing.
add_cus_dep('pytxcode', 'pytxmcr', 0, 'run_pythontex');
sub run_pythontex {
    my ($base) = @_;
    my @modules = split /\n/, `find pycode -name '*.py'`;
    rdb_ensure_file($rule, $_) for @modules, 'requirements.lock', 'tools/run_pythontex.py';
    my $status = system($python, 'tools/run_pythontex.py', $base);
    rdb_ensure_file($rule, $_) for glob("$out_dir/figures/*.pdf $out_dir/code/*.tex");
    return $status && give_up($status & 127 ? 1 : $status >> 8);
}

# After a failure latexmk would find nothing to do; without its database it tries again and says why again.
sub give_up {
    my ($code) = @_;
    unlink $fdb_name;
    exit $code unless $preview_continuous_mode;
    return $code;
}

$success_cmd = 'internal publish';
sub publish {
    return 0 if compare("$out_dir/main.pdf", 'main.pdf') == 0;
    my $status = system($python, 'tools/publish.py', "$out_dir/main", 'main.pdf');
    return $status && give_up($status >> 8);
}

# A stopped pdflatex leaves half-written files that would stop the next one.
$failure_cmd = 'internal report';
sub report {
    unlink map { "$out_dir/main.$_" } qw(aux out toc chk);
    my ($said, $interrupted) = ('', 0);
    for my $name ($log_name, "$out_dir/main.blg") {
        open(my $log, '<', $name) or next;
        while (<$log>) {
            $interrupted = 1 if /^! Interruption|: Interruption/;
            $said = $_ . (<$log> // '') if !$said && /^\S+:\d+: |^! |ERROR - /;
        }
    }
    print STDERR $interrupted ? "Stopped; make pdf continues here.\n" : $said || "$failure_msg\n";
    return give_up($interrupted ? 130 : 1);
}
