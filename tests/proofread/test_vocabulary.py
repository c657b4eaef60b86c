r"""What has no meaning is refused with a message that says why; every message of the checker is provoked here."""

import ast
import re
from pathlib import Path

import pytest

from pycode.proofread import source
from pycode.proofread.check import Checker
from pycode.proofread.document import check_all, read
from pycode.proofread.notes.letters import load
from pycode.proofread.notes.reading import read_notes

TESTS = Path(__file__).parent
PACKAGE = TESTS.parents[1] / "pycode" / "proofread"
MUTANTS = {path.stem for path in (PACKAGE / "mutants").glob("*.py")} - {"__main__"}

# World, text of a checked display, kind, telling part of the message, what the caret stands under ("" for anywhere).
DISPLAYS = [
    # lexer
    ("mdp", r"v_\pi(s) = \cdots", "syntax", "dots hide what is meant", r"\cdots"),
    ("mdp", r"v_\pi(s) \approx 1", "syntax", "not a relation that can be run", r"\approx"),
    ("mdp", r"v_\pi(s) \equiv 1", "syntax", "write := for a definition", r"\equiv"),
    ("mdp", r"v_\pi(s) = \pm1", "syntax", "two values at once", r"\pm"),
    ("mdp", r"v_\pi(s) = \lim_{k}1", "syntax", "a limit cannot be run", r"\lim"),
    ("mdp", r"\begin{aligned}v_\pi(s) &= 1\end{aligned}", "syntax", "no environment inside a display", r"\begin"),
    ("mdp", r"v_\pi(s) = w", "name", "unknown name w in the world mdp", "w"),
    ("mdp", r"v_\pi(s) = \foo(s)", "name", r"unknown macro \foo", r"\foo"),
    ("mdp", r"v_\pi(s) = f", "syntax", "f without its arguments (state)", "f"),
    ("vae", r"p(z) = \mathbb{E}_{q_\theta}[p(z)]", "syntax", r"q_\theta without its arguments", "q"),
    ("mdp", r"v_\pi(s) = (1", "syntax", "( is never closed", "("),
    ("mdp", r"v_\pi(s) = 1)", "syntax", ") closes nothing that is open", ")"),
    ("mdp", r"v_\pi(s) = [1)", "syntax", ") does not fit the bracket that is open", ")"),
    ("mdp", r"v_\pi(s) = 2 3", "syntax", "two numbers side by side", "3"),
    ("mdp", r"v_\pi(s) = v_\pi(s)^", "syntax", "^ without an exponent", "^"),
    ("mdp", r"v_\pi(s) = 2_3", "name", "a subscript after 2 has no meaning here", "_"),
    ("mdp", r"v_\pi(s) = \int 1\,ds", "sort", "ds is no differential", "d"),
    ("mdp", "v_\\pi(s) = " + "(" * 150 + "1" + ")" * 150, "size", "deep; split the line", "("),
    ("mdp", "v_\\pi(s) = " + r"\sqrt{" * 150 + "1" + "}" * 150, "size", "deep; split the line", ""),
    ("vae", "p(z) = " + "1+" * 2000 + "1", "size", "tokens in one display; split it", ""),
    ("vae", "p(z) = " + "1+" * 700 + "1", "size", "levels or terms; split this side", ""),
    ("vae", r"p(z) = z^12", "syntax", "only 1 is raised or lowered here; use braces", "12"),
    ("vae", r"p(z) = \sqrt[3]{z}", "syntax", "write this root as a power", ""),
    # grammar
    ("mdp", r"v_\pi(s) = 1/2 v_\pi(s)", "syntax", "after a quotient a/b is ambiguous", "v"),
    ("vae", r"p(z) = 1/2\sigma_p", "syntax", "after a quotient a/b is ambiguous", r"\sigma"),
    ("mdp", r"v_\pi(s) = \log v_\pi(s) v_\pi(s)", "syntax", "after a function without brackets is ambiguous", "v"),
    ("vae", r"p(z) = \log p_\phi(x)\int p(z)\,dz", "syntax", "after a function without brackets is ambiguous", r"\int"),
    ("mdp", r"v_\pi(s) = 1 +", "syntax", "the formula ends after +", "+"),
    ("mdp", r"v_\pi(s) = (f(s) = 1)", "syntax", "a relation stands outside of them", "="),
    ("vae", r"p(z) = \int \sum_{k=0}^{2} p(z)\,dz\,dz", "name", "unknown name d", "d"),
    ("mdp", r"v_\pi(s) = f(s) \mid s", "syntax", "this bar belongs to nothing", r"\mid"),
    ("mdp", r"v_\pi(s) = \pi", "syntax", "a policy without its arguments", r"\pi"),
    ("mdp", r"v_\pi(s) = f(s), f(s)", "syntax", "separate two relations by", ","),
    ("mdp", r"v_\pi(s) = f(s). f(s)", "syntax", "a full stop inside a formula", "."),
    ("mdp", r"v_\pi(s) = \mathcal{S}", "syntax", r"a set can only stand after \in", r"\mathcal"),
    # check
    ("mdp", r"v_\pi(s)", "empty", "no relation in this line", "v"),
    ("mdp", r"v_\pi(s) =", "syntax", "nothing stands after this relation", "="),
    ("mdp", r"= v_\pi(s)", "syntax", "nothing stands before this relation", "="),
    ("mdp", "", "empty", "nothing to run", ""),
    ("nowhere", "1 = 1", "world", "there is no world nowhere; there are vae", ""),
    ("vae", r"z \sim p(z)", "misplaced", "put it into a model display", r"\sim"),
    ("mdp", r"w := 1, \quad w := 2", "name", "w is defined twice", "w"),
    ("mdp", r"w(s+1) := 1", "syntax", "a definition is of a name", "w"),
    ("mdp", r"w := \frac{1}{\sum_s\eta(s)-\sum_s\eta(s)+0\cdot1}", "value", "the denominator is 0", ""),
    ("mdp", r"v_\pi(s) = f(x)", "scope", "x is free here but does not stand on the first side", "x"),
    ("mdp", r"w(s) := f(x)", "scope", "x is free here but does not stand in the name that is defined", "x"),
    ("decoders", r"x^\top a = n", "world", "no instance of the world decoders has all of a, n, x", "x"),
    ("vae", r"p_\phi(x_i\mid z)\,p(z) = p_\phi(x_j,z)", "scope", "two data points in one chain: i and j", ""),
    ("vae", r"p(z) = \sum_{i=0}^1 p(z_i)", "name", "z has no such subscript here", "z"),
    ("vae", r"p(z) = \mu_{q,1}", "sort", r"\mu_q takes no subscript", "1"),
    ("gaussians", r"\mu_{q,j} = \mu_{q,z}", "scope", "z is free here", "z"),
    ("gaussians", r"\epsilon^{(l)} = \epsilon^{(j)}", "scope", "j is free here", "j"),
    ("gaussians", r"\mu_{q,j} = \epsilon^{(j)}", "sort", r"\epsilon takes a sample as subscript, not a dimension", "j"),
    # sorts
    ("mdp", r"v_\pi(s) = s", "sort", "s is a state, not a number", "s"),
    ("mdp", r"v_\pi(s) = s_0", "sort", "s_0 is a state, not a number", "s"),
    ("vae", r"p(z) = x", "sort", "x is the data point, not a number", "x"),
    ("mdp", r"q_\pi(s,a) = \pi(s|a)", "sort", "not (state|action)", r"\pi"),
    ("mdp", r"q_\pi(s,a) = \pi(a,s)", "sort", "not (action,state)", r"\pi"),
    ("mdp", r"v_\pi(s) = f(s)+\nabla v_\pi(s)", "sort", "a number and a gradient are added", ""),
    ("mdp", r"\nabla v_\pi(s) = \nabla v_\pi(s)\,\nabla f(s)", "sort", "a gradient times a gradient", ""),
    ("mdp", r"\nabla v_\pi(s) = \nabla\nabla v_\pi(s)", "syntax", "inside of another derivative", r"\nabla"),
    ("mdp", r"\nabla v_\pi(s) = \nabla\max_a q_\pi(s,a)", "syntax", "inside of another derivative", ""),
    ("vae", r"\frac{\partial}{\partial\mu_q}\nabla_\theta f(\mu_q) = 0", "syntax", "inside of another derivative", ""),
    ("mdp", r"v_\pi(s) = \nabla v_\pi(s)", "sort", "a number on the left, a gradient on the right", "="),
    ("mdp", r"v_\pi(s) = \sqrt{\nabla v_\pi(s)}", "sort", "a number is wanted here, not a gradient", r"\nabla"),
    ("mdp", r"v_\pi(s) = \frac{1}{\nabla v_\pi(s)}", "sort", "a number is wanted here, not a gradient", r"\nabla"),
    ("gaussians", r"\Sigma_q = \Sigma_q^2", "sort", "a matrix has no power 2", ""),
    ("gaussians", r"\Sigma_q = \Sigma_q^{1/2}", "sort", "a matrix has no such power", ""),
    ("gaussians", r"\Sigma_q = \mu_q\mu_q", "sort", r"transpose one, or write \odot", ""),
    ("gaussians", r"\mu_q = \Sigma_q\odot\mu_q", "sort", r"a matrix \odot a column vector", ""),
    ("gaussians", r"\det(\Sigma_q) = \det(\mu_q)", "sort", "det of a column vector", ""),
    ("gaussians", r"\mu_{q,j} = \mu_{q,4}", "sort", r"a subscript of \mu_q outside of its range", "4"),
    ("mdp", r"w(s) := f(s), \quad w(s) = \sum_a w(a)", "sort", "w takes a state here, not an action", "a"),
    ("mdp", r"w(s) := f(s), \quad w(s) = w(s,s)", "sort", "w takes 1 arguments", ""),
    ("mdp", r"w(s) := f(s), \quad f(s) = w", "syntax", "w without its arguments", "w"),
    ("mdp", r"f(s) = \mathbf{1}\{s=1\}", "sort", "an indicator compares two of one sort", ""),
    ("mdp", r"f(s) = \mathbf{1}\{s=\sum_a a\}", "sort", "a is an action, not a number", "a"),
    ("mdp", r"f(s) = \infty", "syntax", r"\infty can only be a limit", r"\infty"),
    ("mdp", r"f(s) = \Pr(s\to s,f(s),\pi)", "sort", "an integer is wanted here", "f"),
    ("mdp", r"\sum_a\pi(a|s) = \Pr(a\to s,1,\pi)", "scope", "a is free here", "a"),
    ("mdp", r"\pi(a|s) = \Pr(a\to s,1,\pi)", "sort", "is about states, not action", "a"),
    ("vae", r"\epsilon = \mathbf{1}\{z=1\}", "scope", "z is free here", "z"),
    # values
    ("mdp", r"f(s) = \frac{1}{0}", "value", "the denominator is 0", "0"),
    ("vae", r"z = e^{\log z}", "value", "logarithm of a number that is not positive", ""),
    ("vae", r"z = e^{e^{e^{e^{z^2}}}}", "value", "not finite", ""),
    ("gaussians", r"\frac12 = (-1)^{1/2}", "value", "", ""),
    # sums
    ("mdp", r"f(s) = \sum_k 1", "syntax", r"write the limits of k, as in \sum_{k=0}^{\infty}", "k"),
    ("mdp", r"f(s) = \sum_{k\ge0}^{3} 1", "syntax", "an upper limit without a start", "3"),
    ("gaussians", r"\mu_{q,j} = \sum_j^{2}\mu_{q,j}", "syntax", "an upper limit without a start", "2"),
    ("mdp", r"f(s) = \sum_{k=0} 1", "syntax", "the sum over k has no upper limit", "k"),
    ("mdp", r"f(s) = \sum_{s\in\mathcal{A}} 1", "sort", r"s is a state and not in \mathcal{A}", "s"),
    ("mdp", r"f(s) = \sum_{k=0}^{\pi(1|1)} 1", "sort", r"\pi takes", ""),
    ("mdp", r"f(s) = \sum_{k=0}^{\frac12} 1", "sort", "an integer is wanted here", ""),
    ("mdp", r"f(s) = \sum_{k=0}^{20000} 1", "size", "a sum of 20001 terms", ""),
    ("mdp", r"f(s) = \sum_{k=0}^\infty\sum_{i=k}^\infty 1", "syntax", "an infinite sum starts at a number", "i"),
    ("mdp", r"f(s) = \sum_{k=0}^\infty \frac1{k+1}", "value", r"the sum to \infty does not converge", r"\sum"),
    ("mdp", r"f(s) = \sum_{k=0}^\infty f(s)", "value", r"the sum to \infty does not converge", r"\sum"),
    ("mdp", r"f(s) = \Pr(s\to s,10^{12},\pi)", "size", "an integer beyond", ""),
    ("mdp", r"f(s) = \binom{20000}{15000}", "size", "a binomial coefficient over", ""),
    ("mdp", r"f(s) = \max_k k", "sort", r"\max and \min run over a finite sort, and k is an integer", "k"),
    ("mdp", r"f(s) = \frac{\partial}{\partial s}f(s)", "sort", "s is no number that can be differentiated along", ""),
    ("vae", r"f'(z) = \frac{\partial}{\partial u}f(z) + u", "scope", "u is free here", "u"),
    ("vae", r"f(z) = \frac{\partial}{\partial\rho}f(z)", "scope", r"\rho does not stand in what is differentiated", ""),
    ("mdp", r"v_\pi'(s) = v_\pi(s)", "name", "if the subscript has the prime", "v"),
    ("mdp", r"w(k) := \Pr(s_0\to s_0,k,\pi), \quad J(\theta) = w(-1)", "value", "w of a.tex:2 cannot be used so", "w"),
    ("vae", r"p(z) = \sum_{z} 1", "sort", "z is a real variable: integrate over it", "z"),
    ("vae", r"p(z) = \sum_{l=1}^{5} 1", "sort", "l goes beyond its range", "l"),
    ("vae", r"p(z) = \sum_{l=0}^{L} 1", "syntax", "l counts from 1 to its upper limit", "l"),
    ("vae", r"p(z) = \prod_{k=0}^{\infty} 1", "syntax", "a product runs over one letter", r"\prod"),
    ("vae", r"p(z) = \frac{\partial^3}{\partial z^3}p(z)", "syntax", "partial derivatives go to order 2", ""),
    ("vae", r"p(z) = \frac{\partial^2}{\partial z}p(z)", "syntax", r"both \partial orders must agree", ""),
    # integrals and densities
    ("vae", r"p(z) = \mathbf{1}\{z=x\}", "sort", "not a number and a data", ""),
    ("vae", r"p_\phi(x) = \int f(z)\,dz", "value", "the integral diverges", r"\int"),
    ("vae", r"p_\phi(x) = \int p_\phi(x)\,dz", "value", "its integrand does not depend on the letter", r"\int"),
    ("vae", r"p_\phi(x) = \int_0^\infty p_\phi(x,z)\,dz", "syntax", "integrals run over the whole space", ""),
    ("vae", r"p(z) = \mathbb{E}[p(z)]", "syntax", "say over which density", r"\mathbb"),
    ("vae", r"p(z) = \mathbb{E}_{f(z)+1}[p(z)]", "syntax", "this is no density of a letter", r"\mathbb"),
    ("vae", r"p(z) = \mathbb{E}_{u\sim p(z)}[p(u)]", "syntax", "this is a density of z, not of u", "p"),
    ("vae", r"p_\phi(x) = D_{KL}(p(z)\|p(u))", "syntax", "two densities of different letters, u and z", "D"),
    ("vae", r"p_\phi(x) = \mathbb{E}_{z\sim p_\phi(x|z)}[p(z)]", "value", "this is no density: it integrates to", "p"),
    ("vae", r"p_\phi(x) = -D_{KL}(q_\theta(z|x)\|p_\phi(x,z))", "value", "this is no density: it integrates to", "p"),
    ("mdp", r"J(\theta) = \mathbb{E}_{s\sim\eta(s)}[f(s)]", "value", "no probabilities of s", r"\eta"),
    ("mdp", r"q_\pi(s,a) = \mathbb{E}_{s'\sim p(s'|s,a)}[f(s')]", "value", "no probabilities of s'", "p"),
    # expectations under a policy
    ("mdp", r"f(s) = S", "scope", "S is random: it stands inside", "S"),
    ("mdp", r"f(s) = \mathbb{E}_\pi[f(S)|S_t=s]", "syntax", "S needs its time here, as in S_t", "S"),
    ("mdp", r"f(s) = \mathbb{E}_\pi[f(S_i)|S_t=s]", "scope", "the time of S is bound by no sum", "S"),
    ("mdp", r"f(s) = \mathbb{E}_\pi[S_t|S_t=s]", "sort", "S is state, not a number", "S"),
    ("mdp", r"f(s) = \sum_{t=0}^{T-1} 1", "scope", "T is random", r"\sum"),
    ("mdp", r"J(\theta) = \mathbb{E}_\pi[\sum_{t>T-1} 1]", "syntax", "write the sum over an episode as", "t"),
    ("mdp", r"J(\theta) = \mathbb{E}_\pi[f(S_t)+f(S_i)]", "scope", "say at which time", "S"),
    ("mdp", r"J(\theta) = \sum_{t=0}^3\mathbb{E}_\pi[f(S_t)]", "scope", "say at which time", "S"),
    ("mdp", r"J(\theta) = \mathbb{E}_{\pi'}[T]", "syntax", r"the length is that under \pi", ""),
    ("mdp", r"f(s) = \mathbb{E}[T|S_1=s]", "syntax", "the length is conditioned on S_0=s", ""),
    ("mdp", r"J(\theta) = \mathbb{E}[T\,f(S)]", "syntax", "T and the states of its episode in one mean", ""),
    ("mdp", r"J(\theta) = \mathbb{E}[e^{e^T}]", "value", "the mean over the length does not converge", ""),
    ("mdp", "J(\\theta) = 2^{9999999}", "size", "a power beyond 1000000", ""),
    ("mdp", f"J(\\theta) = 1.{'5' * 400}", "size", "a number of more than 400 digits", ""),
    ("mdp", r"J(\theta) = \mathbb{E}[9^T]", "value", "the mean over the length does not converge", ""),
    ("mdp", r"v_\pi(s) = \mathbb{E}_\pi[R_{t+1.01}+G_{t+1}|S_t=s]", "scope", "the time of R is bound by", "R"),
    ("mdp", r"J(\theta) = \Pr(T<3)", "syntax", "this event cannot be read", "T"),
    ("mdp", r"f(s) = \Pr(T>1|S_1=s)", "syntax", "this condition cannot be read; S_0=s can", ""),
    ("mdp", r"v_\pi(s) = \mathbb{E}_\pi[G_t^2|S_t=s]", "syntax", "the return enters here not linearly", ""),
    ("mdp", r"v_\pi(s) = \mathbb{E}_\pi[G_tG_{t+1}|S_t=s]", "syntax", "the return enters here not linearly", ""),
    ("mdp", r"v_\pi(s) = \mathbb{E}_\pi[\exp(G_t)|S_t=s]", "syntax", "the return enters here not linearly", ""),
    ("mdp", r"q_\pi(s,a) = \mathbb{E}_{p(x|s,a)}[f(x)|S_t=s]", "syntax", "no condition here", ""),
    ("mdp", r"v_\pi(s) = \mathbb{E}_\pi[\sum_{t=0}^{T-1}R_{t+1}|S_0=s]", "syntax", "a sum over t<T stands alone", ""),
    ("mdp", r"J(\theta) = \mathbb{E}_\pi[(\sum_{t=0}^{T-1}R_{t+1})^2]", "syntax", "a sum over t<T stands alone", ""),
    ("mdp", r"q_\pi(s,a) = \mathbb{E}_\pi[G_t|A_t=a]", "syntax", "a condition on A_t needs one on S_t", ""),
    ("mdp", r"q_\pi(s,a) = \mathbb{E}_\pi[G_t|S_t=s,A_{t+1}=a]", "syntax", "the conditions stand at one time", ""),
    ("mdp", r"v_\pi(s) = \mathbb{E}_\pi[G_t|R_t=s]", "syntax", "a condition reads S_t=s", ""),
    ("mdp", r"v_\pi(s) = \mathbb{E}_\pi[R_{t+2}|S_t=s]", "syntax", "R at this time cannot be read", "R"),
    ("mdp", r"J(\theta) = \mathbb{E}_\pi[q_\pi(S_t,a)\pi(A_t|S_t)]", "scope", "a is bound by nothing here", ""),
    ("mdp", r"\sum_s\mu(s)\mathbb{E}_\pi[\pi(a|s)] = 1", "scope", "a is bound by nothing here", ""),
    ("mdp", r"n = \sum_{x\in\mathcal{S}^+}\mathbb{E}_\pi[\pi(A_t|S_t)|S_t=x]", "sort", "no action after the end", "A"),
    ("mdp", r"f(s) = \text{2}f(s)", "syntax", r"\text hides mathematics", r"\text"),
    ("vae", r"\log p_\phi(x) = \mathbb{E}_{q_\theta(z|x)}\log p_\phi(x)", "syntax", "needs its brackets", ""),
    ("vae", r"\mu_q = \mu_q \quad - \sigma_q", "syntax", r"does the formula go on after \quad", "-"),
    ("vae", r"\mu_q = \mu_q \\ -\sigma_q = \sigma_q", "syntax", "does the line before go on here", "-"),
    ("mdp", r"w := w+1", "name", "w is defined by itself", "w"),
    ("mdp", r"f(s) > 0", "empty", "a strict sign is not run", ">"),
    ("vae", r"p_\phi(x) = \int_{\mu_q}^\infty p_\phi(x,z)\,dz", "syntax", "integrals run over the whole space", ""),
    ("mdp", r"f(s) = \mathbb{E}_\pi[f(s)]", "scope", "nothing is random in this mean", r"\mathbb"),
    ("mdp", r"J(\theta) = \sum_s\mu(s)\mathbb{E}_\pi[v_\pi(s)]", "scope", "nothing is random in this mean", r"\mathbb"),
    ("mdp", r"J(\theta) = \sum_{s,s}f(s)", "scope", "a letter is bound twice: s, s", ""),
    # relations
    ("mdp", r"v_\pi(s) = f(s)", "relation", "the sides differ, relatively by", "="),
    ("mdp", r"\sum_a\nabla\pi(a|s) = 2\sum_a\nabla\pi(a|s)", "vacuous", "both sides are 0 in every world", "="),
    ("mdp", r"f(s) = f(s)+\sum_s 0\cdot f(s)", "vacuous", "this term is 0 in every world", ""),
    ("vae", r"\log p_\phi(x) \le \mathcal{L}(\theta,\phi;x)", "relation", "the bound is broken", r"\le"),
    ("vae", r"\log p_\phi(x) \ge \log\int p_\phi(x,z)\,dz", "relation", "the bound is an equality", r"\ge"),
    ("vae", r"\log p_\phi(x) \ge \mathcal{L}(\theta,\phi;x)-1", "relation", "the bound is never attained", r"\ge"),
    ("mdp", r"J(\theta) \propto 2J(\theta)", "relation", "one number is proportional to any other", r"\propto"),
    ("mdp", r"\nabla J(\theta) \propto \nabla v_\pi(s)", "scope", "s is free", "s"),
    ("mdp", r"\nabla J(\theta) \propto \sum_aq_\pi(s_0,a)\nabla\pi(a|s_0)", "relation", "no positive constant", ""),
    ("mdp", r"f(s) \propto -f(s)", "relation", "the constant is not positive", r"\propto"),
    ("mdp", r"v_\pi(s) \propto \sum_a\pi(a|s)q_\pi(s,a)", "relation", "the constant is 1 in every world", r"\propto"),
    ("mdp", r"\nabla f(s) \propto \nabla v_\pi(s)", "relation", "one side is 0", r"\propto"),
]  # fmt: skip

