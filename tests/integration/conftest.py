"""The repository with three versions is made once for all tests that release them."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from integration import scanning
from integration.released import Scene, make_workshop
from mlops_ci.journeys.workshop import Workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return a repository with a good, a better and a buggy version registered; nothing is released."""
    folder: Path = tmp_path_factory.mktemp("work shop")  # with a space, as people's folders have
    return make_workshop(folder)


@pytest.fixture
def scene(workshop: Workshop, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Return an environment of the repository for one test."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[:28].strip("-")
    made = Scene(workshop, f"{words}-{sha256(request.node.name.encode()).hexdigest()[:8]}")
    yield made
    made.stop()


@pytest.fixture(scope="session")
def scanners() -> Path:
    """Return the folder with the real scanners; installed at the first use on a machine."""
    return scanning.prepare()
