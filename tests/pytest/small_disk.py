"""A disk of so many kilobytes, in memory: for tests of what happens when it is full."""

import subprocess
from pathlib import Path

import pytest


class SmallDisk:
    """A tmpfs at `folder`; skips the test where it may not be mounted."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._mount("size=1m")

    def resize(self, kilobytes: int) -> None:
        self._mount(f"remount,size={kilobytes}k")

    def names(self) -> set[str]:
        """Of all that is there, hidden files and those of folders among them."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}

    def close(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=False, capture_output=True)

    def _mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("a tmpfs may not be mounted here")
