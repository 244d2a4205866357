"""The text of `mlops.yaml` for an adopted repository: few settings, each with its reason beside it."""

import json
import shlex

from mlops_ci.journeys.adopt_data import Seen
from mlops_ci.journeys.adopt_facts import Facts

_RULES = {
    "labels": ("accuracy: {no_worse_than: 0.01}", "f1: {no_worse_than: 0.02}"),
    "binary": ("roc_auc: {no_worse_than: 0.01}", "log_loss: {no_worse_than: 0.01}"),
    "multiclass": ("log_loss: {no_worse_than: 0.01}", "accuracy: {no_worse_than: 0.01}"),
    "classes": ("accuracy: {no_worse_than: 0.01}", "f1_macro: {no_worse_than: 0.02}"),
    "regression": ("mean_absolute_error: {no_worse_than: 3%}", "root_mean_squared_error: {no_worse_than: 3%}"),
    "ranking": ("ndcg@10: {no_worse_than: 0.02}",),
}
_WITHOUT = {"binary": "labels", "multiclass": "classes"}  # where a model answers with classes, not with probabilities
SERVE = "serving/service.py"


def text(facts: Facts, seen: Seen) -> str:
    """Return the settings; every value stands for something that was said or found."""
    return "\n".join([*_above(facts), *_data(facts, seen), *_gate(facts, seen), *_release(facts)]) + "\n"


def serve_command(facts: Facts) -> list[str]:
    """Return the command that serves a version."""
    return shlex.split(facts.serve) if facts.serve else ["python", SERVE]


def _above(facts: Facts) -> list[str]:
    return [
        "# When a model may merge, and how it is released. Written once by `mlops-ci adopt`; it is yours now.",
        f"model: {facts.name}  # the name of the registered model",
        "tracking_uri: sqlite:///mlflow.db  # or the URL of an MLflow server",
    ]


def _data(facts: Facts, seen: Seen) -> list[str]:
    named = [*([seen.id] if seen.has_id else []), *([seen.query] if seen.query else [])]
    moving = f"  drift: {{ignore: [{', '.join(map(_word, named))}]}}  # a name always moves on"
    return [
        "",
        "data:",
        f"  path: {_word(facts.data)}",
        f"  contract: contracts/{facts.name}.json  # proposed from the data: read it, and say what you know",
        f"  training_only: [{', '.join(map(_word, [seen.label, *named]))}]  # what a request lacks",
        "  profile: contracts/profile.json  # what the data look like today, to notice drift",
        *([moving] if named else []),
    ]


def _gate(facts: Facts, seen: Seen) -> list[str]:
    kind = seen.problem if facts.says_probabilities else _WITHOUT.get(seen.problem, seen.problem)
    named = (
        [f"  query: {_word(seen.query)}  # what is ranked together", f"  item: {_word(seen.id)}"]
        if seen.query and seen.problem == "ranking"
        else [f"  id: {_word(seen.id)}"]
    )
    positive = [f"  positive: {json.dumps(seen.positive)}"] if seen.positive not in (None, "1") else []
    hint = [
        '    # Saved with pyfunc_predict_fn="predict_proba", the model could be judged by its probabilities, too:',
        f"    # {', '.join(one.partition(':')[0] for one in _RULES[seen.problem])}.",
    ]
    return [
        "",
        "gate:",
        "  environment: rehearsal  # whose champion is compared; production, once there is one",
        f"  challenger: {_word(facts.model)}",
        f"  golden: {_word(seen.golden)}  # rows that no model may train on",
        *named,
        f"  label: {_word(seen.label)}",
        *positive,
        "  rules:  # all must hold, by their 95 % bounds",
        *(hint if kind != seen.problem else []),
        *(f"    - {rule}" for rule in _RULES[kind]),
        "    - latency_p95_ms: {at_most: 100}  # judges a first model, too; set it to what a caller may wait",
    ]


def _release(facts: Facts) -> list[str]:
    return [
        "",
        "scan:",
        f"  models: [{_word(facts.model)}]",
        "",
        "register:",
        f"  path: {_word(facts.model)}",
        *_pinned(facts),
        "",
        "canary:",
        "  environment: rehearsal  # no users: golden rows are the requests",
        "  demands: [scan, sbom, signature]  # what a release must prove beside its gate",
        f"  serve: {json.dumps(serve_command(facts))}",
        "  steps: [5, 25, 50]",
        "  slow_ms: 250",
        "  latency_floor_ms: 50  # up to here all answers are equally fast",
        "  warm_up: 10s",
        "  bake: 10s  # the old champion stands by after a promotion; a minute or more where there are users",
        "  time_limit: 30m",
    ]


def _pinned(facts: Facts) -> list[str]:
    """Return what says which data a model was made from; with a DVC pipeline its lock does, by default."""
    if facts.new_stage or (facts.train or "").startswith("dvc "):
        return []
    if facts.pulled:
        return [f"  data: {_word(f'{facts.pulled}.dvc')}"]
    return ["  data: contracts/profile.json  # the data themselves are in git: the commit pins them"]


def _word(text: str) -> str:
    """Return a text as YAML reads it back."""
    plain = text.replace("_", "a").replace("/", "a").replace(".", "a").replace("-", "a").isalnum()
    reserved = text.lower() in {"yes", "no", "on", "off", "true", "false", "null", "y", "n"} or text[:1].isdigit()
    return text if plain and text[:1].isalpha() and not reserved else json.dumps(text)
