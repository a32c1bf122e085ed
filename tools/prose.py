"""Lint our English by the rules of tools/prose.yaml: Markdown by all of them, strings in code by the rules of words.

Usage: python prose.py [FILE...]; without files those of the rules. The exit status is 1 where anything is found.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
RULES = yaml.safe_load((ROOT / "tools" / "prose.yaml").read_text(encoding="utf-8"))
WORDS = RULES["terms"] + RULES["vague"]

NOT_PROSE = re.compile(r"\A---\n.*?\n---\n|^ *(```|~~~).*?^ *\1 *$|<!--.*?-->|\$\$.*?\$\$", re.DOTALL | re.MULTILINE)
INDENTED_CODE = re.compile(r"(?<=\n\n)(?: {4,}[^ ].*\n)+")
STAND_INS = [
    (re.compile(pattern), by)
    for pattern, by in (
        (r"`r [^`]+`", "7"),
        (r"`[^`]*`", "X"),
        (r"\$[^$\n]+\$", "X"),
        (r"!?\[([^\]]*)\]\([^)]*\)", r"\1"),
        (r"(?<!\w)[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}(?!\w)", ""),
    )
]
ITEM = re.compile(r"^\s*(?:[-*]|\d+[.]) ")
SENTENCE_END = re.compile(r"(?<=[.?!])[)\"]?\s+(?=[\"(A-Z0-9]|fatebias |mash )")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def paragraphs(text: str) -> Iterator[tuple[int, str, bool]]:
    """Of Markdown: number of the first line, text, and whether it is running text (no heading, no row of a table)."""
    for not_prose in (NOT_PROSE, INDENTED_CODE):
        text = not_prose.sub(lambda found: "\n" * found[0].count("\n"), text)
    start, held = 0, ""
    for number, line in enumerate([*text.splitlines(), ""], 1):
        apart = line.lstrip().startswith(("|", "#"))
        if held and (apart or not line.strip() or ITEM.match(line)):
            yield start, held, True
            held = ""
        if apart:
            yield number, line.strip(" |#"), False
        elif line.strip():
            start = start if held else number
            held = f"{held} {ITEM.sub('', line).strip()}".lstrip()


def split_sentences(text: str) -> list[str]:
    for pattern, by in STAND_INS:
        text = pattern.sub(by, text)
    return SENTENCE_END.split(text)


def apply_rules(sentence: str, rules: list[dict]) -> Iterator[str]:
    for rule in rules:
        if found := re.search(rule["pattern"], sentence):
            yield f"{rule['name']}: {found[0].strip()!r}: {rule['says']}"


def lint_text(text: str) -> Iterator[tuple[int, str]]:
    """Line number and finding; of the whole text: 1."""
    running = []
    for line, paragraph, runs in paragraphs(text):
        for sentence in split_sentences(paragraph):
            yield from ((line, found) for found in apply_rules(sentence, WORDS + RULES["sentences"] * runs))
            if runs:
                running.append(sentence)
                length = len(re.findall(r"\w[\w'.-]*", sentence))
                if length > RULES["longest"]:
                    yield line, f"length: {length} words, at most {RULES['longest']}: {sentence[:50]!r}"
    passive = sum(bool(re.search(RULES["passive"]["pattern"], sentence)) for sentence in running)
    if len(running) >= RULES["passive"]["from"] and passive / len(running) > RULES["passive"]["share"]:
        yield 1, f"passive: {passive} of {len(running)} sentences: let the subject act"


def lint_strings(strings: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The same of the strings in code that are sentences: those with three blanks or more."""
    for number, string in strings:
        if string.count(" ") >= 3:
            yield from ((number, found) for found in apply_rules(string, WORDS))


def strings_in_r(code: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(code.splitlines(), 1):
        for string in STRING.findall("" if line.lstrip().startswith("#") else line):
            yield number, string


def strings_in_python(code: str) -> Iterator[tuple[int, str]]:
    """Strings that are values: messages, not docstrings."""
    nodes = list(ast.walk(ast.parse(code)))
    docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node.lineno, node.value


def main(names: list[str]) -> int:
    paths = [Path(name) for name in names] or [path for glob in RULES["files"] for path in sorted(ROOT.glob(glob))]
    strings = {".R": strings_in_r, ".py": strings_in_python}
    found = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        findings = lint_strings(strings[path.suffix](text)) if path.suffix in strings else lint_text(text)
        found += [f"{path}:{line}: {says}" for line, says in findings]
    print(*found, f"{len(found)} findings in {len(paths)} files", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
