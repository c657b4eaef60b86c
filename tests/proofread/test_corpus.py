r"""Right and wrong derivations as different authors write them, and displays of other authors where they are at hand.

A file of ``corpus/wrong`` begins with the kind of its first message, its line and, where it tells more, a part of it.
"""

import re
from pathlib import Path

import pytest

from pycode.proofread.document import check_all, read

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


def displays():
    """Displays of other authors with the verdict of a reader, in the worlds that fit their subject."""
    index = (WILD / "INDEX.md").read_text("utf-8") if (WILD / "INDEX.md").is_file() else ""
    for number, subject, verdict in re.findall(r"^\| (\d+) \| (\w+) \| (\w+) ", index, re.MULTILINE):
        if (WILD / f"{number}.tex").is_file():
            for world in {"VAE": ("vae", "gaussians"), "PG": ("mdp", "mdp-discounted")}[subject]:
                yield pytest.param(number, world, verdict, id=f"{number}-{world}")


def unwrapped(text):
    """The formula without the fences and environments around it."""
    text = re.sub(
        r"\\(begin|end)\{(align|aligned|equation|eqnarray|split|gather)\*?\}|\$\$?|```\w*|\{% \w+ %\}", "", text
    )
    return re.sub(r"\n\s*\n", "\n", text).strip()


@pytest.mark.skipif(not WILD.is_dir(), reason="the displays of other authors are not at hand")
@pytest.mark.parametrize(("number", "world", "verdict"), [*displays()] or [("", "", "")])
def test_displays_of_other_authors_are_judged_or_refused(tmp_path, number, world, verdict):
    text = unwrapped((WILD / f"{number}.tex").read_text("utf-8"))
    path = tmp_path / "a.tex"
    path.write_text(f"\\begin{{checked}}{{{world}}}\n{text}\n\\end{{checked}}\n", encoding="utf-8")
    found, messages = verdicts(path)
    assert [v.status for v in found] == ["holds"] or messages
    assert all(m.kind != "internal" and "Traceback" not in m.message for m in messages)
    assert verdict != "WRONG" or "holds" not in {v.status for v in found}