CHECKED = "\\begin{checked}{mdp}\nv_\\pi(s) = v_\\pi(s)+0\n\\end{checked}\n"
# Whole texts: text, kind, telling part of a message.
TEXTS = [
    ("\\begin{checked}{mdp}\n1 = 1\n", "syntax", "has no \\end{checked}"),
    ("1 = 1\n\\end{checked}\n", "syntax", "\\end{checked} without its \\begin"),
    ("\\begin{verbatim}\n", "syntax", "has no \\end{verbatim}"),
    ("\\begin{checked}\n1 = 1\n\\end{checked}\n", "world", "name the world"),
    ("\\begin{checked}{mdp}\n\\frac{1\n\\end{checked}\n", "syntax", "is never closed"),
    ("\\begin{checked}[x{mdp}\n1=1\n\\end{checked}\n", "syntax", "this [ is never closed"),
    ("\\begin{checked}[option]{mdp}\n1 = 1\n\\end{checked}\n", "syntax", "the option of a checked display"),
    ("\\begin{unchecked}\n1 = 1\n\\end{unchecked}\n", "reason", "say why it is not run"),
    (
        "\\begin{defining}{mdp}\nv_\\pi(s) = v_\\pi(s)\n\\end{defining}\n",
        "misplaced",
        "a relation to run stands in defining",
    ),
    ("\\begin{model}{vae}\np(z) = p(z)\n\\end{model}\n", "misplaced", "a relation to run stands in a model"),
    ("\\begin{align}\n1 &= 1\n\\end{align}\n", "bare", "\\begin{align} is not executed"),
    (
        "\\begin{checked}[crude: not so]{vae}\n\\log p_\\phi(x) \\ge \\mathcal{L}(\\theta,\\phi;x)\n\\end{checked}\n",
        "relation",
        "it is not crude",
    ),
    ("\\newcommand", "syntax", "a definition without arguments"),
    ("\\[ 1 = 1 \\]\n", "bare", "\\[ is not executed"),
    ("$$ 1 = 1 $$\n", "bare", "$$ is not executed"),
    ("\\input{nowhere}\n", "input", "there is no file nowhere"),
    ("\\input{../../x}\n", "input", "lies outside the document's folder"),
    ("\\input{a}\n", "input", "inputs itself"),
    ("\\newcommand{\\w}{\\w\\w}\n\\begin{checked}{mdp}\n\\w = 1\n\\end{checked}\n", "size", "expands without end"),
    (
        "\\newcommand{\\w}[2]{#1}\n\\begin{checked}{mdp}\n1 = \\w\n\\end{checked}\n",
        "syntax",
        "an argument of \\w is missing",
    ),
    ("\\newcommand{\\w}[1]{#2}\n\\begin{checked}{mdp}\n1 = \\w{1}\n\\end{checked}\n", "syntax", "uses #2 but takes 1"),
    ("\\begin{checked}{mdp}\n1 = \\frac{1}\n\\end{checked}\n", "syntax", "an argument is missing at the end"),
    ("\\begin{checked}{mdp}\n1 = 1}\n\\end{checked}\n", "syntax", "this } closes nothing"),
    (f"\\input{{{'b' * 5000}}}\n", "input", "there can be no file bbb"),
    ("\\begin{checked}[\\label{eq:a}]{mdp}\n1 = 1\n\\end{checked}\n", "syntax", "a label stands in the option"),
    ("\\begin{checked}{mdp}\n1 &= 1 && = 2\n\\end{checked}\n", "syntax", "what follows && is a reason"),
    ("\\subfile{a}\n", "input", "\\subfile is not followed; use \\input"),
    ("\\newcommand{\\w}{\\begin{align}}\\w 1 = 1", "bare", "\\w hides a display or an \\input; write it out"),
    (
        "\\newcommand{\\y}{}\\newcommand{\\w}{" + "\\y" * 9000 + "}" + CHECKED.replace("0", r"0\w\\ 1=1" * 50),
        "size",
        "the macros of this document expand too far",
    ),
]

