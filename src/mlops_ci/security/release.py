"""What is released: model and image by their digests, and the bill of materials of both."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_ci.errors import MlopsCiError, NothingToJudge
from mlops_ci.evidence import digest_file, digest_model
from mlops_ci.scanner import Sandbox
from mlops_ci.security import bill, cache, kinds, programs
from mlops_ci.security.running import Workshop
from mlops_ci.security.stage import mirror
from mlops_ci.security.tree import Tree
from mlops_ci.settings.scan import ScanSettings
from mlops_ci.tools import docker, trivy


@dataclass(frozen=True, slots=True)
class Named:
    """What a bill of materials calls the model, and which report says how good it is."""

    model: str
    gate: Path


def model_digest(root: Path, models: Iterable[str]) -> dict[str, str]:
    """Return the digest of the one MLflow model among some places, by the name it has in a report."""
    there = [root / one for one in models if (root / one / "MLmodel").is_file()]
    return {"model": digest_model(there[0])} if len(there) == 1 else {}


def image(image: str, root: Path, digests: cache.Digests) -> tuple[Path | None, str]:
    """Return an image's archive, where it is one, and its digest: a registry's, where the reference names it by that.

    Raises:
        NothingToJudge: there is no such archive, or Docker has no such image.
    """
    archive = root / image
    if archive.is_file():
        return archive, digests.of(archive)
    if image.endswith((".tar", ".tar.gz", ".tgz")):
        raise NothingToJudge(f"The image archive {image} does not exist. Write it with: docker save --output {image}")
    known = docker.image_id(image)
    return None, image.partition("@")[2] or known


def bill_of_materials(
    found: Tree, shop: Workshop, options: ScanSettings, named: Named, inputs: Mapping[str, str]
) -> Mapping[str, Any] | MlopsCiError | None:
    """Return the bill of materials of what is released; None where neither model nor image is, or not all was asked."""
    if options.only or not {"model", "image"} & inputs.keys():
        return None
    folder = shop.folder / "bill"
    shop.progress.status("writing the bill of materials")
    try:
        archive, _ = image(options.image, shop.root, shop.digests) if options.image else (None, "")
        stage = mirror(shop.root, kinds.lock_files(found.files), folder / "files" / "tree")
        (folder / "home").mkdir()
        program = programs.find("trivy", shop.tools)
        box = Sandbox(program.path, stage.folder, folder / "home", options.time_limit)
        packages = trivy.bill_of_materials(box, shop.tools / "trivy", archive, options.image or "")
        if "model" not in inputs:
            return packages
        model = next(shop.root / one for one in options.models if (shop.root / one / "MLmodel").is_file())
        lock = shop.root / "dvc.lock"
        data = {"dvc.lock": digest_file(lock)} if lock.is_file() else {}
        return bill.with_model(packages, bill.model_from(model, named.model, inputs["model"], named.gate, data))
    except MlopsCiError as failure:
        return failure
    finally:
        shutil.rmtree(folder, ignore_errors=True)
