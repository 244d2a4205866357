"""One comment on a pull request, kept up to date; a small server stands for GitHub's API and refuses as it does."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builders import finding, mlops_ci, report
from integration.comments import BOT, MARKER, Api, Fault
from mlops_ci.errors import ProgramFailed
from mlops_ci.journeys.comment import Outrun, Place, keep
from mlops_ci.tools.github import Busy, Forge

pytestmark = pytest.mark.integration


class Waits:
    """A clock that only notes how long was waited."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return 0.0

    monotonic = now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def api() -> Iterator[Api]:
    with Api().serving() as made:
        yield made


def place(api: Api, run: tuple[int, int] = (7, 1), **more: Any) -> Place:  # noqa: ANN401 - fields of any type
    return Place(Forge(api.url, "acme/delay", timeout=0.5), 5, BOT, run=run, **more)


def kept(api: Api, clock: Waits | None = None, text: str = "now") -> str:
    return keep(place(api), text, "t0p", clock or Waits()).url


def test_the_first_run_comments_and_the_second_changes_that_comment(api: Api) -> None:
    assert keep(place(api), "first", "t0p", Waits()).url == "https://g.example/c/1"
    assert keep(place(api, (8, 1)), "second", "t0p", Waits()).url == "https://g.example/c/1"
    (only,) = api.comments
    assert only["body"] == f"{MARKER}<!-- run 8.1 -->\nsecond"
    assert api.wrote() == ["POST /repos/acme/delay/issues/5/comments", "PATCH /repos/acme/delay/issues/comments/1"]
    assert api.authorization == {"Bearer t0p"}


def test_what_others_wrote_is_left_alone_even_with_the_marker(api: Api) -> None:
    before = [(f"{MARKER}forged", "mallory"), (f"{MARKER}forged", None), (f"quoted: {MARKER}", BOT), ("hello", BOT)]
    for body, author in before:
        api.add(body, author)
    kept(api)
    assert [one["body"] for one in api.comments[:-1]] == [body for body, _ in before]
    assert api.comments[-1]["body"].endswith("now")
    kept(api)
    assert len(api.comments) == 5


@pytest.mark.parametrize("before", [99, 100, 101, 250])
def test_ours_is_found_behind_any_number_of_comments(api: Api, before: int) -> None:
    for _ in range(before):
        api.add("talk", "ada")
    kept(api)
    kept(api, text="again")
    assert len(api.comments) == before + 1
    assert api.comments[-1]["body"].endswith("again")


def test_a_run_that_was_overtaken_leaves_the_newer_comment(api: Api) -> None:
    keep(place(api, (8, 2)), "newer", "t0p", Waits())
    for older in ((7, 9), (8, 1)):
        with pytest.raises(Outrun):
            keep(place(api, older), "older", "t0p", Waits())
    assert api.comments[0]["body"].endswith("newer")


def test_several_names_are_several_comments(api: Api) -> None:
    kept(api)
    keep(place(api, name="other-model"), "other", "t0p", Waits())
    assert len(api.comments) == 2


@pytest.mark.parametrize("fault", [(500, {}), (502, {}), (429, {}), (403, {"Retry-After": "20"})])
def test_a_github_that_is_busy_is_asked_again(api: Api, fault: Fault) -> None:
    api.faults = [fault, fault]
    clock = Waits()
    assert kept(api, clock)
    after = float(fault[1].get("Retry-After", 0))
    assert clock.slept == [max(2.0, after), max(10.0, after)]
    assert len(api.comments) == 1


def test_an_answer_that_was_lost_is_no_second_comment(api: Api) -> None:
    kept(api)
    api.comments.clear()
    api.faults = [(200, {}), (502, {})]  # the list, then a write whose answer a proxy lost …
    post: Callable[..., object] = api.add
    clock = Waits()
    clock.sleep = lambda _: post(f"{MARKER}<!-- run 7.1 -->\nnow")  # type: ignore[method-assign,assignment] # … but it was done
    kept(api, clock)
    assert len(api.comments) == 1


def test_silence_is_borne_three_times(api: Api) -> None:
    api.hang = 3
    with pytest.raises(Busy, match="no answer"):
        kept(api)
    assert api.asked == ["GET /repos/acme/delay/issues/5/comments"] * 3
    api.hang = 2
    assert kept(api)