# The same of notes in the letters of others: world, text, telling part of the message.
REFUSED = [
    ("vae", r"\log p(x) = E_z[\log p(x|z)]", "say over which density the mean over z is taken"),
    ("vae", r"E_q[z] = E_{p(z)}[z]+E_z[z]", "say over which density the mean over z is taken"),
    ("vae", r"\mathcal{L}(\theta) = \log p_\theta(x)", ""),
    ("mdp", r"\nabla J = E_{S_t\sim\nu,A_t\sim\pi}[\nabla J]", ""),
    ("mdp", r"J = E_\pi[\sum_{t=0}^T f(S_t)] + E_\pi[G_0]", ""),
    ("vae", r"KL = E_q[\log q(z)-\log p(z)]", "a divergence without its densities"),
    ("vae", r"KL(q(z)) = 1", "a divergence has two densities"),
    ("vae", r"p(x) = \langle p(x|z) \rangle", "an average in angle brackets needs its density"),
    ("vae", r"p(x|y,z)p(y) = p(x,y|z)", "this density is neither of z nor of x and y"),
    ("vae", r"p(z|z) = p(z)", "this density has no meaning in a model of x and z"),
    ("vae", r"q_\psi(z|x) = q_\phi(z|x)", r"q_\psi is not called q_\theta here; say so in a file for --letters"),
    ("vae", r"q(z|x)p(x) = q(x|z)p(z)", "q is the density of z here, not of x"),
    ("vae", r"q(z|x) = q(z)", "the same density with other conditions before"),
    ("vae", r"E_q[g(z)] = E_q[h(z)]", "two functions, g and h; this world has one"),
    ("mdp", r"A^\pi(s,a) = \mathcal{R}(\tilde{s},a)", r"\tilde{s} is bound inside of what this name stands for"),
    ("mdp", r"V^\pi(s) = V^\pi(x)", "x is free here"),
    ("mdp", r"V^\pi(s) < Q^\pi(s,a)", ""),
    ("mdp", r"\nabla J(\theta) \approx \nabla J(\theta)", ""),
    ("mdp", r"\nabla J(\theta) = \sum\nabla J(\theta)", ""),
    ("mdp", r"w = V^\pi(s_0)", ""),
    ("mdp", r"v_\pi(s] = 1", "does not fit the bracket that is open"),
    ("mdp", r"v_\pi(s) = v_\pi(s", "( is never closed"),
    ("mdp", "v_\\pi(s) &= Q^\\\\ &= v_\\pi(s)", "a row ends inside of an argument or a script"),
]  # fmt: skip

