"""Settings as keyword arguments, by the one table of settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base import Settings, SettingsError, file_values


def values_given(config: str | Path | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by key as they are given: those of a configuration file, if any, overridden. Raises SettingsError."""
    return dict(given) if config is None else file_values(config) | dict(given)


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
