"""Writes the tables of variables and outputs into infra/README.md: `python3 infra/tables.py`.

With `--check` it writes nothing and fails when a table is not current. It reads the configuration's text,
where `terraform fmt` puts each description, type and default on a line.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

INFRA = Path(__file__).resolve().parent
BEGIN, END = "<!-- tables: made by tables.py -->", "<!-- end of tables -->"
BLOCK = re.compile(r'^(variable|output) "(?P<name>[a-z_]+)" \{\n(?P<body>.*?)^\}', re.M | re.S)


def _value(body: str, name: str) -> str:
    """The value after `name =`, on one line. Empty where there is none."""
    found = re.search(rf"^  {name} += (.*(?:\n(?!  [a-z}}\n]|\n|\}}).*)*)", body, re.M)
    return re.sub(r"\s+", " ", found[1]).strip() if found else ""


def _cell(text: str) -> str:
    return text.strip('"').replace('\\"', '"').replace("|", "\\|")


def variables_text() -> str:
    """All variables.tf and variables_*.tf, those of the whole deployment first."""
    return "\n".join(path.read_text() for path in sorted(INFRA.glob("variables*.tf")))


def variables(text: str) -> list[str]:
    """A row a variable."""
    rows = ["| Variable | Type | Default | |", "|---|---|---|---|"]
    for block in BLOCK.finditer(text):
        body = block["body"]
        kind = re.match(r"[a-z]+(\([a-z()]+\))?", _value(body, "type"))
        default = _value(body, "default") or "required"
        cells = (block["name"], kind[0] if kind else "", _cell(default), _cell(_value(body, "description")))
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def outputs(text: str) -> list[str]:
    """A row an output."""
    return [
        "| Output | |",
        "|---|---|",
        *(
            f"| {block['name']} | {_cell(_value(block['body'], 'description'))} |"
            for block in BLOCK.finditer(text)
        ),
    ]


def written(readme: str) -> str:
    """The README with the tables as they have to be."""
    made = [
        "",
        *variables(variables_text()),
        "",
        *outputs((INFRA / "outputs.tf").read_text()),
        "",
    ]
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n{chr(10).join(made)}\n{END}{rest.split(END)[1]}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Writes the tables of infra/README.md.", epilog="Example: python3 infra/tables.py --check"
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing, exit 1 when a table is not current"
    )
    check = parser.parse_args().check
    path = INFRA / "README.md"
    now = path.read_text()
    then = written(now)
    if check:
        return int(now != then)
    path.write_text(then)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