# Lines of a file of letters, telling part of the message.
LINES = [
    ("v_\\pi", "write notation = canonical name"),
    ("V =", "write notation = canonical name"),
    ("V^\\pi = w_\\pi", "has no name w_\\pi"),
    ("V + W = v_\\pi", "V + W is no name, nor a name with arguments"),
    ("[nowhere]", "there is no world nowhere"),
    ("V^\\pi = v_\\pi\nV^\\pi = q_\\pi", "V^{\\pi} is given two meanings"),
    ("[mdp]\nA(s,a) = q_\\pi(s,a", "( is never closed"),
    ("A(s,a = v_\\pi(s)", "( is never closed"),
    ("A(s,a) = \\foo(s,a)", "unknown macro \\foo"),
]

# Relations that floats let pass: world, text, what the exact arithmetic says, of which it says no more.
UNDECIDED = [
    ("mdp", r"\max_s f(s) = \max_x f(x)", "a maximum or a minimum"),
    ("vae", r"\sum_{k=0}^{\infty} 2^{-k}\,1.5^{\mathbb{1}\{k=100\}} = 2", "a case that begins or ends beyond the"),
    ("vae", r"|\mu_q| = |\mu_q|", "an absolute value"),
    ("vae", r"\lfloor\mu_q\rfloor = \lfloor\mu_q\rfloor", "a rounding to integers"),
]
MODULES = (
    "lexer grammar check run names evaluate lookup sums expectation draw relations "
    "macros source tex translate wording roles densities episodes letters"
).split()
NOTES = "reading remarks presentation".split()  # test_notes provokes what these say
# Not provoked: they guard what no text reaches today.
GUARDS = {
    "relation signs are printed but": "the evaluator runs every relation of a chain",
    "nothing stands beside": "an empty side is seen before",
    "is free here: bind it by": "free letters are seen before anything is computed",
    "needs a subscript": "every constant that has a subscript can stand without one, or is a letter too",
    "braces": "brackets of that depth are counted first",
    "too deep": "the same sides were computed in floats before",
    "the gradient of": "the world with vectors has no gradient",
    "cannot be read": "the stream of tokens has no other errors",
}


