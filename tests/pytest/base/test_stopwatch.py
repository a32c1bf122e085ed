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
