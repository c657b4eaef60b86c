r"""The document as one .tex that plain pdflatex builds anywhere: tools/flat.py writes build/flat and build/flat.zip.

Every \input is replaced by its file, every call of Python by what it printed in the last build, so that neither Python
nor any file but the figures is needed.
"""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import archive
import complete
from calls import read_calls

BASE, PDF, FOLDER = Path("build/main"), Path("main.pdf"), Path("build/flat")
HEADER = r"""% {title}: the whole document in one file, with every number as it was computed.
% To build it: pdflatex main, three times. Beside it stands figures/, nothing else is needed.
% It is made from the sources by make flat, and edits belong there; the PDF that make pdf builds carries the programs
% behind its figures, one that is built from this file does not.
"""
PRELUDE = r"""% What Python printed stands in the text; \computed holds what the macro after it shows.
\usepackage{etoolbox,fvextra,graphicx,upquote}
\makeatletter
\newcommand{\computed}[1]{\gdef\page@computed{#1}}
\newcommand{\page@call}[1]{\page@computed}
\newcommand{\pysession}[1]{\gdef\page@session{#1}\page@open{#1}} % whose checks are counted together
\newcommand{\sourceline}[1]{\def\page@inputline{#1}} % of the display that follows, in its own file
"""
KEPT = ["excerptplace"]  # definitions of preamble/python.tex that the text still needs
TOKEN = re.compile(r"\\(?:[A-Za-z@]+|.)|%[^\n]*\n?|[{}$]", re.DOTALL)
WORDS = {"text", "mbox", "textbf", "textit", "emph", "why", "whyqed", "caption", "footnote"}  # text within a formula
DISPLAYS = {"checked", "defining", "model", "unchecked"}
RECORD = re.compile(r"(?=\\(?:displayverdict|displaytotal|displaysettingis|mutantscore)\{)")


class FlatError(Exception):
    """The document cannot be made flat; the message names the place."""


def printed(base: Path) -> dict[str, str]:
    """What Python printed for each piece of code."""
    text = base.with_suffix(".pytxmcr").read_text(encoding="utf-8")
    macros = dict(re.findall(r"\\pytx@SVMCR\{pytx@MCR@py@(.*?)\}\n(.*?)\\endpytx@SVMCR", text, re.DOTALL))
    values: dict[str, str] = {}
    for call in read_calls(base.with_suffix(".pytxcode")):
        value = macros[f"{call.session}@default@{call.instance}"].strip()
        if values.setdefault(squeezed(call.code), value) != value:
            raise FlatError(f"{call.file}:{call.line}: {call.code} printed two different things")
    return values


def squeezed(code: str) -> str:
    """Code without spaces: TeX adds some after its commands."""
    return re.sub(r"\s", "", code)