def messages(tmp_path, text):
    """Verdicts and messages on a text of its own."""
    path = tmp_path / "a.tex"
    path.write_text(text, encoding="utf-8")
    document = read(path)
    verdicts = check_all(document)
    return [v.status for v in verdicts], [*document.messages, *(m for v in verdicts for m in v.messages)]


def undecided(tmp_path, world, body):
    """Status of a display, and what the exact arithmetic says of its relation."""
    path = tmp_path / "a.tex"
    path.write_text(display(world, body), encoding="utf-8")
    (verdict,) = check_all(read(path))
    ((_, reason),) = verdict.exact.undecided
    return verdict.status, reason


def display(world, body):
    return f"\\begin{{checked}}{{{world}}}\n{body}\n\\end{{checked}}\n"


@pytest.mark.parametrize(("world", "body", "kind", "telling", "under"), DISPLAYS, ids=[d[1][:40] for d in DISPLAYS])
def test_displays_without_meaning_are_refused(tmp_path, world, body, kind, telling, under):
    statuses, found = messages(tmp_path, display(world, body))
    assert "holds" not in statuses
    assert found
    assert (found[0].kind, telling in found[0].message) == (kind, True), str(found[0])
    assert found[0].line == (2 if under else found[0].line)
    assert not under or found[0].text[found[0].column - 1 :].startswith(under), found[0].shown()


