"""A command `aws` that asks nobody: parameters are checked against botocore's service models.

Its answers come from the file that ANSWERS names, as JSON: "service operation" → answers, one a call, the
last one for ever. An answer is checked too. null is a refusal. Calls and their parameters are noted in CALLS.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import jmespath
from botocore import xform_name
from botocore.model import OperationModel, Shape
from botocore.session import get_session
from botocore.validate import ParamValidator


def make_aws(folder: Path, answers: dict[str, list[Any]]) -> dict[str, str]:
    """The command in `folder`, and the variables that it reads."""
    command = folder / "aws"
    command.write_text(f'#!/bin/bash\nexec {sys.executable} {__file__} "$@"\n')
    command.chmod(0o755)
    (folder / "answers").write_text(json.dumps(answers))
    return {"ANSWERS": str(folder / "answers"), "CALLS": str(folder / "calls")}


def calls(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """(service and operation, parameters) of each call."""
    path = folder / "calls"
    return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def value(shape: Shape, words: list[str]) -> Any:
    """What the command makes of an option's words."""
    text = " ".join(words)
    if shape.type_name in {"structure", "map"} or text.startswith(("[", "{")):
        return json.loads(text)
    return {"list": lambda: words, "boolean": lambda: True, "integer": lambda: int(text)}.get(
        shape.type_name, lambda: text
    )()


def parse(words: list[str]) -> tuple[str, OperationModel, dict[str, Any], dict[str, str]]:
    """("service operation", its model, parameters, options of the command itself)."""
    rest, own, given, name = list(words), {}, {}, ""
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            name = f"{name} {word}".strip()
        elif word in {"--region", "--query", "--output"}:
            own[word] = rest.pop(0)
        else:
            given[word[2:]] = []
            while rest and not rest[0].startswith("--"):
                given[word[2:]].append(rest.pop(0))
    service, operation = name.split()
    model = get_session().get_service_model(service)
    found = model.operation_model({xform_name(one, "-"): one for one in model.operation_names}[operation])
    members = {xform_name(one, "-"): one for one in found.input_shape.members}
    shapes = found.input_shape.members
    return name, found, {members[key]: value(shapes[members[key]], text) for key, text in given.items()}, own


def checked(data: dict[str, Any], shape: Shape | None) -> None:
    if shape is None or (unknown := set(data) - set(shape.members)):
        raise SystemExit(f"not in the model: {unknown if shape else data}")
    if (report := ParamValidator().validate(data, shape)).has_errors():
        raise SystemExit(report.generate_report())


def answer(name: str) -> dict[str, Any] | None:
    answers, path = json.loads(Path(os.environ["ANSWERS"]).read_text()), Path(os.environ["CALLS"])
    before = [json.loads(line)[0] for line in path.read_text().splitlines()] if path.exists() else []
    return answers[name][min(before.count(name), len(answers[name]) - 1)]


def printed(found: Any, kind: str) -> str:
    if kind == "json":
        return json.dumps(found)
    if isinstance(found, list):
        rows = found if found and all(isinstance(row, list) for row in found) else [found]
        return "\n".join("\t".join(str(cell) for cell in row) for row in rows)
    return str(found)


def main() -> None:
    name, operation, parameters, own = parse(sys.argv[1:])
    checked(parameters, operation.input_shape)
    given_back = answer(name)
    with Path(os.environ["CALLS"]).open("a") as file:
        file.write(json.dumps([name, parameters]) + "\n")
    if given_back is None:
        raise SystemExit(254)
    checked(given_back, operation.output_shape)
    kind = own.get("--output", os.environ.get("AWS_DEFAULT_OUTPUT", "json"))
    print(printed(jmespath.search(own.get("--query", "@"), given_back), kind))


if __name__ == "__main__":
    main()