class Text:
    """Reads a document's text, token by token, and writes it anew without what another program would have to do."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.values = printed(base)
        self.used: set[str] = set()
        self.figures: dict[str, Path] = {}
        self.styles: dict[str, None] = {}  # definitions of the excerpts' colours and fonts
        self.scripts: list[str] = []
        self.commands: dict[str, Callable[[Reader], str]] = {
            "input": lambda r: self.file(Path(r.braces())),
            "drawing": self.drawing,
            "pyfigure": self.figure,
            "drawnby": lambda r: "Drawn by~" + " and ".join(rf"\texttt{{{name}}}" for name in self.scripts) + ".",
            "result": lambda r: r.number(self.value(rf'result("{{1}}", "{r.brackets()}")', r)),
            "benchmark": lambda r: r.number(self.value(rf'benchmark("{{1}}", "{r.brackets()}")', r)),
            "resulttext": lambda r: self.value('result_text("{1}")', r),
            "excerpt": self.excerpt,
            "ifbenchmark": self.branch,
            "runcheck": lambda r: self.computed(r, 'check("{1}")'),
            "proofread": lambda r: self.computed(r, 'proofread("{1}")'),
            "bibliography": lambda r: r.braces() and base.with_suffix(".bbl").read_text(encoding="utf-8").rstrip("\n"),
            "bibliographystyle": lambda r: r.braces() and "%",
            "begin": self.begin,
        }

    def value(self, code: str, reader: "Reader") -> str:
        """What Python printed for the code, in which the next argument replaces {1}."""
        code = squeezed("page." + code.replace("{1}", reader.braces()))
        if code not in self.values:
            raise FlatError(f"{reader.place()}: the last build did not print {code}")
        self.used.add(code)
        return self.values[code]

    def file(self, path: Path) -> str:
        """A file's text, made flat."""
        path = path if path.suffix else path.with_suffix(".tex")
        if path == Path("preamble/python.tex"):
            return self.prelude(path)
        text = path.read_text(encoding="utf-8")
        if path == Path("preamble/displays.tex"):
            text = text.replace(r"\newcommand{\page@inputline}{\the\inputlineno}" + "\n", "")
        if path.parts[0] == "preamble":
            return text.rstrip("\n")
        return Reader(self, path, text).flat().rstrip("\n")

    def prelude(self, path: Path) -> str:
        """What stands for the macros that call Python, and the files that these input."""
        text = path.read_text(encoding="utf-8")
        kept = [re.search(rf"^\\newcommand\{{\\{name}\}}.*", text, re.MULTILINE) for name in KEPT]
        parts = [PRELUDE + "".join(f"{found[0]}\n" for found in kept if found) + r"\makeatother"]
        parts += [self.file(Path(name)) for name in re.findall(r"^\\input\{([^}]*)\}", text, re.MULTILINE)]
        return "\n".join(parts)

    def drawing(self, reader: "Reader") -> str:
        """A drawing's file in its place."""
        name = reader.braces().removeprefix(r"\input{").removesuffix("}")
        self.scripts.append(escaped(f"{name}.tex"))
        return self.file(Path(name))

    def figure(self, reader: "Reader") -> str:
        """A figure from the folder figures/."""
        key, height = reader.braces(), reader.braces()
        code = squeezed(f'page.figure("{key}", {height})')
        found = re.search(r"\\includegraphics\{(.*)\}\}", self.values.get(code, ""))
        if found is None:
            raise FlatError(f"{reader.place()}: the last build did not draw {key}")
        self.used.add(code)
        name = f"figures/{key.replace('.', '-')}.pdf"
        self.figures[name] = Path(found[1])
        script = escaped(f"pycode/figures/{key.partition('.')[0]}.py")
        if script not in self.scripts:
            self.scripts.append(script)
        return rf"\includegraphics{{{name}}}"

    def excerpt(self, reader: "Reader") -> str:
        """An excerpt of code; what its highlighting needs goes before the document, once."""
        found = re.search(r"\\input\{(.*)\}\}", self.value('excerpt("{1}")', reader))
        assert found is not None
        styles, begin, code = Path(found[1]).read_text(encoding="utf-8").partition(r"\begin{Verbatim}")
        self.styles[styles.strip()] = None
        return f"\\par\n{begin}{code.rstrip()}\\par"

    def branch(self, reader: "Reader") -> str:
        """The text that the last build printed."""
        stands = self.value('if_benchmark("{1}")', reader) == r"\benchmarkstands"
        line = reader.line()
        branches = reader.braces(), reader.braces()
        return Reader(self, reader.path, branches[0 if stands else 1], line).flat()

    def computed(self, reader: "Reader", code: str) -> str:
        """A macro that shows what Python printed, with that before it."""
        start = reader.position - len(reader.token)
        value = self.value(code, reader)
        lines = [part for part in RECORD.split(value) if part]
        shown = value if len(lines) < 2 else "%\n" + "".join(f"{line}%\n" for line in lines)
        return rf"\computed{{{shown}}}" + reader.text[start : reader.position]

    def begin(self, reader: "Reader") -> str:
        """The beginning of an environment; a display's row in the ledger names its line in its own file."""
        start = reader.position - len(reader.token)
        name = reader.braces()
        if name == "figure":
            self.scripts.clear()
        if name not in DISPLAYS:
            return reader.text[start : reader.position]
        reader.brackets()
        if name != "unchecked":
            reader.braces()
        return rf"\sourceline{{{reader.line()}}}" + reader.text[start : reader.position]


def escaped(name: str) -> str:
    """A file's name for TeX."""
    return name.replace("_", r"\_")


