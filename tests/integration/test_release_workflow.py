"""The generated release workflow and those around it, run as they are by act; only the bare remote outlives a run.

The tests are one story of one repository: a first release, a pull request judged against it, a better model, a bad one,
a release that is cancelled, and a canary that nobody steers any more.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from integration.workflows import Run, Stage, edit, git, make_stage, shells_of, steps, wait_for
from mlops_ci.evidence import digest_bytes, digest_model, find_fault, keys, open_
from mlops_ci.journeys.demo import rows_of
from mlops_ci.journeys.load import Load
from mlops_ci.journeys.workshop import Workshop
from mlops_ci.net import free_port
from mlops_ci.release.branch import Note, StateBranch
from mlops_ci.release.state import Challenger, Release, State, parse
from mlops_ci.tools.git import Git

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

PUBLIC = {"repository": {"visibility": "public"}}
# Enough evidence in seconds; the judge itself is tested by simulation.
QUICK = {
    "MLOPS_CI_CANARY__STEPS": "[50]",
    "MLOPS_CI_CANARY__BAKE": "1s",
    "MLOPS_CI_CANARY__REHEARSAL_RATE": "300",
}
UNPROVEN = {"MLOPS_CI_CANARY__DEMANDS": "[]"}  # what a release proves is shown by the first two
# What becomes of the workflow on a machine with users, and back.
REHEARSED = "          rehearse: true # no users reach this machine\n          again", "          again"


def train(workshop: Workshop) -> None:
    workshop.edit("mlops.yaml", "port: 8080", f"port: {free_port()}")  # other tests may have the usual one
    workshop.train("First model")


def port_of(stage: Stage) -> int:
    return int(yaml.safe_load((stage.workshop.root / "mlops.yaml").read_text())["canary"]["port"])


@pytest.fixture(scope="module")
def stage(scanners: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return make_stage(tmp_path_factory.mktemp("release"), train)


@pytest.fixture(scope="module")
def first(stage: Stage) -> Run:
    """Return the run of the first release, in a private repository without any secret."""
    return stage.push("first")


@pytest.fixture(scope="module")
def better(stage: Stage, first: Run) -> Run:
    """Return the run that releases a better model, in a public repository."""
    assert first.exit_code == 0
    stage.workshop.edit("params.yaml", "months: [1, 2, 3]", "months: [1, 2, 3, 4, 5, 6]")
    stage.workshop.edit("params.yaml", "model: logistic", "model: boosting")
    stage.workshop.edit("params.yaml", "features: schedule", "features: weather")
    # Another test builds the whole image and runs it; here it only has to be the same one everywhere.
    stage.workshop.edit("Dockerfile", "RUN pip install --no-cache-dir -r requirements.txt\n", "")
    stage.workshop.train("Better model")
    with registry(stage.folder / "images") as repository:
        return stage.push("better", QUICK | {"STAND_IN_REGISTRY": repository}, PUBLIC)


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Start a registry of container images on this machine, and give the name of a repository in it."""
    port = free_port()
    storage = {"filesystem": {"rootdirectory": str(folder)}}
    folder.mkdir()
    (folder / "config.yml").write_text(
        json.dumps({"version": 0.1, "storage": storage, "http": {"addr": f"127.0.0.1:{port}"}})
    )
    with (folder / "log").open("w") as log:
        words = ["docker-registry", "serve", str(folder / "config.yml")]
        serving = subprocess.Popen(words, stdout=log, stderr=log)
    repository = f"127.0.0.1:{port}/acme/flight-delay"
    try:
        yield repository
    finally:
        listed = subprocess.run(["docker", "images", "--quiet", repository], capture_output=True, text=True, check=True)
        subprocess.run(["docker", "image", "rm", "--force", *listed.stdout.split()], capture_output=True, check=False)
        serving.kill()
        serving.wait()


def read(stage: Stage, path: str) -> str:
    return git("-C", str(stage.origin), "show", f"mlops-ci/state:{path}")


