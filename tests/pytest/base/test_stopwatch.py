import time

from fatebias.base.stopwatch import Stopwatch


def test_stages_add_up_and_the_total_covers_them():
    watch = Stopwatch()
    for _ in range(2):
        with watch.stage("nap"):
            time.sleep(0.02)
    time.sleep(0.02)
    seconds = watch.seconds
    assert list(seconds) == ["nap", "total"]
    assert 0.04 <= seconds["nap"] < seconds["total"] and seconds["total"] >= 0.06


def test_each_stage_is_told_in_a_line_with_its_seconds():
    told: list[str] = []
    watch = Stopwatch(told.append)
    with watch.stage("read"):
        assert told == []
    with watch.stage("export"):
        pass
    assert told == ["fit, read: 0.0 s", "fit, export: 0.0 s"]
