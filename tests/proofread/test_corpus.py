r"""Right and wrong derivations as different authors write them, and displays of other authors where they are at hand.

A file of ``corpus/wrong`` begins with the kind of its first message, its line and, where it tells more, a part of it.
"""

import re
from functools import cache
from pathlib import Path

import pytest

from pycode.proofread.document import check_all, read
from pycode.proofread.notes.reading import read_notes

CORPUS = Path(__file__).parent / "corpus"
RIGHT, WRONG = (sorted((CORPUS / kind).glob("*.tex")) for kind in ("right", "wrong"))
WILD = Path(__file__).parents[3] / "shared" / "wild"
SEEDS = (0, 20)


def verdicts(path, seed=0):
    document = read(path)
    found = check_all(document, seed)
    return found, [*document.messages, *(m for v in found for m in v.messages)]


def test_there_are_dozens_of_each():
    assert len(RIGHT) >= 100
    assert len(WRONG) >= 100


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("path", RIGHT, ids=lambda p: p.stem)
def test_right_derivations_hold(path, seed):
    found, messages = verdicts(path, seed)
    assert not messages, messages[0].shown()
    assert {v.status for v in found} == {"holds"}
    assert any(v.relations and v.worlds for v in found if v.environment == "checked")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("path", WRONG, ids=lambda p: p.stem)
def test_wrong_derivations_are_found_at_their_line(path, seed):
    text = path.read_text("utf-8")
    expected = dict(re.findall(r"^% (\w+): (.*)$", text, re.MULTILINE))
    found, messages = verdicts(path, seed)
    assert [v.status for v in found if v.environment == "checked"] != ["holds"]
    assert (messages[0].kind, messages[0].line) == (expected["kind"], int(expected["line"])), messages[0].shown()
    assert expected.get("says", "") in messages[0].message, messages[0].message


@pytest.mark.parametrize("path", WRONG, ids=lambda p: p.stem)
def test_what_precedes_the_wrong_line_holds(path):
    """Every line before the wrong one is right, so the message is about that line alone."""
    line = int(re.search(r"^% line: (\d+)$", path.read_text("utf-8"), re.MULTILINE)[1])
    assert min(m.line for m in verdicts(path)[1]) == line


FLAGS = {"CTX", "MULTI", "BROKEN", "MACRO", "BARE"}  # of items that nothing but their surroundings could decide


def items():
    """Displays of other authors with the verdict of a reader, flags, and the worlds that fit their subject."""
    index = (WILD / "INDEX.md").read_text("utf-8") if (WILD / "INDEX.md").is_file() else ""
    rows = re.findall(r"^\| (\d+) \| (VAE|PG) \| (RIGHT|WRONG|UNCLEAR) \|([^|]*)\|", index, re.MULTILINE)
    for number, subject, verdict, flags in rows:
        if (WILD / f"{number}.tex").is_file():
            worlds = {"VAE": ("vae", "gaussians"), "PG": ("mdp", "mdp-discounted")}[subject]
            yield number, verdict, frozenset(flags.split()), worlds


@cache
def judged(number, world):
    """Whether all displays of an item hold, one fails, or one cannot be read; and what is said of them."""
    document = read_notes([WILD / f"{number}.tex"], world, "kingma")
    found = check_all(document)
    statuses = {v.status for v in found} | ({"error"} if document.messages or not found else set())
    said = [*document.messages, *(m for v in found for m in v.messages)]
    return next(s for s in ("fails", "error", "holds") if s in statuses), said


@pytest.mark.skipif(not WILD.is_dir(), reason="the displays of other authors are not at hand")
@pytest.mark.parametrize(("number", "verdict", "worlds"), [(n, v, w) for n, v, _, w in items()] or [("", "", ())])
def test_displays_of_other_authors_are_judged_or_refused(number, verdict, worlds):
    for world in worlds:
        status, said = judged(number, world)
        assert said or status == "holds"
        assert all(m.kind != "internal" and "Traceback" not in m.message for m in said), said
        assert (status, verdict) != ("holds", "WRONG"), world


@pytest.mark.skipif(not WILD.is_dir(), reason="the displays of other authors are not at hand")
def test_most_displays_of_other_authors_reach_the_verdict_of_a_reader():
    """An item holds where it holds in a world, and fails where it fails in one and holds in none."""
    clear = [i for i in items() if i[1] in ("RIGHT", "WRONG") and not i[2] & FLAGS]
    assert len(clear) > 40
    right = reached = 0
    for number, verdict, _, worlds in clear:
        statuses = {judged(number, world)[0] for world in worlds}
        found = "RIGHT" if "holds" in statuses else "WRONG" if "fails" in statuses else ""
        reached += bool(found)
        right += found == verdict
    assert reached >= 0.6 * len(clear), (reached, len(clear))
    assert right >= 0.95 * reached, (right, reached)
