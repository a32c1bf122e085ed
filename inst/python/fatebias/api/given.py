"""Settings as keyword arguments, by the one table of settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base import Settings, SettingsError


def settings_of(config: str | Path | None, given: Mapping[str, Any]) -> Settings:
    """Settings of a configuration file, if any, overridden by those given. Raises SettingsError."""
    return Settings.from_mapping(given) if config is None else Settings.from_file(config, given)


def settings_of_fit(config: str | Path | None, before: Mapping[str, Any], given: Mapping[str, Any]) -> Settings:
    """Settings of a fit: those its screen was read with (`before`), and more that are given for the fit.

    Raises SettingsError for a setting that concerns how the screen is read and is not as it was then.
    """
    then, now = settings_of(config, before).as_dict("screen"), settings_of(config, {**before, **given})
    late = [key for key in given if key in then and now.as_dict("screen")[key] != then[key]]
    if late:
        raise SettingsError(
            f"`{'`, `'.join(late)}` concerns how the screen is read. Give it to read_screen(), and fit that screen."
        )
    return Settings.from_mapping(now.as_dict() | then)