def recorded(stage: Stage) -> State:
    return parse(read(stage, "deploy/rehearsal/flight-delay.yaml"), "rehearsal", "flight-delay")


def tagged(stage: Stage, release: Release) -> str:
    """Return the commit that the tag of a release names."""
    return git("-C", str(stage.origin), "rev-parse", f"mlops-ci/rehearsal/flight-delay/{release.name}").strip()


def subjects(stage: Stage) -> list[str]:
    return git("-C", str(stage.origin), "log", "--format=%s", "mlops-ci/state").splitlines()


def test_every_stand_in_takes_what_the_workflows_give_it(stage: Stage) -> None:
    from integration.workflows import STAND_INS

    for step in steps(stage.workshop.root):
        action = step.get("uses", "mlops-ci/").partition("@")[0]
        if not action.startswith("mlops-ci/") and action != "actions/checkout":
            inputs = yaml.safe_load((STAND_INS / action / "action.yml").read_text())["inputs"]
            assert set(step.get("with", {})) <= set(inputs), action


def test_a_first_release_is_green_without_any_secret_and_says_what_is_missing(first: Run) -> None:
    assert first.jobs["release"] == first.jobs["mlops-ci"] == "success", first.said
    assert first.exit_code == 0
    assert {first.jobs.get(job, "skipped") for job in ("attestation", "code-scanning")} == {"skipped"}
    assert "There is no attestation" in first.said["mlops-ci"]
    assert "There is no code-scanning" in first.said["mlops-ci"]


def test_what_must_outlive_the_job_stands_on_the_state_branch(stage: Stage, first: Run) -> None:
    champion = recorded(stage).champion
    assert champion is not None
    assert champion.commit == git("-C", str(first.clone), "rev-parse", "HEAD")
    digest = champion.model_digest.removeprefix("sha256:")
    listed = git("-C", str(stage.origin), "ls-tree", "-r", "--name-only", "mlops-ci/state").splitlines()
    assert {champion.evidence, f"predictions/{digest}.json", "deploy/rehearsal/flight-delay.yaml"} <= set(listed)
    assert len(json.loads(read(stage, f"predictions/{digest}.json"))["scores"]) == 1000
    assert tagged(stage, champion) == champion.commit


def test_the_card_and_the_page_of_what_is_live_write_themselves(stage: Stage, first: Run) -> None:
    champion = recorded(stage).champion
    assert champion is not None
    page = read(stage, "deploy/rehearsal/flight-delay.md")
    card = f"cards/{champion.model_digest.removeprefix('sha256:')}.md"
    assert f"(../../{card})" in page
    assert "| traffic | 100 % | – |" in page
    said = read(stage, card)
    assert said.startswith("# Model card: Flight delay\n\nPeople write this page.")
    assert f"| commit | {champion.commit} |" in said
    assert "| latency\\_p95\\_ms at\\_most 40.0 |" in said
    kept = (first.artifacts / "evidence/model-card.md").read_text()
    measured = said[said.index("Its gate's verdict") :]
    assert kept.rstrip().endswith(measured), "the run's copy says the same"


def test_statements_are_verifiable_by_who_has_the_runs_key(stage: Stage, first: Run) -> None:
    champion = recorded(stage).champion
    assert champion is not None
    evidence = first.artifacts / "evidence"
    trusted = keys.public_key((evidence / "evidence.pub.pem").read_text(), "evidence.pub.pem")
    about = {"model": champion.model_digest, "commit": champion.commit}
    for step in ("gate-model", "scan"):
        statement = open_((evidence / f"{step}.json").read_bytes(), [trusted])
        assert find_fault(statement, step=step, subjects=about) is None
        assert statement["predicate"]["run"].endswith("/actions/runs/1/attempts/1"), "it says which run signed it"
    gate = open_((read(stage, champion.evidence) + "\n").encode(), [trusted])
    assert gate["predicate"]["inputs"]["answers"] == digest_bytes((evidence / "predictions.json").read_bytes())
    sbom = digest_bytes((first.artifacts / "sbom/release.cdx.json").read_bytes())
    assert statement["predicate"]["inputs"]["sbom"] == sbom


