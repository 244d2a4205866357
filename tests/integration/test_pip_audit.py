"""The real pip-audit asks a service on this machine that speaks OSV's protocol and knows two published advisories."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import git_repository
from integration.scanning import scan, write
from integration.serving import Answering, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

# name, version → identifier, alias, the version that mends it
KNOWN = {
    ("requests", "2.19.0"): ("GHSA-x84v-xcm2-53pg", "CVE-2018-18074", "2.20.0"),
    ("jinja2", "2.10"): ("GHSA-462w-v97r-4m45", "CVE-2019-10906", "2.10.1"),
}


class Service(Answering):
    """Answers what is known of one package; nothing but an error where the path says so."""

    def post(self) -> None:
        asked = self.given()
        name = asked["package"]["name"]
        known = KNOWN.get((name, asked["version"]))
        self.say({"vulns": [advisory(name, *known)]} if known else {}, 500 if self.path == "/broken" else 200)


def advisory(name: str, identifier: str, alias: str, fixed: str) -> dict[str, object]:
    events = [{"introduced": "0"}, {"fixed": fixed}]
    affected = {
        "package": {"name": name, "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return {"schema_version": "1.7.0", "id": identifier, "aliases": [alias], "summary": "-", "affected": [affected]}


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """Return the address of the service."""
    with serving(Service) as address:
        yield address


@pytest.fixture
def root(scanners: Path, tmp_path: Path) -> Path:
    """Return an empty repository."""
    return git_repository(tmp_path, origin=False)


def test_it_finds_what_the_service_knows_and_one_finding_has_both_sources(root: Path, service: str) -> None:
    write(root, {"requirements.txt": "requests==2.19.0\njinja2==2.10\nnumpy==2.2.0\n"})
    found = scan(root, "dependencies", OFFLINE="false", OSV_URL=f"{service}/v1/query")
    assert (found.code, found.undecided()) == (10, []), found.stderr
    both = found.of("trivy packages", "CVE-2018-18074")["evidence"]
    assert set(both["sources"]) == {"pip-audit", "trivy packages"}
    alone = found.of("pip-audit", "CVE-2019-10906")
    assert (alone["effect"], alone["evidence"]["fixed"]) == ("blocks", "2.10.1")
    assert alone["location"]["path"] == "requirements.txt"


def test_what_the_advisories_mend_is_clean(root: Path, service: str) -> None:
    write(root, {"requirements.txt": "requests==2.20.0\njinja2==2.10.1\n"})
    found = scan(root, "dependencies", OFFLINE="false", OSV_URL=f"{service}/v1/query")
    assert (found.blocking(), found.undecided()) == ([], []), found.stderr


def test_a_service_that_is_broken_or_gone_is_no_clean_result(root: Path, service: str) -> None:
    write(root, {"requirements.txt": "numpy==2.2.0\n"})
    for url in (f"{service}/broken", "http://127.0.0.1:9/v1/query"):
        found = scan(root, "dependencies", OFFLINE="false", OSV_URL=url)
        assert (found.code, found.undecided()) == (5, ["MCI-SCAN-011 pip-audit None"]), found.stderr
