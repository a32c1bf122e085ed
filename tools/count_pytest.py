"""pytest plugin: writes "passed failed skipped" to a file once the run has come to its end."""

from pathlib import Path


def pytest_addoption(parser):
    parser.addoption("--count-file", type=Path, help="where to write the three counts")


def pytest_terminal_summary(terminalreporter, config):
    path = config.getoption("--count-file")
    if path is None:
        return
    stats = terminalreporter.stats
    count = {name: len(stats.get(name, [])) for name in ("passed", "failed", "error", "skipped", "xfailed")}
    failed = count["failed"] + count["error"]
    path.write_text(f"{count['passed'] + count['xfailed']} {failed} {count['skipped']}\n")