def test_a_second_pull_request_is_judged_against_the_champion_that_its_release_kept(stage: Stage, first: Run) -> None:
    assert first.exit_code == 0
    (kept,) = stage.cache.glob("champion-*/*")
    other = edit("params.yaml", "months: [1, 2, 3]", "months: [1, 12]")
    run = stage.pull_request("second", other, job="model")
    report = run.reports["gate-model"]
    assert "MCI-GATE-003" not in run.codes("gate-model"), "a first release was made already"
    champion = recorded(stage).champion
    assert champion is not None
    assert report["inputs"]["champion"] == champion.model_digest
    assert digest_model(kept) == champion.model_digest, "which is taken as it is, for its bytes are the recorded ones"
    assert f"Cache restored from key: champion-{champion.model_digest}" in run.said["model"]
    measured = {one["metric"]: one for one in report["measurements"]}
    then = {one["metric"]: one for one in first.reports["gate-model"]["measurements"]}
    assert measured["roc_auc"]["champion"] == pytest.approx(then["roc_auc"]["challenger"])
    assert measured["roc_auc"]["challenger"] != measured["roc_auc"]["champion"]
    assert measured["roc_auc"]["verdict"] == "pass"
    assert run.jobs["model"] == "success"


def test_a_better_model_is_promoted_and_attested_where_the_plan_has_it(stage: Stage, first: Run, better: Run) -> None:
    assert better.jobs == dict.fromkeys(("release", "attestation", "code-scanning", "mlops-ci"), "success"), better.said
    assert better.reports["canary"]["outputs"]["decision"] == "promote"
    assert better.codes("canary") == {"MCI-CANARY-011"}
    assert subjects(stage)[0].startswith("Promote ")
    before, now = first.reports["register-model"], better.reports["register-model"]
    champion = recorded(stage).champion
    assert champion is not None
    assert champion.model_digest == now["inputs"]["model"] != before["inputs"]["model"]
    assert tagged(stage, champion) == champion.commit
    attested = (better.artifacts / "attestation/subjects.txt").read_text()
    image, _, digest = now["outputs"]["image"].partition("@")
    assert better.reports["scan"]["inputs"]["image"] == digest
    assert f"{digest} {image} \n" in attested
    assert re.search(rf"^{digest} {image} with [0-9a-f]{{64}} .*release.cdx.json$", attested, re.MULTILINE)
    bill = json.loads((better.artifacts / "sbom/release.cdx.json").read_text())
    assert "base-files" in {one["name"] for one in bill["components"]}, "of the image's system"
    assert champion.image == f"{image}@{digest}"
    assert all(name in attested for name in ("gate-model.json", "scan.json", "model.sig", "release.cdx.json"))
    assert json.loads((better.artifacts / "code-scanning/scan.sarif").read_text())["version"] == "2.1.0"


def test_a_bad_model_is_rolled_back_and_the_remote_knows(stage: Stage, better: Run) -> None:
    champion = recorded(stage).champion
    place = "src/flight_delay/service.py"
    score = "        found = getattr(self.pipeline, task.METHOD)"
    failing = f'        assert inputs["carrier"] != "UA"\n{score}'
    stage.workshop.edit(place, score, failing)
    stage.workshop.train("A service that fails on one carrier")
    run = stage.push("bad", QUICK | UNPROVEN)
    assert run.jobs["release"] == run.jobs["mlops-ci"] == "failure", run.said
    assert run.reports["canary"]["exit_code"] == 10
    assert "MCI-CANARY-001" in run.codes("canary")
    assert run.reports["register-model"]["inputs"]["model"][7:19] not in git("-C", str(stage.origin), "tag")
    assert run.reports["rollback"]["outputs"]["decision"] == "nothing", "the canary had done it already"
    state = recorded(stage)
    assert state.champion == champion
    assert state.challenger is None
    assert state.rejected == (run.reports["register-model"]["inputs"]["model"],)
    assert subjects(stage)[0].startswith("Roll back ")
    assert "The job release ended as failure" in run.said["mlops-ci"]
    stage.workshop.edit(place, failing, score)  # what comes next trains and commits it