def test_who_must_wait_too_long_does_not(api: Api) -> None:
    api.faults = [(429, {"Retry-After": "3600"})]
    clock = Waits()
    with pytest.raises(Busy):
        kept(api, clock)
    assert clock.slept == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ((401, {}), "the token may not comment here"),
        ((403, {}), "the token may not comment here"),
        ((404, {}), "the token may not comment here"),
        ((403, {"X-RateLimit-Remaining": "0"}), "used up"),
        ((422, {}), "answered 422"),
        ((301, {"Location": "/elsewhere"}), "answered 301"),
    ],
)
def test_a_refusal_is_final(api: Api, fault: Fault, said: str) -> None:
    api.faults = [fault]
    with pytest.raises(ProgramFailed, match=said):
        kept(api)
    assert len(api.asked) == 1


@pytest.mark.parametrize("answer", [{"comments": []}, [{"id": "x"}], ["text"], [{"id": 1, "user": 5}]])
def test_an_answer_that_is_none_is_a_refusal(api: Api, answer: object) -> None:
    api.broken_answer = answer
    with pytest.raises(ProgramFailed, match="is none"):
        kept(api)


def told(folder: Path, api: Api | None, *words: str, **more: str) -> tuple[dict[str, Any], str, str]:
    """Run the command on one report; return what it tells, the job summary and the step's outputs."""
    (folder / "reports").mkdir(exist_ok=True)
    (folder / "reports/gate-model.json").write_text(json.dumps(report(finding(title="worse @team")).to_json()))
    files = {name: folder / name.lower() for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    for path in files.values():
        path.write_text("")
    env = {name: str(path) for name, path in files.items()} | {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/delay",
        "GITHUB_RUN_ID": "7",
        "GITHUB_RUN_ATTEMPT": "1",
        "MLOPS_CI_GIT_TOKEN": "t0p",
        **({"GITHUB_API_URL": api.url} if api else {}),
        **more,
    }
    needs = ["--expected", "gate-model scan", "--needs", '{"model": {"result": "failure"}}']
    ended = mlops_ci(folder, "report", "--reports", "reports", *needs, "--format", "json", *words, env=env)
    assert ended.code == 0, ended.stderr
    assert "t0p" not in ended.stderr + ended.stdout
    summary, output = (path.read_text() for path in files.values())
    return json.loads(ended.stdout), summary, output


def test_the_command_comments_and_says_where(tmp_path: Path, api: Api) -> None:
    said, summary, output = told(tmp_path, api, "--pull-request", "5")
    assert said == {"verdict": "fail", "comment": "https://g.example/c/1", "because": None}
    assert (summary, output) == ("", "verdict=fail\ncomment=https://g.example/c/1\n")
    body = api.comments[0]["body"]
    assert body.startswith(f"{MARKER}<!-- run 7.1 -->\n### ❌ ")
    assert "There is no report of scan" in body
    assert "https://github.com/acme/delay/actions/runs/7/attempts/1" in body
    assert not re.search(r"@\w", body)


@pytest.mark.parametrize(
    ("fault", "words", "more", "because"),
    [
        ((403, {}), ["--pull-request", "5"], {}, "In a pull request from a fork it never may"),
        (None, ["--pull-request", "5"], {"MLOPS_CI_GIT_TOKEN": ""}, "without a token"),
        (None, [], {}, "not about a pull request"),
    ],
)
def test_where_nobody_may_comment_the_job_summary_has_it(
    tmp_path: Path, api: Api, fault: Fault | None, words: list[str], more: dict[str, str], because: str
) -> None:
    api.faults = [fault] if fault else []
    said, summary, output = told(tmp_path, api, *words, **more)
    assert said["comment"] is None
    assert because in said["because"]
    assert because in summary
    assert summary.startswith("### ❌ ")
    assert len(summary.encode()) < 1024**2
    assert output == "verdict=fail\ncomment=\n"
    assert api.wrote() == []


def test_a_run_that_was_overtaken_says_so(tmp_path: Path, api: Api) -> None:
    api.add(f"{MARKER}<!-- run 99.1 -->\nnewer")
    said, summary, _ = told(tmp_path, api, "--pull-request", "5")
    assert "a later run" in said["because"]
    assert "a later run" in summary


def test_no_github_at_all_is_told_within_the_jobs_time(tmp_path: Path) -> None:
    said, summary, _ = told(tmp_path, None, "--pull-request", "5", GITHUB_API_URL="http://127.0.0.1:9")
    assert "no answer" in said["because"]
    assert "no answer" in summary


@pytest.mark.parametrize("words", [["--pull-request", "five"], ["--pull-request", "5", "--name", "a --> b"]])
def test_wrong_words_are_usage(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "work").mkdir()
    env = {"GITHUB_REPOSITORY": "acme/delay", "MLOPS_CI_GIT_TOKEN": "t0p"}
    assert mlops_ci(tmp_path / "work", "report", "--expected", "scan", *words, env=env).code == 2
