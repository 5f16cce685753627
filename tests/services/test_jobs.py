"""Work on a file is told beside it, stops when asked, and is known to have broken off."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path

import pytest

from silog_scan.core.errors import Malformed, say
from silog_scan.services.jobs import Job, Phase, State

EMPTY = say("%(what)s Choose one.", what=say("The file %(name)s is empty.", name="m.csv"))


def done(folder: Path, work: Callable[[], object]) -> State:
    """Return how work ended."""
    job = Job(folder)
    wait([job.begin(Phase.READING, Phase.CHECKED, work)])
    state = job.state()
    assert state
    return state


def refuse() -> None:
    raise Malformed("file-empty", EMPTY)


def test_nothing_is_told_of_a_file_nobody_works_on(tmp_path: Path) -> None:
    assert Job(tmp_path).state() is None


def test_work_that_is_done_says_so(tmp_path: Path) -> None:
    state = done(tmp_path, lambda: {"SJ-1": "new"})

    assert (state.phase, state.result, state.sentence) == (Phase.CHECKED, {"SJ-1": "new"}, None)


def test_a_refusal_is_told_in_its_sentence_and_raised_for_who_waits(tmp_path: Path) -> None:
    answer = Job(tmp_path).begin(Phase.READING, Phase.CHECKED, refuse)

    with pytest.raises(Malformed):
        answer.result()
    state = Job(tmp_path).state()
    assert state
    assert (state.phase, state.sentence) == (Phase.FAILED, EMPTY)


def test_what_breaks_the_program_is_told_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("silog_scan.imports").disabled = False  # import-linter's test disables all

    state = done(tmp_path, lambda: 1 / 0)

    assert state.phase is Phase.FAILED
    assert "wrong in the program" in str(state.sentence)
    assert "ZeroDivisionError" in caplog.text


def test_work_stops_at_its_next_step_once_somebody_asks(tmp_path: Path) -> None:
    job = Job(tmp_path)

    def work() -> None:
        Job(tmp_path).stop()
        job.went(1, 0.1)

    wait([job.begin(Phase.STORING, Phase.STORED, work)])

    state = job.state()
    assert state
    assert state.phase is Phase.STOPPED


def test_an_earlier_stop_does_not_stop_the_next_work(tmp_path: Path) -> None:
    Job(tmp_path).stop()

    assert done(tmp_path, lambda: None).phase is Phase.CHECKED


def test_work_that_is_silent_for_long_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, began = Job(tmp_path), time.time()
    looked: list[State | None] = []

    def work() -> None:
        monkeypatch.setattr(time, "time", lambda: began + 1000)
        looked.append(job.state())

    wait([job.begin(Phase.STORING, Phase.STORED, work)])

    (state,) = looked
    assert state
    assert state.phase is Phase.FAILED
    assert "interrupted" in str(state.sentence)


def test_the_time_left_follows_from_the_pace() -> None:
    assert State(Phase.STORING, part=0.25, since=0.0, at=10.0).seconds_left == 30
    assert State(Phase.STORING, part=0.25, since=0.0, at=0.5).seconds_left is None