def test_a_canary_is_handed_from_one_run_to_the_next(stage: Stage, better: Run) -> None:
    champion = recorded(stage).champion
    stage.workshop.edit("src/flight_delay/service.py", "WARM_UPS = 20", "WARM_UPS = 21")
    stage.workshop.train("As good as the one before")
    brief = {**QUICK, "MLOPS_CI_CANARY__WATCH_FOR": "4s"}
    run = stage.push("handed", brief | UNPROVEN)
    assert run.exit_code == 0, run.said
    assert run.reports["canary"]["outputs"]["decision"] == "hold"
    assert run.reports["rollback"]["outputs"]["decision"] == "nothing"
    state, model = recorded(stage), run.reports["register-model"]["inputs"]["model"]
    assert state.champion == champion
    assert state.challenger is not None
    assert state.challenger.release.model_digest == model
    assert not shells_of(stage.folder / "handed"), "nothing of it runs any more"
    assert stage.by_hand("waiting", "watchdog", {}).exit_code == 0
    assert recorded(stage) == state, "it waits for the run that is to come"
    run = stage.push("taken-over", QUICK | UNPROVEN)
    assert run.exit_code == 0, run.said
    assert run.reports["canary"]["timeline"][0]["event"] == "resumed"
    assert run.reports["canary"]["outputs"]["decision"] == "promote"
    state = recorded(stage)
    assert state.champion is not None
    assert (state.champion.model_digest, state.challenger) == (model, None)
    assert subjects(stage)[0].startswith("Promote ")


@pytest.mark.nightly
def test_on_a_machine_that_stays_the_next_run_goes_on_with_what_serves(
    stage: Stage, better: Run, tmp_path: Path
) -> None:
    stage.workshop.edit(".github/workflows/release.yml", *REHEARSED)
    stage.workshop.edit("src/flight_delay/service.py", "WARM_UPS = ", "WARM_UPS = 2 + ")
    stage.workshop.train("On a machine of our own")
    here = QUICK | {"MLOPS_CI_CANARY__RUNTIME": str(tmp_path / "run")}
    brief = {"MLOPS_CI_CANARY__WATCH_FOR": "4s"}
    rows = rows_of(stage.workshop.root / "data/rows/2013-09.parquet")
    try:
        with Load(f"http://127.0.0.1:{port_of(stage)}/predict", rows, rate=200) as users:
            run = stage.push("stays", here | brief | UNPROVEN)
            assert (run.exit_code, run.reports["canary"]["outputs"]["decision"]) == (0, "hold"), run.said
            before, state = users.answers.total(), recorded(stage)
            run = stage.push("stays-on", here | UNPROVEN)
            assert run.exit_code == 0, run.said
        assert state.challenger is not None
        assert before > 0
        assert users.answers.keys() == {200}, (
            "from the first run's canary to the second's promotion nobody was let down"
        )
        assert run.reports["canary"]["timeline"][0]["event"] == "resumed"
        assert run.reports["canary"]["outputs"]["decision"] == "promote"
        champion = recorded(stage).champion
        assert champion is not None
        assert champion.model_digest == state.challenger.release.model_digest
    finally:
        words = [sys.executable, "-m", "mlops_ci", "canary", "stop"]
        subprocess.run(words, cwd=stage.workshop.root, env={**os.environ, **here}, check=True)
    stage.workshop.edit(".github/workflows/release.yml", *reversed(REHEARSED))