class Reader:
    """A piece of text, where one stands in it, and whether that is in a formula."""

    def __init__(self, owner: Text, path: Path, text: str, first_line: int = 1) -> None:
        self.owner, self.path, self.text, self.first_line = owner, path, text, first_line
        self.position = 0
        self.token = ""

    def line(self) -> int:
        """Line of the present position."""
        return self.first_line + self.text.count("\n", 0, self.position)

    def place(self) -> str:
        """File and line."""
        return f"{self.path}:{self.line()}"

    def braces(self) -> str:
        """The next argument."""
        if not self.text.startswith("{", self.position):
            raise FlatError(f"{self.place()}: {self.token} has no argument in braces at once after it")
        depth = 0
        for token in TOKEN.finditer(self.text, self.position):
            depth += {"{": 1, "}": -1}.get(token[0], 0)
            if depth == 0:
                start, self.position = self.position + 1, token.end()
                return self.text[start : token.start()]
        raise FlatError(f"{self.place()}: a brace is not closed")

    def brackets(self) -> str:
        """The next optional argument, or nothing."""
        found = re.compile(r"\[([^\]]*)\]").match(self.text, self.position)
        if found is None:
            return ""
        self.position = found.end()
        return found[1]

    def number(self, value: str) -> str:
        """A number as one would write it at this place."""
        bare = value.removeprefix(r"\ensuremath{").removesuffix("}")
        if self.in_display or rf"\ensuremath{{{bare}}}" != value:
            return value
        return bare if self.modes[-1] == "formula" else f"${bare}$"

    def flat(self) -> str:
        """The text with everything replaced."""
        self.modes, self.in_display, before = ["text"], False, ""
        parts: list[str] = []
        while token := TOKEN.search(self.text, self.position):
            parts.append(self.text[self.position : token.start()])
            self.position, self.token = token.end(), token[0]
            name = self.token[1:]
            if self.token == "$":
                self.modes[-1] = "text" if self.modes[-1] == "formula" else "formula"
            elif self.token == "{":
                self.modes.append("text" if before in WORDS else self.modes[-1])
            elif self.token == "}" and len(self.modes) > 1:
                self.modes.pop()
            if self.token[0] == "\\" and name in ("begin", "end"):
                of_display = re.match(r"\{(\w+)\}", self.text[self.position :])
                if of_display and of_display[1] in DISPLAYS:
                    self.in_display = name == "begin"
            command = self.owner.commands.get(name) if self.token[0] == "\\" else None
            before = name if self.token[0] == "\\" else ""
            parts.append(command(self) if command else self.token)
        return "".join([*parts, self.text[self.position :]])


def flatten(base: Path) -> tuple[str, dict[str, Path]]:
    """The text of the document, and its figures by the names that the text gives them."""
    owner = Text(base)
    root = Path(base.name).with_suffix(".tex")
    before, _, after = root.read_text(encoding="utf-8").partition(r"\begin{document}")
    preamble = Reader(owner, root, before).flat()
    line = 1 + before.count("\n")
    body = Reader(owner, root, after, line).flat()
    unused = set(owner.values) - owner.used
    if unused:
        raise FlatError(f"not found in the text: {min(unused)}")
    styles = "".join(f"{style}\n" for style in owner.styles)
    return f"{preamble}{styles}\\begin{{document}}{body}", owner.figures


def title(text: str) -> str:
    """The document's title, if a macro of the first lines has it."""
    found = re.search(r"\\newcommand\{\\homeworktitle\}\{(.*)\}", text)
    return found[1] if found else "This is"


def files() -> dict[str, bytes]:
    """Content of all files by their names; raises FlatError when the document is not complete as it stands."""
    if said := complete.objection(BASE, PDF):
        raise FlatError(said)
    text, figures = flatten(BASE)
    content = {name: path.read_bytes() for name, path in figures.items()}
    return content | {"main.tex": (HEADER.format(title=title(text)) + text).encode()}


def main() -> int:
    """Write the folder and the zip, or say why not."""
    try:
        content = files()
    except (FlatError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, data in content.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    target = FOLDER.with_suffix(".zip")
    archive.write(target, content)
    print(f"{FOLDER}/ and {target}: main.tex and {len(content) - 1} figures; pdflatex main, three times, builds it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
