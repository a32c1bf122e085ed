"""The commands of `python -m fatebias`, a module each: its arguments and what it runs.

A module is imported when its command is given, and the wing that it needs when its arguments are in order, so that
`--version` and `--help` answer at once. To add a command: a module here and a line in `COMMANDS`.
"""

# by name: what it does, as in `python -m fatebias --help`
COMMANDS = {
    "check": "look at a screen before a fit: what was found, what is wrong",
    "fit": "fit a screen and write its results",
    "assemble": "put a screen together: cells of an .h5ad, guides from elsewhere",
    "certify": "make the checks of a fit's certificate (verdicts: certify_fit() in R)",
    "simulate": "write a simulated screen and its truth",
}
