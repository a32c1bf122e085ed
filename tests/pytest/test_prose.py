"""The linter of our English finds a bad sentence of every rule, passes its better form, and reads prose alone."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import prose  # noqa: E402

# A bad sentence, the finding that it must have, and the sentence that should stand there.
CASES = [
    ("What matters is the guide.", "opening", "The guide matters."),
    ("Whichever it names, it is right.", "opening", "It is right."),
    ("Which patterns effects may follow is a sum of families.", "opening", "Choose time patterns by adding families."),
    ("Of a gene there are five guides.", "opening", "A gene has five guides."),
    ("There are five guides.", "opening", "The gene has five guides."),
    ("It names the fate, whichever it is of.", "dangling", "It names the fate."),
    ("These p-values are of the contrast.", "dangling", "These p-values belong to the contrast."),
    ("Lost are two tables.", "fragment", "The run loses two tables."),
    ("It acts in such a way that cells die.", "term", "It acts so that cells die."),
    ("We saw two false calls.", "term", "We saw two false positives."),
    ("The knockdown works.", "term", "The knock-down works."),
    ("One guide is off target.", "term", "One guide is off-target."),
    ("Use three replicas.", "term", "Use three replicates."),
    ("The SD of the estimate is .1.", "term", "The standard error is .1."),
    ("Its p value is small.", "term", "Its p-value is small."),
    ("We tried it on screens of life.", "term", "We tried it on realistic screens."),
    ("Use a screen of one's own.", "term", "Use your own screen."),
    ("Nobody saw it, but somebody did.", "term", "No method reaches nominal coverage."),
    ("The flags are turned round.", "term", "The flags are reversed."),
    ("What is left over of a cell, is noise?", "term", "Residuals are noise."),
    ("Other effects are none.", "term", "Other effects are zero."),
    ("It is very small.", "vague", "It is below .01."),
    ("We tried various screens.", "vague", "We tried four screens."),
    ("A word " * 18 + "ends.", "length", "A word " * 17 + "ends."),
    ("The label was drawn. " * 7 + "It acts. " * 13, "passive", "The label was drawn. " * 6 + "It acts. " * 14),
]


def kinds(text: str) -> set[str]:
    return {found.split(":")[0] for _, found in prose.lint_text(text)}


@pytest.mark.parametrize(("bad", "kind", "good"), CASES)
def test_a_bad_sentence_is_found_and_its_better_form_passes(bad, kind, good):
    assert kinds(bad) == {kind}
    assert kinds(good) == set()


def test_every_rule_has_a_bad_sentence_that_it_finds():
    every = prose.RULES["sentences"] + prose.WORDS
    sentences = [sentence for bad, _, _ in CASES for sentence in prose.split_sentences(bad)]
    unseen = [rule for rule in every if not any(list(prose.apply_rules(sentence, [rule])) for sentence in sentences)]
    assert unseen == []


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: a very good one\n---\n",
        "```r\nWhat is very good.\n```\n",
        "    What is very good.\n".join(["\n\n", "\n"]),
        "<!-- What is very good. -->\n",
        "Call `very(good)` once.",
        "$$very$$",
        "What is a hit?",
        "# What is good",
        "| What is good. |",
    ],
)
def test_code_headers_and_questions_are_no_bad_sentences(text):
    assert kinds(text) == set()


def test_a_finding_names_its_line_and_text_across_lines_is_one_sentence():
    assert [line for line, _ in prose.lint_text("One.\n\n```\ncode\n```\n\n- a\n- It is a false\n  call.\n")] == [8]
    assert len(prose.split_sentences("It acts. (fatebias agrees.) mash does, e.g. here.")) == 3


@pytest.mark.parametrize("strings", [prose.strings_in_r, prose.strings_in_python])
def test_strings_in_code_are_read_where_they_are_sentences(strings):
    code = '# a very odd comment\nf("the knockdown of a gene", "false call")\n'
    assert [(line, found.split(":")[0]) for line, found in prose.lint_strings(strings(code))] == [(2, "term")]


def test_docstrings_of_python_are_no_messages():
    code = 'def f(x):\n    """A very odd one, this is."""\n    raise ValueError(f"{x} is a very odd value")\n'
    assert [line for line, _ in prose.lint_strings(prose.strings_in_python(code))] == [3]


@pytest.mark.parametrize(("text", "status", "last"), [("A gene acts.", 0, "0 findings"), ("It is very odd.", 1, "1 f")])
def test_the_exit_status_says_whether_anything_was_found(tmp_path, text, status, last):
    page = tmp_path / "page.md"
    page.write_text(text)
    done = subprocess.run([sys.executable, ROOT / "tools/prose.py", page], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert done.stdout.splitlines()[-1].startswith(last)


def test_the_texts_of_the_package_are_read():
    globs = prose.RULES["files"]
    assert {"README.md", "NEWS.md", "vignettes/*.Rmd", "R/*.R", "inst/python/fatebias/**/*.py"} <= set(globs)
    assert all(list(ROOT.glob(glob)) for glob in globs)
