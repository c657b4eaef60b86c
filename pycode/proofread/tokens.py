r"""What each TeX command means to the lexer, and the typed tokens that it makes."""

from dataclasses import dataclass

from pycode.proofread.tex import Raw


def _types(table: str) -> dict[str, str]:
    """From lines "TYPE spelling spelling …", the type of each spelling."""
    rows = (line.split() for line in table.strip().splitlines())
    return {spelling: kind for kind, *spellings in rows for spelling in spellings}


DIGITS = "0123456789"
SPACE = {
    *r"\, \; \: \! \> ~ \displaystyle \textstyle \scriptstyle \limits \nolimits \allowbreak \nobreak".split(),
    "\\ ",
}
SPACE |= set(r"\thinspace \negthinspace \medspace \mathstrut \strut".split())
SIZE = {r"\left", r"\right", r"\middle"} | {rf"\{b}{k}" for b in ("big", "Big", "bigg", "Bigg") for k in ("", *"lrm")}
QUAD = {r"\quad", r"\qquad", r"\hspace", r"\enspace"}
FONT = set(r"\mathbf \boldsymbol \bm \mathit \mathrm \mathsf \textrm \mathnormal".split())
TEXT = set(r"\text \mbox \textnormal \textup \textit \emph".split())
ACCENT = set(
    r"\mathcal \mathscr \mathbb \mathfrak \hat \widehat \tilde \widetilde \bar \overline \operatorname".split()
)
GREEK = set(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell".split()
)
RELATION = _types(r"""
    =  =
    <= \le \leq \leqslant
    >= \ge \geq \geqslant
    ∝  \propto
    := \coloneqq \doteq
    ~  \sim
""")
SIMPLE = _types(r"""
    PLUS +
    MINUS -
    SLASH /
    CDOT \cdot \times *
    ODOT \odot
    LPAR (
    RPAR )
    LBRACK [
    RBRACK ]
    LBRACE \{ \lbrace
    RBRACE \} \rbrace
    COMMA ,
    SEMI ;
    STOP .
    MID \mid
    TO \to \rightarrow
    IN \in
    INFTY \infty
    PARTIAL \partial
    LFLOOR \lfloor
    RFLOOR \rfloor
    LABS \lvert
    RABS \rvert
    DBAR \| \parallel \Vert
    GT > \gt
    LT < \lt
""")
OPERATOR = _types(r"""
    log \log \ln \operatorname{log}
    exp \exp
    det \det
    tr \operatorname{tr} \operatorname{Tr} \mathrm{tr}
    softplus \operatorname{softplus}
    expm1 \operatorname{expm1}
""")
BIG = _types(r"""
    SUM \sum
    PROD \prod
    INT \int
    MAX \max
    MIN \min
    NABLA \nabla
""")
EXPECTATION = {"E", r"\mathbb{E}", r"\mathrm{E}", r"\operatorname{E}"}
KL = {r"\mathrm{KL}", r"\operatorname{KL}", r"\text{KL}", r"D_KL", r"\mathbb{D}_KL"}
KL |= {rf"D_{name}" for name in list(KL)} | {rf"\mathbb{{D}}_{name}" for name in list(KL)}
SETS = {r"\mathcal{S}", r"\mathcal{S}^+", r"\mathcal{A}", r"\mathcal{R}", r"\mathbb{R}", r"\mathbb{N}"}
TRANSPOSE = {r"\top", r"\mathsf{T}", r"\mathsfT", r"\intercal", r"\mathrm{T}"}
BUILTIN = {*SPACE, *SIZE, *QUAD, *FONT, *TEXT, *ACCENT, *RELATION, *SIMPLE, *OPERATOR, *BIG, *(f"\\{g}" for g in GREEK)}
_NO_RELATION = "is not a relation that can be run; put the line into unchecked[reason]"
_DOTS = "dots hide what is meant; write a \\sum with its limits"
REFUSED = {
    **dict.fromkeys(r"\cdots \dots \ldots \dotsb".split(), _DOTS),
    **dict.fromkeys(r"\approx \simeq \ne \neq \ll \gg \Rightarrow \implies \iff \forall".split(), _NO_RELATION),
    "\\equiv": "write := for a definition or = for an equation",
    "\\pm": "two values at once; write two lines",
    "\\begin": "no environment inside a display; write rows",
    "\\lim": "a limit cannot be run; put the line into unchecked[reason]",
}
OPENING = {
    "LPAR": "RPAR",
    "LBRACK": "RBRACK",
    "LBRACE": "RBRACE",
    "LFLOOR": "RFLOOR",
    "LABS": "RABS",
    "SUB": "RSUB",
    "LB": "RB",
}
CLOSING = {v: k for k, v in OPENING.items()}
NO_OPERAND = {*"PLUS MINUS SLASH CDOT ODOT COMMA SEMI MID REL NEWLINE QUAD RSUB PARTIAL".split(), *OPENING}


@dataclass(frozen=True)
class Tok:
    """A typed token; ``name`` is what the evaluator sees, ``raw`` where it stands."""

    type: str
    name: str
    raw: Raw
