"""Lint our English: sentences, terms and vague words of Markdown, and terms of the messages in R.

Usage: python prose.py [FILE...]; without files those of tools/prose.yaml. The exit status is 1 where anything is found.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
RULES = yaml.safe_load((ROOT / "tools" / "prose.yaml").read_text(encoding="utf-8"))
PASSIVE = re.compile(r"\b(?:is|are|was|were|be|been|being) (?:not |only |never |also )?(?:\w+ed|\w+wn|made|given|taken|told)\b")
NOT_PROSE = r"\A---\n.*?\n---\n|^ *(```|~~~).*?^ *\1 *$|<!--.*?-->|\$\$.*?\$\$|^ {4,}[^ ].*?$"
STAND_INS = ((r"`r [^`]+`", "7"), (r"`[^`]*`", "X"), (r"\$[^$\n]+\$", "x"), (r"!?\[([^\]]*)\]\([^)]*\)", r"\1"), (r"[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}", ""))


def blank(found: re.Match) -> str:
    """As many line ends, so that the numbers of lines stay."""
    return "\n" * found[0].count("\n")


def paragraphs(text: str) -> Iterator[tuple[int, str, bool]]:
    """Line number, text, and whether it is running text (no heading, no row of a table)."""
    text = re.sub(NOT_PROSE, blank, text, flags=re.DOTALL | re.MULTILINE)
    start, held = 1, ""
    for number, line in enumerate([*text.splitlines(), ""], 1):
        apart = line.lstrip().startswith(("|", "#"))
        if held and (apart or not line.strip() or re.match(r"\s*([-*]|\d+[.]) ", line)):
            yield start, held, True
            held = ""
        if apart:
            yield number, line.strip(" |#"), False
        elif line.strip():
            start, held = (start, f"{held} {line.strip()}") if held else (number, re.sub(r"^\s*([-*]|\d+[.]) ", "", line).strip())


def sentences(text: str) -> list[str]:
    for pattern, stand_in in STAND_INS:
        text = re.sub(pattern, stand_in, text)
    return re.split(r"(?<=[.?!])[)\"]?\s+(?=[\"(A-Z0-9]|fatebias |mash )", text)


def findings(sentence: str, rules: list[dict]) -> Iterator[str]:
    for rule in rules:
        if found := re.search(rule["pattern"], sentence):
            yield f"{rule['name']}: {found[0].strip()!r}: {rule['says']}"


def lint_text(text: str) -> Iterator[tuple[int, str]]:
    """Line number and finding; those of the whole text have line 1."""
    words = RULES["terms"] + RULES["vague"]
    passive = total = 0
    for line, paragraph, running in paragraphs(text):
        for sentence in sentences(paragraph):
            yield from ((line, found) for found in findings(sentence, words + RULES["sentences"] * running))
            if running and (length := len(re.findall(r"\w[\w'-]*", sentence))) > RULES["longest"]:
                yield line, f"length: {length} words, at most {RULES['longest']}: {sentence[:50]!r}"
            total += running
            passive += running and bool(PASSIVE.search(sentence))
    if total >= 10 and passive / total > RULES["passive"]:
        yield 1, f"passive: {passive} of {total} sentences: let the subject act"


def lint_messages(text: str) -> Iterator[tuple[int, str]]:
    """The same of the strings in R code, where they are sentences."""
    for number, line in enumerate(text.splitlines(), 1):
        for string in re.findall(r'"((?:[^"\\]|\\.)*)"', re.sub(r"^\s*#.*", "", line)):
            if string.count(" ") >= 3:
                yield from ((number, found) for found in findings(string, RULES["terms"]))


def main(names: list[str]) -> int:
    chosen = names or [str(path) for glob in RULES["files"] + RULES["messages"] for path in sorted(ROOT.glob(glob))]
    count = 0
    for name in chosen:
        lint = lint_messages if name.endswith(".R") else lint_text
        for line, found in lint(Path(name).read_text(encoding="utf-8")):
            print(f"{Path(name).resolve().relative_to(ROOT) if Path(name).resolve().is_relative_to(ROOT) else name}:{line}: {found}")
            count += 1
    print(f"{count} findings in {len(chosen)} files")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
