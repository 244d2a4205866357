"""From a vulnerable package in an image that Docker builds here to exit 10, by reference and by archive."""

import json
import shutil
import subprocess
import tarfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from builders import git_repository
from integration.scanning import Scanned, scan, write
from integration.test_scan_defects import GITHUB
from mlops_ci.evidence import digest_file

DOCKER = "/usr/bin/docker"
HERE = (
    subprocess.run([DOCKER, "info"], capture_output=True, check=False).returncode == 0
    if shutil.which(DOCKER)
    else False
)
pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not HERE, reason="needs a Docker engine"),
]

# glibc as it was before a published flaw was fixed: what the package manager believes is what is scanned.
PLANTED = """
FROM python:3.12-slim
RUN sed --in-place '/^Package: libc6$/,/^$/ s/^Version: .*/Version: 2.36-9+deb12u2/' /var/lib/dpkg/status
COPY METADATA /usr/lib/python3/dist-packages/pyyaml-3.13.dist-info/METADATA
COPY token /srv/token.txt
ENV AWS_SECRET_ACCESS_KEY=x
CMD ["python"]
"""
CLEAN = """
FROM python:3.12-slim
COPY METADATA /usr/lib/python3/dist-packages/pyyaml-5.1.dist-info/METADATA
RUN useradd --uid 10001 service
USER 10001
HEALTHCHECK CMD ["python", "-c", "1"]
CMD ["python"]
"""


def build(folder: Path, dockerfile: str, version: str) -> str:
    """Build an image and return its name."""
    name = f"mlops-ci-test-{uuid.uuid4().hex[:12]}"
    write(folder, {
        "Dockerfile": dockerfile.lstrip(),
        "METADATA": f"Metadata-Version: 2.1\nName: PyYAML\nVersion: {version}\nLicense: MIT\n",
        "token": f"{GITHUB}\n",
    })  # fmt: skip
    subprocess.run([DOCKER, "build", "--quiet", "--tag", name, folder], check=True, capture_output=True, timeout=300)
    return name


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    name = build(tmp_path_factory.mktemp("planted"), PLANTED, "3.13")
    yield name
    subprocess.run([DOCKER, "image", "rm", "--force", name], check=True, capture_output=True)


@pytest.fixture(scope="module")
def root(scanners: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return git_repository(tmp_path_factory.mktemp("image"), origin=False)


@pytest.fixture(scope="module")
def judged(root: Path, planted: str) -> Scanned:
    return scan(root, "image", "--image", planted)


def rules(found: Scanned) -> set[str]:
    return {str(one["evidence"]["rule"]) for one in found.findings if one["effect"] == "blocks"}


def test_a_vulnerable_package_in_an_image_is_rejected(judged: Scanned) -> None:
    assert (judged.code, judged.report["verdict"]) == (10, "fail"), judged.stderr
    assert {"CVE-2023-4911", "CVE-2017-18342", "github-pat"} <= rules(judged)
    found = judged.of("trivy image", "CVE-2023-4911")
    assert (
        found["evidence"] | {"package": "libc6", "version": "2.36-9+deb12u2", "fixed": "2.36-9+deb12u3"}
        == found["evidence"]
    )
    assert (found["severity"], found["evidence"]["cvss"]) == ("high", 7.8)
    assert judged.of("trivy image", "CVE-2017-18342")["evidence"]["fixed"] == "5.1"


def test_the_images_digest_is_an_input_of_the_report(judged: Scanned, planted: str) -> None:
    done = subprocess.run(
        [DOCKER, "image", "inspect", "--format", "{{.Id}}", planted], capture_output=True, text=True, check=True
    )
    assert judged.report["inputs"]["image"] == done.stdout.strip()


def test_a_system_package_that_no_version_fixes_is_listed_and_does_not_block(
    root: Path, planted: str, judged: Scanned
) -> None:
    found = judged.of("trivy image", "CVE-2019-1010022")
    assert (found["severity"], found["effect"], found["evidence"]["excuse"]) == (
        "critical",
        "informs",
        "no version fixes it yet",
    )
    assert "CVE-2019-1010022" in rules(scan(root, "image", "--image", planted, "--unfixed", "block"))


def test_the_same_image_as_an_archive_is_judged_the_same(
    root: Path, planted: str, judged: Scanned, tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"
    subprocess.run([DOCKER, "save", "--output", archive, planted], check=True, timeout=120)
    found = scan(root, "image", "--image", str(archive))
    assert rules(found) == rules(judged)
    assert found.report["inputs"]["image"].startswith("sha256:")


def test_an_image_with_fixed_versions_is_clean(root: Path, tmp_path: Path) -> None:
    name = build(tmp_path, CLEAN, "5.1")
    try:
        found = scan(root, "image", "--image", name)
        assert (found.code, found.blocking()) == (0, []), found.stderr
        assert found.of("trivy image", "CVE-2019-1010022")["effect"] == "informs"
    finally:
        subprocess.run([DOCKER, "image", "rm", "--force", name], check=True, capture_output=True)


def test_an_image_that_is_not_there_is_nothing_to_judge(root: Path) -> None:
    assert scan(root, "image", "--image", "mlops-ci-test-nowhere:1").code == 3
    assert scan(root, "image", "--image", "nowhere.tar").code == 3


def test_an_archive_that_is_none_is_not_clean(root: Path, tmp_path: Path) -> None:
    (tmp_path / "junk.tar").write_bytes(b"junk" * 1000)
    found = scan(root, "image", "--image", str(tmp_path / "junk.tar"))
    assert (found.code, found.report["verdict"]) == (5, "inconclusive")


def write_large_archive(path: Path, size: int) -> None:
    """Write an image as `docker save` would, whose one layer holds zeros and, behind them, a token; with a hole."""
    token = f"{GITHUB}\n".encode()

    def layer(stream: BinaryIO, at: int) -> int:
        stream.seek(at)
        stream.write(header("srv/large.bin", size))
        stream.seek(at + 512 + size)
        stream.write(header("srv/token.txt", len(token)) + token.ljust(512, b"\0") + bytes(1024))
        return stream.tell() - at

    bare = path.with_suffix(".layer")
    with bare.open("wb") as stream:
        length = layer(stream, 0)
    digest = digest_file(bare).removeprefix("sha256:")
    bare.unlink()
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"User": "10001"},
                         "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}).encode()  # fmt: skip
    manifest = json.dumps([{"Config": "config.json", "RepoTags": None, "Layers": ["layer.tar"]}]).encode()
    with path.open("wb") as stream:
        for name, content in (("config.json", config), ("manifest.json", manifest)):
            stream.write(header(name, len(content)) + content.ljust(-(-len(content) // 512) * 512, b"\0"))
        stream.write(header("layer.tar", length))
        layer(stream, stream.tell())
        stream.write(bytes(1024))


def header(name: str, size: int) -> bytes:
    about = tarfile.TarInfo(name)
    about.size = size
    return about.tobuf(tarfile.GNU_FORMAT)


def test_an_archive_of_two_gigabytes_is_judged_and_remembered(root: Path, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    write_large_archive(archive, 2 * 1024**3)
    time.sleep(2.1)  # a file that changed just now is not remembered
    first = scan(root, "image", "--image", str(archive))
    assert (first.code, rules(first)) == (10, {"github-pat"}), first.stderr
    again = scan(root, "image", "--image", str(archive))
    assert rules(again) == rules(first)
    assert again.report["timings"]["total"] < 1.0, json.dumps(again.report["timings"])
