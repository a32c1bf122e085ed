"""Arguments of the API: paths, switches, and settings by the one table of settings."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base import FatebiasError, Settings, SettingsError, file_values


def as_path(value: Any, name: str, error: type[FatebiasError]) -> Path:
    """A path that was given as the argument `name`; raises `error` for what is no path."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise error(f"`{name}` must be a path, as a text or a Path, not {_kind(value)}.")
    if not os.fspath(value):
        raise error(f"`{name}` is empty. Give a path; . is the working directory.")
    return Path(value)


def working_directory() -> Path:
    """The working directory; where that was removed, a path that changes no path it is put before."""
    try:
        return Path.cwd()
    except OSError:
        return Path()


def reached(path: Path, start: Path) -> Path:
    """A path as it was given while `start` was the working directory; where that is another by now, from there."""
    return path if working_directory() == start else start / path


def as_switch(value: Any, name: str, error: type[FatebiasError]) -> bool | None:
    """True, False or None, given as the argument `name`; raises `error` for anything else."""
    if value is None or isinstance(value, bool):
        return value
    raise error(f"`{name}` must be True, False or None, not {_kind(value)}.")


def as_text(value: Any, name: str, error: type[FatebiasError]) -> str:
    """A text that was given as the argument `name`; raises `error` for anything else."""
    if isinstance(value, str):
        return value
    raise error(f"`{name}` must be a text, not {_kind(value)}.")


def _kind(value: Any) -> str:
    """What was given, in a message: its type, and a short value."""
    return type(value).__name__ if len(repr(value)) > 40 else f"{value!r} ({type(value).__name__})"


def values_given(config: str | Path | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by key as they are given: those of a configuration file, if any, overridden. Raises SettingsError."""
    return dict(given) if config is None else file_values(as_path(config, "config", SettingsError)) | dict(given)


def settings_of_fit(before: Mapping[str, Any], given: Mapping[str, Any]) -> Settings:
    """Settings of a fit: those that were given for its screen (`before`), and more that are given for the fit.

    Raises SettingsError for a setting that concerns how the screen is read and is not as it was then.
    """
    then, now = Settings.from_mapping(before).as_dict("screen"), Settings.from_mapping({**before, **given})
    late = [key for key in given if key in then and now.as_dict("screen")[key] != then[key]]
    if late:
        raise SettingsError(
            f"`{'`, `'.join(late)}` concerns how the screen is read. Give it to read_screen(), and fit that screen."
        )
    return Settings.from_mapping(now.as_dict() | then)
