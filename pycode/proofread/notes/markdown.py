r"""Other markup made TeX: short codes and fences become $$, code and marks before lines blanks; places stay."""

import re

WORD = r"(?:katex|math|mathjax|latex)\b"
SHORT = re.compile(
    rf"\{{\{{[<%][ \t]*(?:(?P<open>{WORD}[^<>%{{}}\n]*)|(?P<close>/[ \t]*{WORD}))[ \t]*/?[>%]\}}\}}"
    rf"|\{{%[ \t]*(?:(?P<begin>{WORD}[^%{{}}\n]*)|(?P<end>end{WORD}))[ \t]*%\}}"
    r"|(?P<script><script type=[\"']math/tex; ?mode=display[\"']>)|(?P<over></script>)"
)
MARK = re.compile(r"[ \t]*(?:>[ \t]?)+|[ \t]*--[ \t]+|[ \t]*--$")
FENCE = re.compile(
    r"(?P<before>[ \t]*(?:(?:[-*+]|\d+[.)])[ \t]+)?)(?P<fence>`{3,}|~{3,})[ \t]*(?P<word>[^`\s]*)[^`\n]*$"
)
EDGE = re.compile(r"\\\\|\\\$|(?P<dollars>\$\$)|(?P<open>\\\[|\\begin(?![a-zA-Z]))|(?P<close>\\\]|\\end(?![a-zA-Z]))")
CODE = re.compile(r"``[^\n]*?``(?!`)|`[^`\n]*`")
ESCAPED = re.compile(
    r"([ \t]*(?:(?:[-*+]|\d+[.)])[ \t]+)?)\\\\\[(?![ \t]*-?[\d.]+[ \t]*(?:pt|em|ex|mm|cm|in|\\)|[^\]\\\n]*\][ \t]*$)"
)
SIGN = re.compile(r"\\\\|\\(?P<sign>[_*])")
PROSE = re.compile(r"%|\\(?=(?:input|include|import|subfile|verb)\b)")


def as_tex(text: str, markdown: bool) -> str:
    """A text of the same length in which TeX finds the displays."""
    text = _short_codes(text)
    return _lines(_without_comments(text) if markdown else text, markdown)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _short_codes(text: str) -> str:
    """Pairs of short codes become $$ around a formula that has none of its own."""
    parts: list[str] = []
    position, opened = 0, None
    for found in SHORT.finditer(text):
        if found["open"] or found["begin"] or found["script"]:
            opened = found
        elif opened is not None:
            inside = text[opened.end() : found.start()]
            first = text[text.rfind("\n", 0, opened.start()) + 1 : opened.start()]
            alone = not first.strip(" \t>-") and inside.lstrip(" \t")[:1] == "\n"
            shown = opened["begin"] or opened["script"] or alone or "display" in opened["open"]
            own = "$$" in inside or re.search(r"(?<!\\)\\\[", inside)
            signs = "$$" if shown and not own else ""
            parts += [text[position : opened.start()], signs.ljust(len(opened.group())), inside]
            parts.append(signs.ljust(len(found.group())))
            position, opened = found.end(), None
    return "".join([*parts, text[position:]])


def _without_comments(text: str) -> str:
    """Blanks for <!-- … -->."""
    parts, position = [], 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start)) >= 0:
        parts += [text[position:start], _blank(text[start : end + 3])]
        position = end + 3
    return "".join([*parts, text[position:]])


def _lines(text: str, markdown: bool) -> str:
    """Blanks for what stands before the lines of a formula, for code, and for what means nothing outside of TeX."""
    lines = []
    fence = None
    dollars, nested, marked, escaped = False, 0, False, False
    for line in text.split("\n"):
        inside = dollars or nested > 0
        mark = MARK.match(line)
        if mark and (marked or not (inside or fence)):
            line = " " * mark.end() + line[mark.end() :]
        found = FENCE.match(line)
        if found and not (markdown or fence or found["word"] == "math"):
            found = None
        if fence is not None:
            if found and found["fence"].startswith(fence["fence"]) and not found["word"]:
                line = (" " * found.start("fence") + "$$" * (fence["word"] == "math")).ljust(len(line))
                fence, marked = None, False
            elif fence["word"] != "math":
                line = _blank(line)
            lines.append(line)
            continue
        if found:
            fence, marked, dollars, nested = found, bool(mark), False, 0
            lines.append((" " * found.start("fence") + "$$" * (found["word"] == "math")).ljust(len(line)))
            continue
        if markdown and not inside:
            line = CODE.sub(lambda m: _blank(m.group()), line)
            line = PROSE.sub(" ", line)
            if begins := ESCAPED.match(line):
                line, escaped = f"{line[: begins.end() - 3]} \\[{line[begins.end() :]}", True
        if markdown:
            line = SIGN.sub(lambda m: f" {m['sign']}" if m["sign"] else m.group(), line)
        if escaped and "\\\\]" in line:
            line, escaped = line.replace("\\\\]", " \\]"), False
        for edge in EDGE.finditer(line):
            dollars ^= edge.lastgroup == "dollars"
            nested = max(0, nested + (edge.lastgroup == "open") - (edge.lastgroup == "close"))
        if not inside:
            marked = bool(mark) and (dollars or nested > 0)
        elif not (dollars or nested):
            marked = False
        lines.append(line)
    return "\n".join(lines)