@pytest.mark.nightly
def test_a_cancelled_release_has_the_champion_back_and_recorded(stage: Stage, better: Run) -> None:
    champion = recorded(stage).champion
    stage.workshop.edit("src/flight_delay/service.py", "WARM_UPS = 2", "WARM_UPS = 12")
    stage.workshop.train("One more")
    slow = {**QUICK, "MLOPS_CI_CANARY__REHEARSAL_RATE": "3"}
    with stage.pushed("cancelled", slow | UNPROVEN) as process:
        wait_for(lambda: recorded(stage).challenger is not None or process.process.poll() is not None)
        (canary,) = shells_of(stage.folder / "cancelled", "canary", "run")
        began = time.monotonic()
        canary.send_signal(signal.SIGINT)  # to the step's shell alone, as GitHub does: exec made it the command
        wait_for(lambda: recorded(stage).challenger is None)
        assert time.monotonic() - began < 7
    run = process.run()
    assert run.reports["canary"]["exit_code"] == 130
    assert run.reports["rollback"]["exit_code"] == 0
    assert run.jobs["release"] == "failure"
    state = recorded(stage)
    assert (state.champion, state.challenger) == (champion, None)
    assert run.reports["register-model"]["inputs"]["model"] not in state.rejected, "nobody judged it"
    assert not shells_of(stage.folder / "cancelled"), "a rehearsal leaves nothing running"


@pytest.mark.nightly
def test_a_release_that_is_killed_outright_is_ended_by_its_supervisor(stage: Stage, better: Run) -> None:
    champion, place = recorded(stage).champion, stage.folder / "killed"
    stage.workshop.edit("src/flight_delay/service.py", "WARM_UPS = ", "WARM_UPS = 1 + ")
    stage.workshop.train("And one more")
    slow = {**QUICK, "MLOPS_CI_CANARY__REHEARSAL_RATE": "3"}
    with stage.pushed("killed", slow | UNPROVEN) as release:
        wait_for(lambda: recorded(stage).challenger is not None or release.process.poll() is not None)
        (canary,) = shells_of(place, "canary", "run")
        release.process.kill()  # so that no step follows
        canary.kill()
        release.process.wait()
    wait_for(lambda: recorded(stage).challenger is None, 60)
    assert recorded(stage).champion == champion
    assert "its controller died" in subjects(stage)[0]
    wait_for(lambda: not shells_of(place), 30)
    assert not [*place.rglob("proxy.json")], "nobody else uses what ran there"


def test_the_watchdog_mends_a_record_that_nobody_steers(
    stage: Stage, better: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion = recorded(stage).champion
    assert champion is not None
    branch = StateBranch(Git(stage.workshop.root), "rehearsal", "flight-delay")
    running = State("rehearsal", "flight-delay", champion, Challenger(champion, 25, 2))
    with monkeypatch.context() as patch:
        patch.setenv("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")  # its machine died long ago
        branch.change(lambda _: running, Note("Canary", champion.name))
    run = stage.by_hand("watched", "watchdog", {})
    assert run.exit_code == 0, run.said
    assert recorded(stage) == State("rehearsal", "flight-delay", champion)
    assert "nobody steers it any more" in subjects(stage)[0]


def champions(stage: Stage) -> list[str]:
    """Return the digests of all models that were champion, the newest first."""
    path = "deploy/rehearsal/flight-delay.yaml"
    commits = git("-C", str(stage.origin), "log", "--format=%H", "mlops-ci/state", "--", path).splitlines()
    states = [
        parse(git("-C", str(stage.origin), "show", f"{one}:{path}"), "rehearsal", "flight-delay") for one in commits
    ]
    return list(dict.fromkeys(one.champion.model_digest for one in states if one.champion is not None))


def test_a_rollback_by_hand_takes_its_words_literally(stage: Stage, better: Run) -> None:
    _, before, *_ = champions(stage)
    reason = 'complaints"; touch /tmp/injected; echo "$(id) `id` ::error::x'
    run = stage.by_hand("by-hand", "rollback", {"environment": "rehearsal", "to": "previous", "reason": reason})
    assert run.exit_code == 0, run.said
    champion = recorded(stage).champion
    assert champion is not None
    assert champion.model_digest == before
    assert subjects(stage)[0].endswith(reason)


@pytest.fixture(scope="module", autouse=True)
def nothing_left(stage: Stage) -> Iterator[None]:
    """End what a failing test left running."""
    yield
    for one in shells_of(stage.folder):
        one.kill()