@pytest.mark.parametrize(("text", "kind", "telling"), TEXTS, ids=[t[2] for t in TEXTS])
def test_texts_that_cannot_be_read_are_refused(tmp_path, text, kind, telling):
    statuses, found = messages(tmp_path, text)
    assert any(m.kind == kind and telling in m.message for m in found), found
    assert statuses.count("holds") == 0


def of_files(tmp_path):
    """What is said of files that are no text, too many, too long or a folder."""
    (tmp_path / "b.tex").write_bytes(b"\xff\xfe\x00")
    for i in range(250):
        (tmp_path / f"c{i}.tex").write_text("")
    texts = ["\\input{b}", "".join(f"\\input{{c{i}}}" for i in range(250)), "%" * (source.BYTES + 1)]
    return [*(messages(tmp_path, text)[1][0].message for text in texts), read(tmp_path).messages[0].message]


def test_files_that_cannot_be_read(tmp_path):
    expected = ("not UTF-8", "more than 200 files", "more than 2 MB", "cannot be read (")
    for said, telling in zip(of_files(tmp_path), expected, strict=True):
        assert telling in said


@pytest.mark.parametrize(("world", "body", "reason"), UNDECIDED, ids=[u[2] for u in UNDECIDED])
def test_what_the_exact_arithmetic_cannot_say_is_left_to_floats(tmp_path, world, body, reason):
    status, said = undecided(tmp_path, world, body)
    assert (status, reason in said) == ("holds", True), said


