"""The cascade: defaults, then the file, then the environment, then flags; every value knows where it came from."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mlops_ci.errors import UsageProblem
from mlops_ci.settings.document import Document, Path_
from mlops_ci.settings.fields import Section
from mlops_ci.settings.project import SECTIONS, ProjectSettings

SectionT = TypeVar("SectionT", bound=Section)

_ABOVE = (*ProjectSettings.model_fields, "models")


@dataclass(frozen=True, slots=True)
class Value:
    """One setting as it is in force."""

    key: str
    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Cascade:
    """The sources of settings, weakest first, for one model."""

    document: Document
    environ: Mapping[str, str]
    chosen: str | None = None  # one of `models:`, by --model

    @property
    def prefix(self) -> Path_:
        """Return where this model's sections stand in the file.

        Raises:
            UsageProblem: the file has several models and none, or an unknown one, was chosen.
        """
        models = self.document.data.get("models")
        if not models:
            return ()
        if not isinstance(models, dict):
            raise UsageProblem(f"{self.document.where(('models',))}: models is a mapping of names to sections.")
        if self.chosen not in models:
            said = f"There is no model {self.chosen!r}" if self.chosen else "There are several models"
            raise UsageProblem(f"{self.document.where(('models',))}: {said}; pass --model with one of {_list(models)}.")
        return ("models", str(self.chosen))

    def project(self) -> ProjectSettings:
        """Return the values above the sections."""
        data = {key: value for key, value in self.document.data.items() if key in ProjectSettings.model_fields}
        name = self.chosen if self.prefix else None
        environment = self._environment(ProjectSettings, None)
        data |= environment | ({"model": name} if name else {})
        project = self._validate(ProjectSettings, data, (), _origins(None, environment))
        if self.chosen and self.chosen != project.model:
            raise UsageProblem(f"There is one model, {project.model!r}, and no `models:` to pick {self.chosen!r} from.")
        return project

    def section(self, name: str, kind: type[SectionT], flags: Mapping[str, Any]) -> SectionT:
        """Return one section, filled from all sources.

        Raises:
            UsageProblem: a value is unknown, of the wrong type or missing; the message names where it stands.
        """
        self.check_all(except_for=name)
        written = self._written((*self.prefix, name))
        environment = self._environment(kind, name)
        origins = _origins(name, environment) | {flag: f"--{flag_of(kind, flag)}" for flag in flags}
        return self._validate(kind, {**written, **environment, **flags}, (*self.prefix, name), origins)

    def values(self, name: str, kind: type[Section]) -> list[Value]:
        """Return each setting of a section with its value and where it came from; values are not validated."""
        written, environment = self._written((*self.prefix, name)), self._environment(kind, name)
        found = []
        for field, info in kind.model_fields.items():
            key = f"{name}.{field}"
            if field in environment:
                found.append(Value(key, environment[field], f"environment {_variable(name, field)}"))
            elif field in written:
                found.append(Value(key, written[field], self.document.where((*self.prefix, name, field))))
            elif info.is_required():
                found.append(Value(key, None, "not set (required)"))
            else:
                found.append(Value(key, info.get_default(call_default_factory=True), "default"))
        return found

    def check_all(self, *, except_for: str = "") -> None:
        """Refuse unknown keys and wrong values anywhere in the file; what a section lacks is its step's affair."""
        for path, allowed in self._levels():
            for key in self._written(path):
                if key not in allowed:
                    raise UsageProblem(f"{self.document.where((*path, key))}: {_unknown(str(key), allowed)}")
        for name, kind in SECTIONS.items():
            path = (*self.prefix, name)
            if name != except_for and path in self.document.positions:
                self._validate(kind, self._written(path), path, {}, complete=False)

    def _levels(self) -> list[tuple[Path_, tuple[str, ...]]]:
        if self.prefix:
            return [((), _ABOVE), (self.prefix, tuple(SECTIONS))]
        return [((), (*_ABOVE, *SECTIONS))]

    def _written(self, path: Path_) -> dict[str, Any]:
        node: Any = self.document.data
        for key in path:
            node = node.get(key, {})
        if not isinstance(node, dict):
            raise UsageProblem(f"{self.document.where(path)}: {'.'.join(map(str, path))} is a mapping of settings.")
        return node

    def _environment(self, kind: type[Section], name: str | None) -> dict[str, Any]:
        found = {field: self.environ.get(_variable(name, field)) for field in kind.model_fields}
        return {field: _decode(value, kind, field) for field, value in found.items() if value}

    def _validate(
        self,
        kind: type[SectionT],
        data: Mapping[str, Any],
        path: Path_,
        origins: Mapping[str, str],
        *,
        complete: bool = True,
    ) -> SectionT:
        try:
            return kind.model_validate(dict(data))
        except ValidationError as problem:
            wrong = [error for error in problem.errors() if complete or error["type"] != "missing"]
            if wrong:
                raise UsageProblem("\n".join(self._explain(error, kind, path, origins) for error in wrong)) from None
            return kind.model_construct()

    def _explain(self, error: ErrorDetails, kind: type[Section], path: Path_, origins: Mapping[str, str]) -> str:
        inside = tuple(part for part in error["loc"])
        key = ".".join(str(part) for part in (*path, *inside))
        if error["type"] == "missing":
            name = str(inside[0])
            flag = f" or pass --{flag_of(kind, name)}" if len(inside) == 1 and is_flag(kind, name) else ""
            place = self.document.path or "mlops.yaml (there is none here)"
            return f"{place}: {key} is missing; set it{flag}."
        origin = origins.get(str(inside[0])) if inside else None
        where = origin or self.document.where((*path, *inside))
        if error["type"] == "extra_forbidden":
            return f"{where}: {_unknown(str(inside[-1]), _keys(kind, inside))}"
        message = error["msg"].removeprefix("Value error, ")
        return f"{where}: {key}: {message[:1].lower()}{message[1:]} (got {error['input']!r})."


