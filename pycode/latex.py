r"""Numbers, demands and plain text as LaTeX."""

import math
import re
from typing import Any

from pycode.check import Check


def _pairs(table: str) -> dict[str, str]:
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_MATHEMATICS = _pairs(r"""
    α \alpha β \beta γ \gamma δ \delta ε \varepsilon ζ \zeta η \eta θ \theta ι \iota κ \kappa λ \lambda μ \mu ν \nu
    ξ \xi π \pi ρ \rho σ \sigma τ \tau υ \upsilon φ \varphi χ \chi ψ \psi ω \omega
    Γ \Gamma Δ \Delta Θ \Theta Λ \Lambda Ξ \Xi Π \Pi Σ \Sigma Φ \Phi Ψ \Psi Ω \Omega
    ≤ \le ≥ \ge ≠ \ne ≈ \approx ≡ \equiv ∝ \propto √ \surd · \cdot × \times ± \pm − - → \to ∞ \infty ∂ \partial
    ∇ \nabla ∑ \sum ∫ \int ∈ \in ⌊ \lfloor ⌋ \rfloor ‖ \| … \ldots ½ \frac12
    ⁰ ^0 ¹ ^1 ² ^2 ³ ^3 ⁴ ^4 ⁵ ^5 ⁶ ^6 ⁷ ^7 ⁸ ^8 ⁹ ^9 ⁻ ^- ⁺ ^+ ⁿ ^n ᵀ ^T ᵏ ^k
    ₀ _0 ₁ _1 ₂ _2 ₃ _3 ₄ _4 ₅ _5 ₆ _6 ₇ _7 ₈ _8 ₉ _9 ᵢ _i ⱼ _j ₖ _k ₚ _p ₜ _t
""")
SYMBOLS = {c: rf"\ensuremath{{{latex}}}" for c, latex in _MATHEMATICS.items()} | {"–": "--", "—": "---", "’": "'"}
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
SPECIAL |= {c: "\\" + c for c in "{}$&#_%"} | {c: rf"\ensuremath{{{c}}}" for c in "<>|*"}


def number(value: float, spec: str = "") -> str:
    r"""A number for math mode: 4 digits or Python's format, ``1.2\times10^{-15}``, integers in groups of three."""
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be printed as a number")
    if (spec == "d" and value == int(value)) or (not spec and isinstance(value, int)):
        value, spec = int(value), ","
    if value == 0 and "%" not in spec:
        return "0"
    mantissa, e, exponent = format(value, spec or ".4g").partition("e")
    mantissa = mantissa.rstrip(".").replace(",", r"\,").replace("%", r"\,\%")
    if not e:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return mantissa.replace("1", power) if mantissa.strip("+-") == "1" else rf"{mantissa}\times{power}"


def _digits(check: Check) -> str:
    """Format that shows what the tolerance resolves, at most 6 digits; 2 for a residual, 3 for a bound."""
    if check.relation != "=":
        return ".3g"
    if check.reference == 0:
        return "#.2g"
    if check.tolerance == 0:
        return ".6g"
    resolved = math.floor(math.log10(abs(check.reference))) - math.floor(math.log10(check.tolerance)) + 2
    return f".{min(max(resolved, 2), 6)}g"


def measurement(check: Check) -> str:
    """The measured value of a check, for math mode; with its error where the digits do not show it."""
    shown = number(check.value, _digits(check))
    if check.relation == "=" and 0 < check.tolerance < 1e-6 * abs(check.reference):
        shown += rf"\;({number(check.value - check.reference, '+.1g')})"
    return shown


def demand(check: Check) -> str:
    r"""What a check demands, for math mode: ``0\pm2\times10^{-15}``, ``\le 1``."""
    if check.relation == "=":
        reference = number(check.reference, _digits(check))
        return rf"{reference}\pm{number(check.tolerance, '#.2g')}" if check.tolerance else reference
    sign, side = (1, r"\le") if check.relation == "<=" else (-1, r"\ge")
    return f"{side} {number(check.reference + sign * check.tolerance, _digits(check))}"


def text(plain: str) -> str:
    """Plain text as LaTeX text, ``90,000`` as numbers are set here; ``ValueError`` for a character without a sign."""
    for c in plain:
        if not (c.isascii() or c in SYMBOLS or (c.isalpha() and ord(c) < 0x180)):
            raise ValueError(f"no LaTeX for '{c}' (U+{ord(c):04X}) in '{plain}'; add it to pycode/latex.py")
    shown = re.sub(".", lambda match: SPECIAL.get(match[0], SYMBOLS.get(match[0], match[0])), plain, flags=re.DOTALL)
    return re.sub(r"(?<=\d),(?=\d{3}\b)", r"\\,", shown)


def verbatim(code: str) -> str:
    r"""Highlighted code whose characters beyond ASCII are commands, which pygments' Verbatim obeys."""
    return "".join(SYMBOLS.get(c, c) for c in code)


def highlighted(lines: list[str]) -> str:
    """Python code in black and bold, with the styles that it needs."""
    from pygments import highlight
    from pygments.formatters import LatexFormatter
    from pygments.lexers import PythonLexer
    from pygments.style import Style
    from pygments.token import Comment, Keyword

    class Quiet(Style):
        styles = {Keyword: "bold", Comment: "italic"}  # noqa: RUF012

    options = r"fontfamily=lmtt,fontsize=\footnotesize,samepage=true,"
    options += r"frame=leftline,framesep=6pt,rulecolor=\color{quiet}"
    formatter = LatexFormatter(style=Quiet, verboptions=options)
    body = verbatim(highlight("\n".join(lines), PythonLexer(), formatter)).replace(r"\PYZsq{}", r"\textquotesingle{}")
    return f"\\makeatletter\n{formatter.get_style_defs()}\\makeatother\n{body}"


def verdict(file: str, ordinal: int, environment: str, relations: int, compared: int, worlds: int, worst: float) -> str:
    """What the ledger says of a display, with its largest relative difference to one digit."""
    shown = number(worst, ".0e").replace(r"\times", r"\cdot ")
    return (
        rf"\displayverdict{{{file}}}{{{ordinal}}}{{{environment}}}{{{relations}}}{{{compared}}}{{{worlds}}}{{{shown}}}"
    )


def exactly(
    file: str, ordinal: int, equalities: int, decided: int, log2_error: float, degree: int, undecided: list[list[Any]]
) -> str:
    """What the ledger says of a display's equalities; the lines of the undecided ones count from the display's."""
    remarks = "".join(rf"\byfloats{{{after}}}{{{text(_innermost(reason))}}}" for after, reason in undecided)
    numbers = f"{{{equalities}}}{{{decided}}}{{{math.ceil(log2_error)}}}{{{degree}}}"
    return rf"\displayexact{{{file}}}{{{ordinal}}}{numbers}{{{remarks}}}"


def _innermost(reason: str) -> str:
    """A reason without the definitions through which it came, whose lines are not those of the ledger."""
    return reason.rpartition(" cannot be used so: ")[2]
