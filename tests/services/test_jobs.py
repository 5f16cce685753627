"""Work on a file is told beside it, stops when asked, and is known to have broken off."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from silog_scan.core.errors import Malformed, say
from silog_scan.services.jobs import Job, Phase, State


def done(folder: Path, work: Callable[[], object]) -> State:
    """Return how work ended."""
    job = Job(folder)
    job.begin(Phase.READING, Phase.CHECKED, work).join()
    state = job.state()
    assert state
    return state


def refuse() -> None:
    raise Malformed("file-empty", say("The file %(name)s is empty.", name="m.csv"))


def test_nothing_is_told_of_a_file_nobody_works_on(tmp_path: Path) -> None:
    assert Job(tmp_path).state() is None


def test_work_that_is_done_says_so(tmp_path: Path) -> None:
    assert done(tmp_path, lambda: None).phase is Phase.CHECKED


def test_a_refusal_is_told_in_its_sentence(tmp_path: Path) -> None:
    state = done(tmp_path, refuse)

    assert (state.phase, state.code) == (Phase.FAILED, "file-empty")
    assert "m.csv" in str(state.sentence)
    assert str(state.sentence).endswith("is empty.")


def test_what_breaks_the_program_is_told_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("silog_scan.imports").disabled = False  # import-linter's test disables all

    state = done(tmp_path, lambda: 1 / 0)

    assert (state.phase, state.code) == (Phase.FAILED, "broken")
    assert "ZeroDivisionError" in caplog.text


def test_work_stops_at_its_next_step_once_somebody_asks(tmp_path: Path) -> None:
    job = Job(tmp_path)

    def work() -> None:
        Job(tmp_path).stop()
        job.went(1, 0.1)

    job.begin(Phase.STORING, Phase.STORED, work).join()

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

    job.begin(Phase.STORING, Phase.STORED, work).join()

    (state,) = looked
    assert state
    assert (state.phase, state.code) == (Phase.FAILED, "interrupted")


def test_the_time_left_follows_from_the_pace() -> None:
    assert State(Phase.STORING, part=0.25, since=0.0, at=10.0).seconds_left == 30
    assert State(Phase.STORING, part=0.25, since=0.0, at=0.5).seconds_left is None
