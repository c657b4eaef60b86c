"""The sparse process against the dense one, and its error messages."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from pycode import mdp as dense
from pycode.corridor import corridor
from pycode.environments import ENVIRONMENTS, load
from pycode.mdp import EpisodicMDP
from pycode.sparse import SparseMDP, from_dense, policy_transition


def random_process(rng: np.random.Generator) -> EpisodicMDP:
    """Up to nine states with about half of their links missing; from each some action may end, all are reached."""
    n, m = int(rng.integers(2, 10)), int(rng.integers(1, 5))
    outcomes = rng.random((n, m, n + 1)) * (rng.random((n, m, n + 1)) < 0.5)
    outcomes[:, 0, n] += 0.05
    outcomes[np.arange(n), 0, (np.arange(n) + 1) % n] += 0.1
    outcomes[:, :, 0] += 1e-3
    outcomes /= outcomes.sum(axis=-1, keepdims=True)
    return EpisodicMDP(outcomes[..., :n], outcomes[..., n], rng.normal(size=(n, m)), start=int(rng.integers(n)))


def tables(**changes: Any) -> SparseMDP:
    """Two states, two actions: the first leads on, from the second one action ends the episode; with changes."""
    transition = np.array([[0, 1.0], [1, 0], [0, 0], [0.5, 0.5]])
    parts = {"transition": sp.csr_array(transition), "exit": np.array([[0, 0], [1, 0.0]]), "reward": np.ones((2, 2))}
    return SparseMDP(**(parts | changes))


@pytest.mark.parametrize("seed", range(20))
def test_one_step_is_that_of_the_dense_process(seed: int) -> None:
    rng = np.random.default_rng(seed)
    process = random_process(rng)
    pi = rng.dirichlet(np.ones(process.exit.shape[1]), size=len(process.exit))
    P = policy_transition(from_dense(process), pi)
    assert P.toarray() == pytest.approx(dense.policy_transition(process, pi), abs=1e-15)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_environments_keep_their_tables_and_names(name: str) -> None:
    process, rows = load(name), from_dense(load(name))
    assert (rows.transition.toarray().reshape(process.transition.shape) == process.transition).all()
    assert (rows.exit == process.exit).all()
    assert (rows.reward == process.reward).all()
    assert [rows.name(s) for s in range(len(process.exit))] == list(process.names)
    assert rows.start == process.start


def test_entries_of_the_same_place_are_added_and_tables_are_copied() -> None:
    doubled = sp.coo_array(([0.5, 0.5, 1, 0.5, 0.5], ([0, 0, 1, 3, 3], [1, 1, 0, 0, 1])), shape=(4, 2))
    process = tables(transition=doubled)
    assert (process.transition.toarray() == tables().transition.toarray()).all()
    with pytest.raises(ValueError, match="read-only"):
        process.transition.data[0] = 7
    with pytest.raises(ValueError, match="read-only"):
        process.exit[0, 0] = 1


rows = tables().transition.toarray()
BACK = sp.csr_array([[1.0, 0], [1, 0], [0, 0], [0.5, 0.5]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"transition": rows}, "transition is a ndarray; give a scipy.sparse array, or from_dense"),
        ({"transition": sp.csr_array(rows[:3])}, r"transition has shape \(3, 2\) and reward \(2, 2\)"),
        ({"transition": sp.csr_array(np.where(rows == 1, np.nan, rows))}, "transition holds a value that is not"),
        ({"exit": np.zeros(2)}, r"exit has shape \(2,\); give \(n, m\)"),
        ({"exit": np.array([[0, 0], [np.inf, 0]])}, "exit holds a value that is not finite"),
        ({"reward": np.ones((2, 3))}, r"reward \(2, 3\); with exit of shape \(2, 2\) they must be"),
        ({"start": 2}, "start is 2; give the index of a nonterminal state, 0 to 1"),
        ({"start": 0.0}, "start is 0.0"),
        ({"start": True}, "start is True; give the index"),
        ({"transition": sp.csr_array(rows + 0j)}, "transition is complex; give real numbers"),
        ({"exit": np.array([[0, 0], [1, 0j]])}, "exit is complex; give real numbers"),
        ({"reward": 1j * np.ones((2, 2))}, "reward is complex; give real numbers"),
        ({"names": ("a",)}, "there are 1 names for 2 states"),
        ({"exit": np.array([[0, 0], [1, 0.25]])}, "state 1, action 1: the probabilities, exit included, sum to 1.25"),
        ({"exit": np.array([[0.5, 0], [1, 0]]), "names": ("a", "b")}, "state a, action 0"),
        (
            {"transition": sp.csr_array(np.add(rows, [[0, 0], [0.5, -0.5], [0, 0], [0, 0]]))},
            "state 0, action 1: .* sum to 1 and the least is -0.5",
        ),
        ({"exit": np.array([[-1.0, 0], [1, 0]])}, "state 0, action 0: .* sum to 0 and the least is -1"),
        ({"transition": BACK}, "no policy leads from the start to state 1"),
        (
            {"transition": sp.csr_array([[0, 1.0], [1, 0], [0, 1], [0.5, 0.5]]), "exit": np.zeros((2, 2))},
            "no policy leads from state 0 to the end; make it terminal",
        ),
    ],
)  # fmt: skip
def test_tables_that_are_no_process_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tables(**changes)


def test_of_several_states_the_absorbing_one_is_named() -> None:
    with pytest.raises(ValueError, match="no policy leads from state pit to the end"):
        SparseMDP(sp.csr_array([[0, 0.5], [0, 1.0]]), np.array([[0.5], [0]]), np.zeros((2, 1)), names=("top", "pit"))


def test_a_policy_under_which_the_episode_may_never_end_is_refused() -> None:
    process = tables(names=("top", "pit"))
    with pytest.raises(ValueError, match="from state top the episode may never end under this policy"):
        policy_transition(process, np.array([[0.0, 1.0], [0.5, 0.5]]))
    with pytest.raises(ValueError, match=r"from state .* the episode may never end under this policy"):
        policy_transition(process, np.array([[0.5, 0.5], [0.0, 1.0]]))
    policy_transition(process, np.array([[1e-300, 1.0], [0.5, 0.5]]))


def test_validation_of_a_long_chain_takes_linear_time() -> None:
    # Were the search for reached states repeated for each step along the chain, this would take hours.
    n = 200_000
    rows = sp.csr_array((np.ones(n - 1), np.arange(1, n), np.append(np.arange(n), n - 1)), shape=(n, n))
    exit_ = np.zeros((n, 1))
    exit_[-1] = 1
    process = SparseMDP(rows, exit_, np.ones((n, 1)))
    assert policy_transition(process, np.ones((n, 1))).nnz == n - 1


def test_what_is_no_process_is_to_be_read_first() -> None:
    with pytest.raises(ValueError, match=r"of type str, not EpisodicMDP; read it first: pycode\.environments\.read"):
        from_dense("FrozenLake-v1")  # type: ignore[arg-type]


def test_the_corridor_has_five_links() -> None:
    assert from_dense(corridor()).transition.nnz == 5
