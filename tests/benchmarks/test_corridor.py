"""The plain loops play our episodes on our random numbers, and the benchmark has the numbers that it promises."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from benchmarks import corridor as benchmark
from benchmarks.plain import corridor as plain
from pycode.corridor import LEFT, RIGHT, corridor
from pycode.corridor_learning import THETA_LEFT, THETA_RIGHT, WORD, reinforce


class Recorded:
    """A generator that remembers the words of uniform numbers that it gave for one run."""

    def __init__(self, seed: int) -> None:
        self.rng, self.words = np.random.default_rng(seed), list[list[float]]()

    def random(self, shape: tuple[int, int, int]) -> np.ndarray:
        found = self.rng.random(shape)
        self.words += found.reshape(-1, WORD).tolist()
        return found


class Replayed:
    """The same numbers, one by one; a program of the corridor says when an episode has ended: a word begins."""

    def __init__(self, words: list[list[float]]) -> None:
        self.words, self.place = words, (0, 0)

    def random(self) -> float:
        word, k = self.place
        self.place = (word, k + 1) if k + 1 < WORD else (word + 1, 0)
        return self.words[word][k]

    def next_word(self) -> None:
        word, k = self.place
        self.place = (word + (k > 0), 0)


@pytest.fixture
def recorded() -> tuple[Replayed, list[float]]:
    """Uniform numbers of one run of ours, and its returns."""
    rng = Recorded(0)
    found = reinforce(np.array([2.0**-10]), 200, rng)  # type: ignore[arg-type]
    return Replayed(rng.words), found.G_0[0].tolist()


def test_plain_agent_plays_our_episodes(
    recorded: tuple[Replayed, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed, returns = recorded
    learn = plain.ReinforceAgent.learn

    def learn_and_turn_over(agent: plain.ReinforceAgent, actions: list[int], rewards: list[float]) -> None:
        learn(agent, actions, rewards)
        replayed.next_word()

    monkeypatch.setattr(plain.ReinforceAgent, "learn", learn_and_turn_over)
    assert plain.train(2.0**-10, 200, replayed) == returns  # type: ignore[arg-type]


def test_loop_without_numpy_plays_our_episodes(
    recorded: tuple[Replayed, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed, returns = recorded

    class TurnsOver:
        """Its exp is called once an episode, before the first action."""

        @staticmethod
        def exp(x: float) -> float:
            replayed.next_word()
            return float(np.exp(x))

    monkeypatch.setattr(plain, "math", TurnsOver)
    assert plain.train_without_numpy(2.0**-10, 200, replayed.random) == returns


def test_plain_environment_is_the_process() -> None:
    mdp, environment = corridor(), plain.ShortCorridor()
    for s in range(3):
        for a in (LEFT, RIGHT):
            assert environment.reset() == 0
            environment.state = s
            state, reward, done = environment.step(a)
            assert reward == mdp.reward[s, a]
            assert done == mdp.exit[s, a]
            if not done:
                assert mdp.transition[s, a, state] == 1
    assert plain.THETA == (THETA_LEFT, THETA_RIGHT)


@contextmanager
def bar(total: int, name: str) -> Iterator[object]:
    yield lambda: None


def test_measure_gives_the_speed_ups_the_rates_and_what_was_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"REPEATS": 2, "EPISODES": 4, "RUNS": 3}.items():
        monkeypatch.setattr(benchmark, name, value)
    found = benchmark.measure(bar)
    names = ("speedup", "speedup_pure_python")
    assert set(found) == {
        "repeats", "runs", "episodes", "step_sizes", "plain_runs", "pure_python_runs",
        "vectorised_steps_per_cpu_s", "plain_steps_per_cpu_s", "pure_python_steps_per_cpu_s",
        *names, *(f"{name}_{end}" for name in names for end in ("lowest", "highest")),
    }  # fmt: skip
    for name in names:
        assert 0 < found[f"{name}_lowest"] <= found[name] <= found[f"{name}_highest"]
    assert (found["runs"], found["episodes"], found["step_sizes"]) == (3, 4, 3)


def test_every_contestant_counts_the_steps_of_its_episodes(monkeypatch: pytest.MonkeyPatch) -> None:
    works: dict[str, float] = {}

    def all_once(contestants, repeats, bar, name):  # type: ignore[no-untyped-def]
        works.update({contestant: work() for contestant, work in contestants.items()})
        return {contestant: [1.0] for contestant in contestants}

    monkeypatch.setattr(benchmark, "alternate", all_once)
    monkeypatch.setattr(benchmark, "EPISODES", 5)
    benchmark.measure(bar)
    # An episode at the start takes 82 steps on average, with nearly that standard deviation.
    runs = {"vectorised": benchmark.RUNS, "plain": benchmark.PLAIN_RUNS, "pure_python": benchmark.PURE_PYTHON_RUNS}
    for name, steps in works.items():
        episodes = 3 * 5 * runs[name]
        assert abs(steps / episodes - 80) < 5 * 82 / episodes**0.5 + 5
