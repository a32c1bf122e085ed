"""A report of findings."""

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.preflight.findings import Report


def new_report():
    return Report(Settings.from_mapping(), where="a.h5ad")


def test_a_suggestion_is_taken_over_and_is_still_a_problem():
    report = new_report()
    report.suggest("Days", "no day", "set it", day_key="time", day_levels=("a", "b"))
    assert report.settings.day_key == "time" and report.ready
    assert report.as_dict()["settings"] == {"day_key": "time", "day_levels": ["a", "b"]}
    assert not report.as_dict()["ok"]


def test_what_is_refused_becomes_a_row_without_the_path():
    report = new_report()
    with report.refusals("Days"):
        raise ScreenError("a.h5ad: no day")
    with report.refusals("Fates"):
        raise TypeError("odd")
    found = [(row["item"], row["status"], row["found"]) for row in report.as_dict()["rows"]]
    assert found == [("Days", "problem", "no day"), ("Fates", "problem", "cannot be read (TypeError: odd)")]
    assert not report.ready


def test_warnings_are_no_problem():
    report = new_report()
    report.warn("Days", "odd")
    assert report.ready and report.as_dict()["ok"]
