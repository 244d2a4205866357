"""What the source may do where: the rules that no linter knows."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src/mlops_ci"
FILES = sorted(path for path in SRC.rglob("*.py") if SRC / "resources" not in path.parents)  # those are given to people
EACH = pytest.mark.parametrize("path", FILES, ids=[path.relative_to(SRC).as_posix() for path in FILES])

HTTP = {"urllib3", "urllib.request", "http.client", "httpx", "aiohttp"}
HEAVY = {
    "duckdb": "tools/duckdb",
    "great_expectations": "tools/great_expectations.py",
    "mlflow": "tools/mlflow.py",
    "sklearn": None,
    "pandas": None,
    "matplotlib": None,
}
WORKER = "models/worker.py"  # runs in the model's environment, which is not ours
# Beside the settings, who may look at os.environ: to pass it on to children, or to hand it to the settings.
ENVIRONMENT = {"cli/main.py", "process.py", "journeys/workshop.py"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Return every imported module, wherever in the file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def attributes(path: Path) -> set[str]:
    return {ast.unparse(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}


def calls(path: Path) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)}


@EACH
def test_the_environment_is_read_in_few_places(path: Path) -> None:
    if name(path).startswith("settings/") or name(path) in ENVIRONMENT:
        return
    assert not {"os.environ", "os.getenv"} & attributes(path)
    assert "os.environ" not in imports(path)


@EACH
def test_only_process_starts_programs(path: Path) -> None:
    if name(path) == "process.py":
        return
    assert not {"subprocess", "multiprocessing", "pty"} & set(imports(path))
    assert not {"os.system", "os.popen", "os.fork", "os.execv", "os.posix_spawn"} & calls(path)


@EACH
def test_only_net_speaks_http(path: Path) -> None:
    if name(path) == "net.py":
        return
    assert not HTTP & set(imports(path))
    assert not any(module == "requests" for module in imports(path))


@EACH
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    if name(path).startswith("cli/"):
        return
    assert not {"print", "sys.exit", "exit", "quit", "click.echo"} & calls(path)
    assert "click" not in set(imports(path))


@EACH
def test_nothing_below_the_command_line_reads_a_clock_itself(path: Path) -> None:
    if name(path).startswith(("cli/", "journeys/")) or name(path) in {"process.py", WORKER}:
        return
    assert not {"time.time", "time.monotonic", "time.sleep", "datetime.now", "datetime.utcnow"} & calls(path)


@pytest.mark.parametrize(("library", "owner"), HEAVY.items())
def test_a_heavy_library_has_one_importing_module_or_package(library: str, owner: str | None) -> None:
    users = {name(path) for path in FILES if any(one.split(".")[0] == library for one in imports(path))} - {WORKER}
    assert not [one for one in users if owner is None or Path(owner) not in (Path(one), *Path(one).parents)]


@EACH
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    if name(path) == WORKER:
        return
    top = {
        module.split(".")[0]
        for node in tree(path).body
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not top & set(HEAVY)


@EACH
def test_files_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_the_median_file_and_function_are_small() -> None:
    lines = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in FILES)
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
    )
    assert lines[len(lines) // 2] <= 120
    assert lengths[len(lengths) // 2] <= 10


@EACH
def test_every_module_begins_with_its_promise(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(tree(path))
