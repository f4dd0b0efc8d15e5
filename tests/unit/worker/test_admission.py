import threading

from millstream_worker.answering.admission import Admission
from millstream_worker.answering.stopping import Stopped, StopReason, StopSignal


class Scene:
    """A gate whose clock and running answers the test sets."""

    def __init__(self, *, held: int = 1, most_begins: int = 3) -> None:
        self.now = 0.0
        self.held = held
        self.gate = Admission(
            late_seconds=1.0,
            held=lambda: self.held,
            most_begins=most_begins,
            clock=lambda: self.now,
        )

    def has_to_wait(self) -> bool:
        """Tell whether the next answer would have to wait: only then is a stop looked at."""
        stop = StopSignal()
        stop.request(StopReason.HANDED_OVER)
        try:
            self.gate.enter(stop)
        except Stopped:
            return True
        return False


def test_answers_begin_at_once_while_beats_come_in_time() -> None:
    scene = Scene()

    for _ in range(5):
        scene.now += 0.5
        scene.gate.beaten()
        scene.gate.enter(StopSignal())


def test_a_wave_of_answers_waits_for_the_next_beat() -> None:
    scene = Scene(most_begins=3)
    for _ in range(3):
        scene.gate.enter(StopSignal())

    assert scene.has_to_wait()
    scene.gate.beaten()
    assert not scene.has_to_wait()


def test_nothing_begins_behind_a_late_beat_until_one_comes_in_time() -> None:
    scene = Scene()

    scene.now = 1.5
    assert scene.has_to_wait()
    scene.gate.beaten()  # 1.5 s after the last: late
    assert scene.has_to_wait()
    scene.now = 2.0
    scene.gate.beaten()
    assert not scene.has_to_wait()


def test_an_answer_begins_behind_late_beats_when_nothing_else_runs() -> None:
    scene = Scene(held=0)
    scene.now = 1.5
    scene.gate.beaten()

    assert not scene.has_to_wait()


def test_an_answer_that_waits_begins_with_the_beat_that_comes_in_time() -> None:
    scene = Scene()
    scene.now = 1.5
    waiting = threading.Thread(target=scene.gate.enter, args=[StopSignal()])
    waiting.start()

    scene.gate.beaten()
    scene.now = 2.0
    scene.gate.beaten()

    waiting.join(10)
    assert not waiting.is_alive()


def test_an_answer_that_waits_can_be_handed_over() -> None:
    scene = Scene()
    scene.now = 1.5
    stop, seen = StopSignal(), list[StopReason]()

    def enter() -> None:
        try:
            scene.gate.enter(stop)
        except Stopped as stopped:
            seen.append(stopped.reason)

    waiting = threading.Thread(target=enter)
    waiting.start()
    stop.request(StopReason.HANDED_OVER)
    waiting.join(10)

    assert seen == [StopReason.HANDED_OVER]
