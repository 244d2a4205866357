"""What helper commands share: files written whole, and libraries that may be missing."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from mlops_ci.errors import ProgramMissing, UsageProblem

P = ParamSpec("P")
R = TypeVar("R")


def needs_library(command: str, extra: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Turn a missing library into ProgramMissing that says what to install."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except ModuleNotFoundError as missing:
                said = f"{command} needs the library {missing.name}"
                raise ProgramMissing(f"{said}. Install it with: pip install 'mlops-ci[{extra}]'") from missing

        return wrapped

    return decorate


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        UsageProblem: it cannot be written there.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as problem:
        partial.unlink(missing_ok=True)
        raise UsageProblem(f"{path} cannot be written: {problem.strerror}. Name another file with --out.") from problem