def of_notes(tmp_path, world, text, letters="kingma"):
    """Statuses and messages of one display of notes."""
    path = tmp_path / "notes.md"
    path.write_text(f"$$\n{text}\n$$\n", encoding="utf-8")
    document = read_notes([path], world, letters)
    checker = Checker(document)
    verdicts = [checker.run(display) for display in document.displays]
    return [v.status for v in verdicts], [*document.messages, *(m for v in verdicts for m in v.messages)]


@pytest.mark.parametrize(("world", "text", "telling"), REFUSED, ids=[r[1][:40] for r in REFUSED])
def test_what_others_leave_open_is_refused(tmp_path, world, text, telling):
    statuses, found = of_notes(tmp_path, world, text)
    assert statuses == ["error"]
    assert telling in found[0].message


def refusal(tmp_path, line):
    """What is said of a file of letters with this line."""
    path = tmp_path / "own.txt"
    path.write_text(f"% letters\n{line}\n", encoding="utf-8")
    load.cache_clear()
    with pytest.raises(ValueError, match=r"own.txt:[23]: ") as error:
        load(str(path))
    return str(error.value)


@pytest.mark.parametrize(("line", "telling"), LINES, ids=[line for line, _ in LINES])
def test_bad_lines_of_a_file_of_letters_are_named(tmp_path, line, telling):
    assert telling in refusal(tmp_path, line)
    assert of_notes(tmp_path, "mdp", r"v_\pi(s) = v_\pi(s)", str(tmp_path / "own.txt"))[0] == ["error"]


