"""Executed displays on the page: ticks, ledger and counts, what an edit runs again, and what stops a build."""

import json
import math
import re
import subprocess
import zlib
from pathlib import Path

from pycode.proofread import document as checker

SECTION = "sections/line.tex"
WRONG = (r"2(z-\mu_q)(\mu_q-\mu_p)", r"3(z-\mu_q)(\mu_q-\mu_p)")


def records(document):
    """Cached verdicts with the times at which they were written."""
    files = (document.folder / "results/values").glob("pycode.proofread.document.*")
    return {path.name: path.stat().st_mtime_ns for path in files}


def python_ran(document):
    """When the sessions last completed."""
    return (document.build_folder / "pythontex.json").stat().st_mtime_ns


def complete(document):
    run = document.build()
    assert run.status == 0, run.said


def refused(document):
    """What a build says, beside its steps, that stops and leaves the published document as it was."""
    lines = document.refuse().said.splitlines(keepends=True)
    return "".join(line for line in lines if not re.match(r"(Python|pdflatex|bibtex) +\d", line))


def verdicts(document):
    read = checker.read(document.folder / "main.tex")
    return checker.check_all(read)


def line_of(document, text, file=SECTION):
    """The first line of a source file that holds a text."""
    lines = (document.folder / file).read_text(encoding="utf-8").split("\n")
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def ledger(document):
    """The text from the list of displays on, row by row."""
    command = ["pdftotext", "-raw", str(document.pdf), "-"]
    text = subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout
    return text.partition("relations.")[2].partition("Line World")[2]


def ledger_lines(document):
    """Line numbers in the ledger, in its order."""
    return [int(line) for line in re.findall(r"^(?:\(\S+\)|no number) (\d+) ", ledger(document), re.MULTILINE)]


def unpacked(pdf: Path) -> bytes:
    parts = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf.read_bytes(), re.DOTALL):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            continue  # an image or a font in another coding
    return b"\n".join(parts)


def test_counts_on_the_page_are_those_of_the_checker(small_built):
    document, _ = small_built
    found = verdicts(document)
    kinds = [sum(v.environment == kind for v in found) for kind in ("checked", "defining", "model", "unchecked")]
    assert kinds == [3, 1, 0, 1]
    relations = sum(v.relations for v in found)
    assert relations >= 4
    said = "Of {} displays {} are derivations, {} definitions, {} models, {} not run; {} relations."
    assert said.format(len(found), *kinds, relations) in document.text()


def test_ledger_and_text_say_what_the_exact_arithmetic_found(small_built):
    document, _ = small_built
    found = [v.exact for v in verdicts(document) if v.exact.equalities]
    rows = [(e.decided, e.equalities, e.degree, math.ceil(e.log2_error)) for e in found]
    read = re.findall(r"(\d+) ?/ ?(\d+) (\d+) −(\d+) \d+$", ledger(document), re.MULTILINE)
    assert [(int(d), int(n), int(degree), -int(bits)) for d, n, degree, bits in read] == rows
    decided, all_ = sum(e.decided for e in found), sum(e.equalities for e in found)
    degree, error = max(e.degree for e in found), max(math.ceil(e.log2_error) for e in found)
    said = f"Exactly {decided} of {all_}, without {all_ - decided}; degree {degree}, error 2−{-error}; 3 states."
    assert said in re.sub(r"(?<=\d) (?=[;−])", "", document.text())


def test_undecided_equality_is_named_with_its_present_line(small):
    lines = [
        r"\begin{checked}{mdp}",
        r"J(\theta) &= v_\pi(s_0),\\",
        r"\max_s2v_\pi(s) &= 2\max_sv_\pi(s)",
        r"\end{checked}",
    ]
    small.edit(SECTION, "That is all.", "\n".join([*lines, "That is all."]))
    for before in ("", "One line\nmore.\n\n"):
        small.edit(SECTION, r"\proofread", before + r"\proofread")
        complete(small)
        line = line_of(small, r"\max_s2v")
        said = f"{line - 2} mdp 2 4 "
        assert re.search(rf"{said}.*\s1 ?/ ?2 .*\nline {line} by floats only: a maximum or a minimum\n", ledger(small))
    assert ", without 1;" in small.text()


def test_each_display_that_ran_has_a_tick_and_each_display_a_row(small_built):
    document, _ = small_built
    found = verdicts(document)
    assert document.text().count("✓") == 3 + sum(v.compared > 0 for v in found)  # 3 checks
    assert ledger_lines(document) == [v.line for v in found]
    for v in found:
        if v.compared:
            assert re.search(rf"\b{v.line} {v.world}(?: :=)? {v.compared} {v.worlds} ", ledger(document))
    assert "not run: holds for all lines" in ledger(document)
    assert "(2–3) 9 gaussians" in ledger(document)


def test_tick_leads_to_its_row_and_back(small_built):
    document, _ = small_built
    pdf = unpacked(document.pdf)
    for number, verdict in enumerate(verdicts(document), start=1):
        for name, linked in ((f"ledger.{number}", verdict.compared > 0), (f"display.{number}", True)):
            assert (f"/D({name})" in re.sub(r"\s", "", pdf.decode("latin-1"))) == linked
            assert f"({name})" in pdf.decode("latin-1").replace(f"/D({name})", "").replace(f"/D ({name})", "")


