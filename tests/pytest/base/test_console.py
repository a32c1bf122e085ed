"""What the command line prints, on the streams that people and schedulers give it."""

import io
import os
import subprocess
import sys

import pytest

from fatebias.base.console import UNREAD, plain_stdout, say, tell, visible

TELLS = "from fatebias.base.console import plain_stdout, tell\nwith plain_stdout():\n    tell({text!r})\n"


def told(text, stdout, **environment):
    """How a process ends that tells a text."""
    command = [sys.executable, "-c", TELLS.format(text=text)]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=os.environ | environment)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_pipe_that_nobody_reads_ends_the_command_in_silence(unbuffered):
    reader, writer = os.pipe()
    os.close(reader)
    done = told("x" * 100_000, writer, PYTHONUNBUFFERED=unbuffered)
    os.close(writer)
    assert done.returncode == UNREAD and done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_said(unbuffered):
    with open("/dev/full", "w") as full:
        done = told("x", full, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1
    assert done.stderr.startswith("Error (python): Cannot write to the standard output: [Errno 28]")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_signs_that_stdout_lacks_are_escaped(encoding):
    done = told("day \u0434 of \udcff", subprocess.PIPE, PYTHONIOENCODING=encoding)
    shown = "\u0434" if encoding == "utf-8" else "\\u0434"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"day {shown} of \\udcff\n", "")


def test_what_would_steer_a_terminal_is_written_out():
    assert visible("a\x1b[31mb\x07\r\u202ec\nd\te\u00e9") == "a\\x1b[31mb\\x07\\r\\u202ec\nd\te\u00e9"


def test_a_message_ends_nothing(monkeypatch, capsys):
    say("heard")
    assert capsys.readouterr().err == "heard\n"
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stderr", stream)
        say("lost")


def test_stdout_may_be_closed(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with plain_stdout():
        tell("lost")
