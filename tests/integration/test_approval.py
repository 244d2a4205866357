"""Where the settings require an approval, a release asks GitHub who gives it; a small server stands for its API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders import commit_all, git_repository, mlops_ci
from integration.serving import Answering, serving

pytestmark = pytest.mark.integration

NOBODY: dict[str, Any] = {"protection_rules": [{"type": "wait_timer", "wait_timer": 30}]}
EMPTY: dict[str, Any] = {"protection_rules": [{"type": "required_reviewers", "reviewers": []}]}
SOMEBODY: dict[str, Any] = {
    "protection_rules": [{"type": "required_reviewers", "reviewers": [{"type": "User", "reviewer": {"login": "ada"}}]}]
}


class Api:
    """What GitHub says about an environment, and what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body: object = NOBODY
        self.asked: list[tuple[str, str | None]] = []
        self.url = ""


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()

    class Handler(Answering):
        def get(self) -> None:
            made.asked.append((self.path, self.headers["Authorization"]))
            self.say(made.body, made.status)

    with serving(Handler) as made.url:
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = git_repository(tmp_path)
    (made / "mlops.yaml").write_text("model: delay\ncanary:\n  serve: [sleep, '60']\n  approval: true\n")
    commit_all(made)
    return made


def release(root: Path, api: Api) -> tuple[int, str]:
    env = {"GITHUB_API_URL": api.url, "GITHUB_REPOSITORY": "acme/delay", "MLOPS_CI_GIT_TOKEN": "t0p"}
    ended = mlops_ci(root, "canary", "run", env=env)
    return ended.code, ended.stderr


@pytest.mark.parametrize("said", [NOBODY, EMPTY])
def test_an_environment_without_reviewers_gets_no_release(root: Path, api: Api, said: object) -> None:
    api.body = said
    code, err = release(root, api)
    assert code == 2, err
    assert "the environment production of acme/delay has no reviewers" in err
    assert api.asked == [("/repos/acme/delay/environments/production", "Bearer t0p")]
    assert "t0p" not in err


def test_an_environment_that_is_not_set_up_has_no_reviewers(root: Path, api: Api) -> None:
    api.status = 404
    code, err = release(root, api)
    assert code == 2, err


def test_who_is_not_allowed_to_know_is_told_which_permission_it_takes(root: Path, api: Api) -> None:
    api.status = 403
    code, err = release(root, api)
    assert code == 5, err
    assert "actions: read" in err


def test_an_answer_that_is_none_is_no_reviewer(root: Path, api: Api) -> None:
    api.body = ["protection"]
    code, err = release(root, api)
    assert code == 5, err
    assert "GitHub's answer" in err


def test_with_reviewers_the_release_goes_on(root: Path, api: Api) -> None:
    api.body = SOMEBODY
    code, err = release(root, api)
    assert code == 3, err
    assert "There is no model delay" in err, "the next question is what to release"


def test_outside_of_github_nobody_can_approve(root: Path) -> None:
    ended = mlops_ci(root, "canary", "run")
    assert ended.code == 2, ended.stderr
    assert "Release from the workflow" in ended.stderr
