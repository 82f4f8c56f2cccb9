"""One direction of the way between kernel and page, which can be held up, lossy or repetitive."""

from __future__ import annotations

import random
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


class Lane(Generic[T]):
    """Delivers messages in their order, one at a time, from a thread of its own."""

    duplicate = False
    """Deliver everything twice."""
    fate: Callable[[], Sequence[float]] = staticmethod(lambda: (0.0,))
    """Asked for each message: after how many seconds each of its copies arrives; none is lost."""

    def __init__(self, name: str, deliver: Callable[[T], None]) -> None:
        self._deliver = deliver
        self._waiting: deque[T] = deque()
        self._changed = threading.Condition()
        self._held = False
        self._to_drop = 0
        self._open = True
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, message: T) -> None:
        """Send a message on its way."""
        with self._changed:
            if self._to_drop:
                self._to_drop -= 1
                return
            copies = [delay for delay in self.fate() for _ in range(2 if self.duplicate else 1)]
            self._waiting.extend([message] * copies.count(0.0))
            self._changed.notify()
        for delay in filter(None, copies):
            late = threading.Timer(delay, self._arrive, [message])
            late.daemon = True
            late.start()

    def hold(self) -> None:
        """Deliver nothing until :meth:`release`; what comes meanwhile waits."""
        self._set_held(held=True)

    def release(self) -> None:
        """Deliver what has waited, and go on."""
        self._set_held(held=False)

    def drop_next(self, count: int = 1) -> None:
        """Lose the next messages."""
        with self._changed:
            self._to_drop += count

    @property
    def waiting(self) -> int:
        """How many messages are held."""
        return len(self._waiting)

    def close(self) -> None:
        """Deliver nothing more."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join()

    def _arrive(self, message: T) -> None:
        with self._changed:
            self._waiting.append(message)
            self._changed.notify()

    def _set_held(self, *, held: bool) -> None:
        with self._changed:
            self._held = held
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._open or (self._waiting and not self._held))
                if not self._open:
                    return
                message = self._waiting.popleft()
            self._deliver(message)


def unreliable(seed: int) -> Callable[[], Sequence[float]]:
    """Fates that lose, double, delay, and so reorder two messages of five; the same for a seed."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, no secret

    def fate() -> Sequence[float]:
        late = draw.uniform(0.05, 0.6)
        plans: tuple[Sequence[float], ...] = ((), (late,), (0.0, 0.0), (0.0, late))
        return draw.choice(plans) if draw.random() < 0.4 else (0.0,)

    return fate
