"""The key of a fit: all that its numbers depend on, so that a checkpoint or a unit of work belongs to one fit."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import torch

from .. import __version__
from ..base import PACKAGE, Settings, digest_of, package_versions, source_files
from ..screens import Screen


def fit_key(screen: Screen, settings: Settings, device: str, versions: Mapping[str, str]) -> dict[str, Any]:
    """All that the numbers of a fit depend on. versions: of Python and its packages."""
    return {
        "settings": settings.as_dict("screen", "fit"),
        "screen": screen_digest(screen),
        "fatebias": f"{__version__} {digest_of(_source_parts())}",
        "versions": dict(versions),
        "device": device,
        "threads": torch.get_num_threads(),
    }


def screen_digest(screen: Screen) -> str:
    """Of all that was read of a screen."""
    return digest_of(_screen_parts(screen))


def refit_key(screen: Screen, settings: Settings, more: Mapping[str, Any] | None = None) -> str:
    """Digest of all that a refit depends on, and of what goes into it beside: the same on any number of threads."""
    parts = fit_key(screen, settings, "", package_versions("unit"))
    parts.pop("threads")
    parts["settings"].pop("threads")
    return digest_of([json.dumps(parts | dict(more or {}), sort_keys=True).encode()])


def _screen_parts(screen: Screen) -> Iterator[Any]:
    for field in fields(screen):
        value = getattr(screen, field.name)
        if isinstance(value, np.ndarray):
            yield f"{field.name} {value.dtype} {value.shape}".encode()
            yield np.ascontiguousarray(value)
        else:
            yield f"{field.name} {value!r}".encode()


def _source_parts() -> Iterator[bytes]:
    for path in source_files(PACKAGE):
        yield path.relative_to(PACKAGE).as_posix().encode()
        yield path.read_bytes()
