r"""Notes with letters and spelling of their own: read as a reader would, wrong ones found, the rest refused."""

from pathlib import Path

import pytest

from pycode.proofread.check import Checker
from pycode.proofread.document import check_all, read
from pycode.proofread.notes.letters import load
from pycode.proofread.notes.reading import read_notes

VAE, PAIR, MDP, DISCOUNTED = "vae", "gaussians", "mdp", "mdp-discounted"
NOTES = Path(__file__).parent / "corpus"


def judged(tmp_path, world, text, letters="kingma"):
    """Statuses and messages of one display in a file of notes."""
    path = tmp_path / "notes.md"
    path.write_text(f"$$\n{text}\n$$\n", encoding="utf-8")
    document = read_notes([path], world, letters)
    checker = Checker(document)
    verdicts = [checker.run(display) for display in document.displays]
    return [v.status for v in verdicts], [*document.messages, *(m for v in verdicts for m in v.messages)]


@pytest.mark.parametrize("seed", [0, 20])
@pytest.mark.parametrize(("name", "status"), [("right", "holds"), ("wrong", "fails")])
@pytest.mark.parametrize("world", [VAE, PAIR, MDP, DISCOUNTED])
def test_notes_are_judged(name, status, world, seed):
    """Right ones hold, wrong ones are found by computation, not by a refusal."""
    document = read_notes([NOTES / f"{name}-{world}.md"], world, "kingma")
    checker = Checker(document, seed)
    verdicts = [checker.run(display) for display in document.displays]
    assert verdicts
    assert not document.messages
    others = [v for v in verdicts if v.status != status]
    assert not others, others[0].messages or others[0]


def test_the_same_letters_mean_other_things_to_others(tmp_path):
    text = r"\nabla_\theta\log p_\theta(x) = 0"
    assert judged(tmp_path, VAE, text)[0] == ["fails"]
    assert judged(tmp_path, VAE, text.replace("p_\\theta", "p_\\phi"), "assignment")[0] == ["holds"]
    assert judged(tmp_path, VAE, text, "assignment")[0] == ["error"]


def test_a_display_is_read_in_the_other_world_of_its_subject(tmp_path):
    """Numbered Gaussians among notes on the auto-encoder, a discount among others; never in a checked display."""
    pair = r"D_{KL}(q\|p) = \log\frac{\sigma_2}{\sigma_1}+\frac{\sigma_1^2+(\mu_1-\mu_2)^2}{2\sigma_2^2}-\frac12"
    step = r"V^\pi(s) = \sum_a\pi(a|s)\sum_{s',r}p(s',r|s,a)(r+\gamma V^\pi(s'))"
    for world, text, sign in ((VAE, pair, "-\\frac12"), (MDP, step, "+\\gamma")):
        assert judged(tmp_path, world, text)[0] == ["holds"]
        assert judged(tmp_path, world, text.replace(sign, sign.translate({43: "-", 45: "+"})))[0] == ["fails"]
    assert judged(tmp_path, VAE, "q(z|x) = q(z)")[0] == ["error"]  # no letter of the other world is in it
    path = tmp_path / "own.tex"
    path.write_text("\\begin{checked}{mdp}\n\\gamma = \\gamma\n\\end{checked}\n", encoding="utf-8")
    assert [v.status for v in check_all(read(path))] == ["error"]