def _keys(kind: type[Section], inside: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that are known where an unknown one stands."""
    if len(inside) == 1:
        return tuple(kind.model_fields)
    part = kind.model_fields[str(inside[0])].annotation
    if isinstance(part, type) and issubclass(part, Section):
        return tuple(part.model_fields)
    return ("improve_by", "no_worse_than", "at_least", "at_most")


def is_flag(kind: type[Section], field: str) -> bool:
    """Say whether a setting can be given as a flag: lists and mappings cannot, nor what describes the data."""
    extra = kind.model_fields[field].json_schema_extra
    if isinstance(extra, dict) and extra.get("flag") is False:
        return False
    return not _is_nested(kind, field)


def _is_nested(kind: type[Section], field: str) -> bool:
    return any(word in str(kind.model_fields[field].annotation) for word in ("list", "dict", "Settings"))


def flag_of(kind: type[Section], field: str) -> str:
    """Return the flag's word: the field's name in kebab-case, unless the field names another."""
    extra = kind.model_fields[field].json_schema_extra
    word = extra.get("flag") if isinstance(extra, dict) else None
    return str(word or field.replace("_", "-"))


def _variable(section: str | None, field: str) -> str:
    return f"MLOPS_CI_{f'{section}__' if section else ''}{field}".upper()


def _origins(section: str | None, environment: Mapping[str, Any]) -> dict[str, str]:
    return {field: f"environment variable {_variable(section, field)}" for field in environment}


def _decode(value: str, kind: type[Section], field: str) -> Any:  # noqa: ANN401 - as YAML gives it
    if not _is_nested(kind, field):
        return value
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe").load(value)
    except YAMLError:
        return value


def _unknown(key: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"unknown key {key!r}. " + (f"Did you mean {near[0]!r}?" if near else f"Known are {_list(known)}.")


def _list(names: Mapping[str, Any] | tuple[str, ...]) -> str:
    return ", ".join(str(name) for name in names)
