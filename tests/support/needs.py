"""What a test needs, read from its fixtures and the functions that it calls. Runs nothing."""

from __future__ import annotations

import inspect
from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

SERVERS: Final = frozenset(
    {"NotebookClient", "Popen", "serve_local_s3", "run_lab", "sync_playwright"}
)
"""Whoever calls one of these starts a program that others talk to."""
SECONDS: Final = (("run_lab", 10.0), ("sync_playwright", 3.0), ("Popen", 0.5))
"""About how long a test takes that needs this."""
_QUICK_SECONDS: Final = 0.05
_DYNAMIC: Final = "getfixturevalue"


class Needs:
    """What one test needs.

    Args:
        item: The test, as it was collected.
    """

    def __init__(self, item: pytest.Function) -> None:
        self._item = item
        self._fixtures: set[str] = set()
        self._names = set(_reached(item.function))
        for name in item.fixturenames:
            self._add_fixture(name)
        if _DYNAMIC in self._names:
            self._add_named_fixtures()

    @property
    def server(self) -> bool:
        """Whether it needs a browser, a JupyterLab or another program that runs beside it."""
        return not SERVERS.isdisjoint(self._names)

    @property
    def seconds(self) -> float:
        """About how long it takes; a mark ``seconds(n)`` knows better."""
        mark = self._item.get_closest_marker("seconds")
        if mark is not None:
            return float(mark.args[0])
        found = (cost for name, cost in SECONDS if name in self._names)
        return next(found, _QUICK_SECONDS)

    def _add_named_fixtures(self) -> None:
        """Add the fixtures that a test asks for by its parameters; without any it may ask for all."""
        callspec = getattr(self._item, "callspec", None)
        given = callspec.params.values() if callspec else ()
        named = [each for each in given if isinstance(each, str) and self._definitions(each)]
        for name in named:
            self._add_fixture(name)
        if not named:
            self._names.add("Popen")

    def _add_fixture(self, name: str) -> None:
        if name in self._fixtures:
            return
        self._fixtures.add(name)
        for definition in reversed(self._definitions(name)):
            self._names |= _reached(definition.func)
            for other in definition.argnames:
                self._add_fixture(other)
            if name not in definition.argnames:
                return

    def _definitions(self, name: str) -> tuple[pytest.FixtureDef[Any], ...]:
        """Find a fixture and those that it takes the place of; the nearest comes last."""
        manager = self._item.session._fixturemanager
        return tuple(manager.getfixturedefs(name, self._item) or ())


@cache
def _reached(function: object) -> frozenset[str]:
    """The names in a function and in those of the tests that it calls."""
    names: set[str] = set()
    seen: set[FunctionType] = set()
    waiting = [*_functions(function)]
    while waiting:
        plain = waiting.pop()
        if plain in seen:
            continue
        seen.add(plain)
        mentioned = set(_names(plain.__code__))
        names |= mentioned
        for name in mentioned:
            waiting += _of_the_tests(plain.__globals__.get(name))
    return frozenset(names)


def _functions(found: object) -> Iterator[FunctionType]:
    """A function without its decorators, or the methods of a class."""
    for each in vars(found).values() if inspect.isclass(found) else (found,):
        plain = inspect.unwrap(each) if callable(each) else each
        if isinstance(plain, FunctionType):
            yield plain


def _of_the_tests(found: object) -> Iterable[FunctionType]:
    module: object = getattr(found, "__module__", "")
    if not isinstance(module, str) or module.partition(".")[0] not in {"support", "tests"}:
        return ()
    return _functions(found)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