def test_display_takes_no_room_for_its_tick(small, small_built):
    def heights(document):
        log = (document.build_folder / "main.aux").read_text(encoding="utf-8")
        return re.findall(r"zzz (.*)", log)

    mark = r"\makeatletter\pdfsavepos\write\@auxout{\string\@gobble{zzz \the\pdflastypos}}\makeatother "
    small.edit(SECTION, "That is all.", mark + "That is all.")
    complete(small)
    with_ticks = heights(small)
    small.edit("preamble/displays.tex", r'\symbol{"58}', "")
    complete(small)
    assert heights(small) == with_ticks != []


def test_wrong_display_stops_every_build_at_its_own_line(small):
    small.edit(SECTION, *WRONG)
    for _ in range(2):
        assert re.fullmatch(rf"{SECTION}:{line_of(small, WRONG[1])}: \w+: .+\n", refused(small))
    small.edit(SECTION, r"\section{Line}", "\n\n\\section{Line}")
    assert refused(small).startswith(f"{SECTION}:{line_of(small, WRONG[1])}: ")
    small.edit(SECTION, *reversed(WRONG))
    complete(small)


def test_all_wrong_displays_are_told(small):
    small.edit(SECTION, *WRONG)
    small.edit("sections/circle.tex", r"2\log\sigma_q", r"3\log\sigma_q")
    lines = refused(small).splitlines()
    circle = line_of(small, r"3\log", "sections/circle.tex")
    assert {line.partition(": ")[0] for line in lines} == {
        f"sections/circle.tex:{circle}",
        f"{SECTION}:{line_of(small, WRONG[1])}",
    }


def test_formula_outside_of_the_environments_is_refused_once(small):
    small.edit(SECTION, "That is all.", r"\begin{equation*}x=y\end{equation*}")
    (said,) = refused(small).splitlines()
    assert said.startswith(f"{SECTION}:{line_of(small, 'equation*')}: ")


def test_edited_display_runs_again_alone(small):
    before = records(small)
    assert len(before) == 5
    small.edit(SECTION, r"2(z-\mu_q)(\mu_q-\mu_p)", r"2(\mu_q-\mu_p)(z-\mu_q)")
    complete(small)
    after = records(small)
    assert len(after) == 5
    assert len(before.items() - after.items()) == 1


def test_edited_definition_runs_again_what_uses_it(small):
    before = records(small)
    small.edit(SECTION, r"\pi(a\mid s)\,p(x\mid s,a) &&", r"p(x\mid s,a)\,\pi(a\mid s) &&")
    complete(small)
    assert len(before.items() - records(small).items()) == 2


def test_edit_of_prose_and_reasons_runs_no_python_and_shifts_the_lines(small):
    ran, lines = python_ran(small), ledger_lines(small)
    small.edit(SECTION, r"\proofread", "Prose of\nthree\nlines.\n\n\\proofread")
    small.edit(SECTION, "{order of sums}", "{sums in another order}")
    complete(small)
    assert python_ran(small) == ran
    assert "sums in another order" in small.text()
    assert ledger_lines(small) == [lines[0], *(line + 4 for line in lines[1:])]


def test_display_before_its_file_is_proofread_is_not_published(small):
    small.edit(SECTION, "\\proofread{sections/line.tex}\n", "")
    assert "sections/line.tex:1: unrun: its displays are not run; write \\proofread" in refused(small)


def test_display_that_is_not_typeset_is_missed(small):
    small.edit(SECTION, r"\begin{unchecked}", r"\ifodd0 \begin{unchecked}")
    small.edit(SECTION, "That is all.", r"\fi That is all.")
    assert "each display of sections/line.tex" in refused(small)


def test_file_without_displays_is_named(small):
    small.edit(SECTION, r"\proofread{sections/line.tex}", r"\proofread{sections/lines.tex}")
    assert f"{SECTION}:8: ValueError: proofread: main.tex has no display in sections/lines.tex" in refused(small)


def test_score_of_mutants_is_printed_only_for_the_text_it_was_measured_on(small):
    assert "Errors:" not in small.text()
    score = small.folder / "tests/mutants/score.json"
    score.parent.mkdir(parents=True)
    present = checker.text_hash(checker.read(small.folder / "main.tex"))
    numbers = {"planted": 2519, "caught": 2472, "reading": 800, "evaluation": 1672, "survivors": 47, "seconds": 90.5}
    score.write_text(json.dumps(numbers | {"hash": present}), encoding="utf-8")
    complete(small)
    assert re.search(r"Errors: 2,?\s?519, found 2,?\s?472\.", small.text())
    score.write_text(json.dumps(numbers | {"exact": 38, "hash": present}), encoding="utf-8")
    complete(small)
    assert re.search(r"found 2,?\s?472, exactly 38\.", small.text())
    there, changed = r"(z-\mu_p)^2 &=", r"(\mu_p-z)^2 &="
    small.edit(SECTION, there, changed)
    complete(small)
    assert "Errors:" not in small.text()
    small.edit(SECTION, changed, there)
    score.write_text(json.dumps(numbers | {"hash": present[::-1]}), encoding="utf-8")
    complete(small)
    assert "Errors:" not in small.text()
