"""Which files concern which scanner, told by their names, and for pickles by their first bytes."""

import re
from collections.abc import Iterable
from pathlib import Path

_DOCKERFILE = re.compile(r"(^|/)((Docker|Container)file(\.[^/]+)?|[^/]+\.(docker|container)file)$", re.IGNORECASE)
_WORKFLOW = re.compile(r"(^|/)\.github/workflows/[^/]+\.ya?ml$")
_ACTION = re.compile(r"(^|/)action\.ya?ml$|(^|/)\.github/dependabot\.ya?ml$")
_INFRASTRUCTURE = re.compile(r"\.(tf|tofu|tfvars|ya?ml|tpl|bicep)$|\.tf\.json$|(^|/)template[^/]*\.json$")
_LOCK = re.compile(
    r"(^|/)(requirements[^/]*\.txt|requirements/[^/]+\.txt|constraints[^/]*\.txt|Pipfile\.lock|poetry\.lock|uv\.lock"
    r"|pylock[^/]*\.toml|environment\.ya?ml|package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock"
    r"|go\.(mod|sum)|Cargo\.(lock|toml)|Gemfile\.lock|composer\.lock|pom\.xml|[^/]*gradle\.lockfile|packages\.lock\.json"
    r"|mix\.lock|conan\.lock|pubspec\.lock|Package\.resolved)$"
)
_REQUIREMENTS = re.compile(r"(^|/)(requirements[^/]*|requirements/[^/]+)\.txt$")
_MODEL = re.compile(
    r"\.(pkl|pickle|dill|joblib|pt|pth|ckpt|bin|h5|hdf5|keras|npy|npz|onnx|skops|pb|mar|nemo)(\.(gz|xz|bz2|z))?$",
    re.IGNORECASE,
)
_TEXT = re.compile(
    r"\.(py|pyi|md|rst|txt|ya?ml|json|toml|cfg|ini|csv|tsv|jsonl|html?|css|js|ts|svg|sh|tf|lock)$", re.IGNORECASE
)
_COMPOSE = re.compile(r"(^|/)(docker-)?compose[^/]*\.ya?ml$")
_CHART = re.compile(r"(^|/)Chart\.ya?ml$")


def python(files: Iterable[str]) -> tuple[str, ...]:
    """Return Python code."""
    return tuple(one for one in files if one.endswith(".py"))


def dockerfiles(files: Iterable[str]) -> tuple[str, ...]:
    """Return what images are built from."""
    return tuple(one for one in files if _DOCKERFILE.search(one))


def workflows(files: Iterable[str]) -> tuple[str, ...]:
    """Return GitHub workflows."""
    return tuple(one for one in files if _WORKFLOW.search(one))


def actions(files: Iterable[str]) -> tuple[str, ...]:
    """Return GitHub actions and Dependabot's settings."""
    return tuple(one for one in files if _ACTION.search(one))


def infrastructure(files: Iterable[str]) -> tuple[str, ...]:
    """Return Terraform, YAML of any kind, Dockerfiles, and everything that belongs to a Helm chart."""
    listed = list(files)
    charts = chart_folders(listed)
    return tuple(
        one
        for one in listed
        if _INFRASTRUCTURE.search(one) or _DOCKERFILE.search(one) or any(one.startswith(chart) for chart in charts)
    )


def compose(files: Iterable[str]) -> tuple[str, ...]:
    """Return Compose files."""
    return tuple(one for one in files if _COMPOSE.search(one))


def chart_folders(files: Iterable[str]) -> tuple[str, ...]:
    """Return the folders of Helm charts, with a slash at their ends."""
    return tuple(_CHART.sub(r"\1", one) for one in files if _CHART.search(one))


def lock_files(files: Iterable[str]) -> tuple[str, ...]:
    """Return what pins dependencies."""
    return tuple(one for one in files if _LOCK.search(one))


def requirements(files: Iterable[str]) -> tuple[str, ...]:
    """Return pip's requirements."""
    return tuple(one for one in files if _REQUIREMENTS.search(one))


def models(root: Path, files: Iterable[str]) -> tuple[str, ...]:
    """Return model files by name, and whatever else begins as a pickle does."""
    return tuple(one for one in files if _MODEL.search(one) or (not _TEXT.search(one) and is_pickle(root / one)))


def data(files: Iterable[str]) -> tuple[str, ...]:
    """Return data files that may hold texts."""
    return tuple(one for one in files if one.endswith((".csv", ".tsv", ".jsonl", ".parquet")))


def is_pickle(path: Path) -> bool:
    """Say whether a file begins as a pickle of protocol 2 or later does."""
    try:
        with path.open("rb") as stream:
            start = stream.read(2)
    except OSError:
        return False
    return len(start) == 2 and start[0] == 0x80 and 2 <= start[1] <= 5  # noqa: PLR2004 - PROTO and its number
