"""The bill of materials of a release: packages of image or environment, the model and its data as ML components."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_ci import __version__


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of the model that a release consists of."""

    name: str
    digest: str
    flavors: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)  # data set → digest
    measurements: Iterable[Mapping[str, Any]] = ()  # of the gate that judged exactly this model


def model_from(folder: Path, name: str, digest: str, gate_report: Path, data: Mapping[str, str]) -> Model:
    """Return what an MLflow model folder says, and what the gate measured where its report is about this model."""
    text = (folder / "MLmodel").read_text(encoding="utf-8")
    flavors = re.findall(r"^  ([a-z_0-9]+):$", text.partition("flavors:")[2].split("\nmlflow_version")[0], re.MULTILINE)
    try:
        gate = json.loads(gate_report.read_bytes())
        same = gate["step"] == "gate-model" and gate["inputs"]["model"] == digest
    except (OSError, ValueError, KeyError, TypeError):
        same = False
    if not same:
        return Model(name, digest, tuple(flavors), data)
    golden = {"golden set": str(gate["inputs"]["golden"])} if "golden" in gate["inputs"] else {}
    return Model(name, digest, tuple(flavors), {**data, **golden}, tuple(gate["measurements"]))


def with_model(packages: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """Return a CycloneDX document of packages with the model and its data sets added, as the standard describes them.

    Source: https://cyclonedx.org/docs/1.6/json/#components_items_modelCard
    """
    data = [_data(name, digest) for name, digest in model.data.items()]
    card: dict[str, Any] = {
        "modelParameters": {
            "datasets": [{"ref": one["bom-ref"]} for one in data],
            "modelArchitecture": ", ".join(model.flavors) or "unknown",
        },
        "quantitativeAnalysis": {"performanceMetrics": [_metric(one) for one in model.measurements if _is_metric(one)]},
    }
    component = {
        "type": "machine-learning-model",
        "bom-ref": f"model:{model.digest}",
        "name": model.name,
        "version": model.digest.removeprefix("sha256:")[:12],
        "hashes": [_hash(model.digest)],
        "modelCard": card,
        "properties": [{"name": "mlops-ci:version", "value": __version__}],
    }
    return {**packages, "components": [*packages.get("components", ()), component, *data]}


def _data(name: str, digest: str) -> dict[str, Any]:
    contents = {"type": "dataset", "name": name, "contents": {"properties": [{"name": "sha256", "value": digest}]}}
    return {"type": "data", "bom-ref": f"data:{name}", "name": name, "hashes": [_hash(digest)], "data": [contents]}


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest.removeprefix("sha256:")}


def _is_metric(one: Mapping[str, Any]) -> bool:
    return one.get("challenger") is not None or one.get("value") is not None


def _metric(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a measurement as the standard has it: the challenger's value, or the difference with its bounds."""
    own = one.get("challenger")
    found: dict[str, Any] = {"type": str(one["metric"]), "value": str(one["value"] if own is None else own)}
    if "=" in str(one["name"]):
        found["slice"] = str(one["name"])
    bounds = {"lowerBound": one.get("low"), "upperBound": one.get("high")}
    if any(each is not None for each in bounds.values()):
        interval = {name: str(value) for name, value in bounds.items() if value is not None}
        found |= {"type": f"{one['metric']}: difference from the champion", "value": str(one["value"])}
        found["confidenceInterval"] = interval
    return found
