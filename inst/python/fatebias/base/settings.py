"""Settings: one frozen, checked object, described by the table in settings.yaml.

The table is shared with R, so that there is one place where a setting is described; a test holds the fields of
`Settings` and their types equal to it. Blocks of the table (a scheduler's each, which are R's, and the columns of a
guide map) are checked and handed on, so that another block, or another key in one, needs no line here.
settings_table.py checks typed values against the table, settings_text.py says what a configuration file may hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .constants import read_only
from .errors import SettingsError
from .files import from_where, regular_bytes
from .settings_table import TABLE, checked_settings, shown
from .settings_text import LARGEST, decoded, typed_file, typed_value


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Checked settings of one analysis; build with `Settings.from_mapping()`. A field is a key of the table.

    blocks: those of type mapping, by key; read-only, lists as tuples.
    """

    preset: Literal["calibrated", "plain"]
    mode: Literal["real", "simulation"]

    # input
    screen: str
    guide_map: str | None

    # the guide map
    control_pattern: str | None

    # where things are in the screen file
    modality: str | None
    guide_modality: str | None
    allow_external: bool
    day_key: str | None
    day_levels: tuple[str, ...] | None
    day_values: tuple[float, ...] | None
    covar_key: str | None
    rep_key: str | None
    guide_key: str
    min_umi: float | None
    min_probability: float | None
    guide_names_key: str
    fate_prob_key: str | tuple[str, ...]
    fates: tuple[str, ...] | None
    missing_fates: Literal["drop", "error"]
    ref_fate: str
    contrast_fate: str
    covariates: tuple[str, ...] | None
    cluster_key: str | None
    clones_by_guides: bool
    Kmax: int

    # model and inference
    estimand: Literal["gene", "guides"]
    likelihood_weight: float | Literal["auto", "auto_by_day"]
    s_alpha: float
    s_rep: float
    s_gamma: float
    burden_by_day: bool
    s_gamma_day: float
    sample_effects: bool
    s_sample: float
    s_covariate: float
    s_tau: float
    s_time: float
    s_guide: float
    inference: Literal["svi", "laplace"]
    approx_posterior: Literal["structured", "normal", "lowrank"]
    batch_size: int
    num_steps: int
    learning_rate: float
    lr_decay: float
    loss_tolerance: float
    num_posterior_draws: int
    save_draws: Literal["none", "contrast", "all"]
    se: Literal["model", "sandwich"]
    p_values: bool
    estimate_prior_sd: float
    estimate_shift: Literal["prior", "free"]
    newton_tolerance: float
    cg_tolerance: float
    num_perturbations: int
    seed: int
    device: Literal["auto", "cpu", "cuda"]
    threads: int | None

    # QC
    qc_delta_mean_max: float
    qc_offset_max: float

    # mash
    discovery_method: Literal["mashr", "ashr"]
    mash_input: Literal["likelihood", "posterior"]
    mash_v: Literal["fit", "simple", "em", "ntc", "gene"]
    mash_covariances: Literal["days", "canonical"]
    mash_prior: Literal["averaged", "mashr"]
    mash_lfsr_thresh: float
    call_rule: Literal["lfsr", "svalue", "either"]
    mash_effect_size: float
    mash_no_effects_prior: float
    mash_smallest_scale: float
    mash_null_weight: float
    mash_gridmult: float | None
    mash_comparison: bool

    # contrasts
    contrasts: tuple[str, ...] | None
    verdict_margin: float

    # calibration
    calibration: Literal["quick", "full", "none"]
    calibration_permutations: int
    calibration_splits: int
    calibration_bootstraps: int
    calibration_resamples: int

    # report
    genes: tuple[str, ...] | None

    # run
    out_dir: str
    execution: str
    crew_workers: int
    blocks: Mapping[str, Mapping[str, Any]]

    @property
    def label_sets(self) -> tuple[str, ...]:
        """Entries of obsm with fate probabilities of the same cells, the first first."""
        return (self.fate_prob_key,) if isinstance(self.fate_prob_key, str) else self.fate_prob_key

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any] | None = None, source: str | Path | None = None) -> "Settings":
        """Defaults, overridden by the preset, overridden by `given` (typed values by key of settings.yaml).

        Raises SettingsError (all problems in one message), which names the file `source` that they are from, if any.
        """
        try:
            values = checked_settings(given or {})
        except SettingsError as error:
            raise error if source is None else SettingsError(f"In {source}:\n{error}") from error
        blocks = {key: values.pop(key) for key, row in TABLE.items() if row["type"] == "mapping"}
        return cls(**values, blocks=read_only(blocks))

    @classmethod
    def from_file(cls, path: str | Path, overrides: Mapping[str, Any] | None = None) -> "Settings":
        """Settings from a YAML file, with single keys overridden by typed values; errors name the file."""
        return cls.from_mapping(file_values(path) | dict(overrides or {}), path)

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle and copy, which cannot take read-only blocks."""
        return Settings.from_mapping, (self.as_dict(),)

    def as_dict(self, *stages: str) -> dict[str, Any]:
        """Values by key, of the given stages or of all, as plain data: tuples as lists, blocks as dicts."""
        keys = [key for key, row in TABLE.items() if not stages or row["stage"] in stages]
        return {key: _plain(self.blocks[key] if key in self.blocks else getattr(self, key)) for key in keys}


Settings.__doc__ = f"{Settings.__doc__}\n\n" + "\n".join(
    f"{key}: {row['help']} (default {row['default']!r})" for key, row in TABLE.items()
)


def file_values(path: str | Path) -> dict[str, Any]:
    """What a configuration file sets, typed, by key; raises SettingsError where it cannot be read."""
    try:
        return typed_file(decoded(regular_bytes(Path(path), LARGEST)), TABLE)
    except (OSError, ValueError, SettingsError) as error:  # ValueError: a NUL in the path
        where = from_where(path) if isinstance(error, FileNotFoundError) else ""
        raise SettingsError(f"Cannot read the configuration file {path}{where}: {error}") from error


def parse_assignment(text: str) -> tuple[str, Any]:
    """`key=value` of the command line; the value is read as in a configuration file."""
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise SettingsError(f"--set wants key=value, found {shown(text)}.")
    try:
        return key, typed_value(value, TABLE.get(key, {}), f"{key}.")
    except SettingsError as error:
        raise SettingsError(f"--set {shown(text)}: the value cannot be read: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