def test_every_other_message_is_named_in_a_test(messages_of):
    """A piece of it is the text that some test looks for."""
    literals = {
        node.value.replace("\\", "")
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    told = [text for text in literals if len(text) >= 6 and " " in text]
    others = {p.stem for p in PACKAGE.rglob("*.py")} - {"__init__", *MODULES, *NOTES, *MUTANTS}
    assert len(others) > 20
    unnamed = []
    for module in sorted(others):
        for where, found in messages_of(module):
            pieces = found.replace("\\", "").split(".*")
            if not any(t in piece or (len(piece) >= 8 and piece.strip() in t) for piece in pieces for t in told):
                unnamed.append(where + found)
    assert unnamed == []


def test_every_message_is_provoked_above(tmp_path, silent):
    texts = [display(world, body) for world, body, *_ in DISPLAYS] + [text for text, *_ in TEXTS]
    seen = "\n".join(m.message for text in texts for m in messages(tmp_path, text)[1])
    told = [m.message for world, text, _ in REFUSED for m in of_notes(tmp_path, world, text)[1]]
    told += [undecided(tmp_path, world, body)[1] for world, body, _ in UNDECIDED]
    with pytest.raises(ValueError, match="no such letters") as error:
        load("nowhere")
    lines = [refusal(tmp_path, line) for line, _ in LINES]
    lines += [text.partition(": ")[2] for text in lines]
    seen = "\n".join([seen, *told, str(error.value), *of_files(tmp_path), *lines])
    assert [s for s in silent(MODULES, seen) if not any(re.escape(guard) in s for guard in GUARDS)] == []