def test_a_file_says_what_letters_mean(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text(
        "% of a course\n[mdp mdp-discounted]\nU^\\pi = v_\\pi  % utility\n"
        "D^\\pi(s,a) = q_\\pi(s,a)-v_\\pi(s)\n[gaussians]\nm_1 = \\mu_q\n",
        encoding="utf-8",
    )
    assert judged(tmp_path, MDP, r"\sum_a\pi(a|s)D^\pi(s,a) = U^\pi(s)-U^\pi(s)", str(path))[0] == ["holds"]
    assert judged(tmp_path, MDP, r"D^\pi(s,a) = U^\pi(s)", str(path))[0] == ["fails"]
    assert judged(tmp_path, PAIR, r"E_q[z] = m_1", str(path))[0] == ["holds"]
    assert judged(tmp_path, MDP, r"m_1 = 1", str(path))[0] == ["error"]


@pytest.mark.parametrize("world", [VAE, PAIR, MDP])
def test_a_name_that_is_missing_is_missing_in_the_world_of_the_notes(tmp_path, world):
    path = tmp_path / "own.txt"
    path.write_text("Q^\\pi = Q^\\pi\n", encoding="utf-8")
    with pytest.raises(ValueError, match=rf"own.txt:1: the world {world} has no name Q"):
        load(str(path), world)
    assert f"the world {world} has no name" in judged(tmp_path, world, "1 = 1", str(path))[1][0].message


def test_letters_that_are_not_there():
    with pytest.raises(ValueError, match="there are assignment and kingma, or a file of your own"):
        load("nowhere")


LOOSE = [
    (VAE, r"\log p(x) \ge \log p(x)-1"),  # never attained
    (VAE, r"\log p(x) \ge \log p(x)"),  # an equality
    (VAE, r"E_q[\nabla_\phi\log q_\phi(z|x)] = \nabla_\phi\log p(x)"),  # 0 on both sides
    (VAE, r"\log p(x) = \log p(x)+E_q[z]-E_q[z]+E_{q}[z-\mu_\phi(x)]"),  # a term that is 0
    (MDP, r"\nabla v_\pi(s) \propto \nabla v_\pi(s)"),  # with the constant 1
]


@pytest.mark.parametrize(("world", "text"), LOOSE)
def test_notes_need_only_be_true(tmp_path, world, text):
    assert judged(tmp_path, world, text)[0] == ["holds"]
    for old, new in ((r"\ge", r"\le"), (r"\propto", r"\propto -"), ("=", "= 1+")):
        if old in text and text != LOOSE[1][1]:
            assert judged(tmp_path, world, text.replace(old, new))[0] != ["holds"]


GIVEN = r"V^\pi(s) = \mathbb{E}_\pi[X\mid S_t=s]"
RETURNS = [  # world, what is the return after t
    (DISCOUNTED, r"\sum_{k=0}^\infty\gamma^kR_{t+k+1}"),
    (DISCOUNTED, r"\sum_{k=0}^{\infty}\gamma^{k} \cdot R_{t+1+k}"),
    (DISCOUNTED, r"R_{t+1}+\gamma R_{t+2}+\gamma^2R_{t+3}+\cdots"),
    (MDP, r"\sum_{k=0}^{\infty}R_{t+k+1}"),
    (MDP, r"R_{t+1}+R_{t+2}+\dots"),
]
NO_RETURNS = [
    (DISCOUNTED, r"\sum_{k=0}^\infty\gamma^{k+1}R_{t+k+1}"),
    (DISCOUNTED, r"\sum_{k=0}^\infty\gamma^kR_{t+k}"),
    (DISCOUNTED, r"\sum_{k=1}^\infty\gamma^kR_{t+k+1}"),
    (DISCOUNTED, r"\sum_{k=0}^9\gamma^kR_{t+k+1}"),
    (DISCOUNTED, r"\sum_{k=0}^\infty R_{t+k+1}"),
    (DISCOUNTED, r"\sum_{k=0}^\infty\gamma^{kR_{t+k+1}}"),
    (DISCOUNTED, r"\sum_{k=0}^\infty\gamma^kR_{t+k+1}f(S_t)"),
    (DISCOUNTED, r"\sum_{k=0}^\infty\gamma^kR_{k+k+1}"),
    (DISCOUNTED, r"\gamma\sum_{k=0}^\infty\gamma^kR_{t+k+1}"),
    (DISCOUNTED, r"R_{t+1}+\gamma R_{t+2}+\gamma^3R_{t+3}+\cdots"),
    (DISCOUNTED, r"2R_{t+1}+\gamma R_{t+2}+\gamma^2R_{t+3}+\cdots"),
    (DISCOUNTED, r"R_{t}+1+\gamma R_{t}+2+\gamma^2R_{t}+3+\cdots"),
    (DISCOUNTED, r"R_{t+1}+\gamma R_{t+2}+\gamma^2R_{t+3}+\cdots+\gamma^9R_{t+10}"),
    (DISCOUNTED, r"\sum_{t=0}^\infty\gamma^tR_{t+1}"),
    (MDP, r"R_{t+1}R_{t+2}+\dots"),
]


@pytest.mark.parametrize(("world", "text"), RETURNS)
def test_all_rewards_after_a_time_are_the_return(tmp_path, world, text):
    assert judged(tmp_path, world, GIVEN.replace("X", text))[0] == ["holds"]
    assert judged(tmp_path, world, GIVEN.replace("X", f"{text}+0+R_{{t+1}}"))[0] != ["holds"]


@pytest.mark.parametrize(("world", "text"), NO_RETURNS)
def test_other_sums_of_rewards_are_not(tmp_path, world, text):
    assert judged(tmp_path, world, GIVEN.replace("X", text))[0] in (["fails"], ["error"])


@pytest.mark.parametrize(("world", "factor"), [(DISCOUNTED, r"\gamma^t"), (MDP, "")])
def test_all_rewards_after_the_start_are_a_return_too(tmp_path, world, factor):
    text = GIVEN.replace("X", rf"\sum_{{t=0}}^\infty {factor} R_{{t+1}}").replace("S_t", "S_0")
    assert judged(tmp_path, world, text)[0] == ["holds"]
    for old, new in (("S_0", "S_{0+1}"), ("R_{t+1}", "R_{t}"), ("S_0", "S_t")):
        assert judged(tmp_path, world, text.replace(old, new))[0] != ["holds"]


def test_definitions_before_are_in_the_same_letters(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text("$$\nD := \\nabla_\\theta\\log p_\\theta(x)\n$$\n\n$$\n"
                    "D = \\nabla_\\theta\\log p(x), \\quad D = \\nabla_\\phi\\log p(x)\n$$\n")  # fmt: skip
    document = read_notes([path], VAE, "kingma")
    first, second = map(Checker(document).run, document.displays)
    assert first.status == "holds"
    assert (second.status, len(second.messages)) == ("fails", 1)
    assert "D of" in second.messages[0].message


def test_our_own_displays_are_not_translated(tmp_path):
    from pycode.proofread.document import check_all, read

    path = tmp_path / "a.tex"
    path.write_text("\\begin{checked}{mdp}\nV^\\pi(s) = v_\\pi(s)\n\\end{checked}\n", encoding="utf-8")
    assert [v.status for v in check_all(read(path))] == ["error"]
