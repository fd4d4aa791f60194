"""The limits of CONTRIBUTING.md, checked on the files that git tracks: `python3 tests/limits.py [FOLDER...]`.

Prints one line a violation and exits 1 where there is one. The complexity of functions is radon's, where it
can be imported: `make lint` runs this file in the linters' environment.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

try:
    from radon.complexity import cc_visit
except ImportError:
    cc_visit = None

COLUMNS = 110
LINES_OF_A_MODULE = 250
LINES_OF_A_FUNCTION = 40
PARAMETERS_OF_A_CONSTRUCTOR = 6
COMPLEXITY = 10
"""The highest value of radon's rank B."""
SEMICOLONS_PER_1000_WORDS = 3.0
ROOT = Path(__file__).resolve().parents[1]
INSTEAD = dict(line.split("\t") for line in (ROOT / "tests" / "words.txt").read_text().splitlines())
"""A word that reads like a riddle here → what to write."""
PUBLISHED = "topic made anew"
"""A kind of finding. It is a label and part of what stored acceptances are found by, so it stays."""
WORDS = re.compile(rf"(?<![A-Za-z])({'|'.join(INSTEAD)})(?![A-Za-z])", re.IGNORECASE)


def tracked(folders: list[str]) -> list[Path]:
    """The .py and .md files that git knows below `folders`, or below the root."""
    command = ["git", "ls-files", "-z", "--", *(f"{folder}/**" for folder in folders)]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    paths = [ROOT / name for name in names if name.endswith((".py", ".md"))]
    return [path for path in paths if path.exists()]


def violations(path: Path) -> Iterator[tuple[int, str]]:
    """Line number and text of each limit that the file breaks."""
    text = path.read_text(encoding="utf-8")
    prose = without_code(text) if path.suffix == ".md" else text
    for number, line in enumerate(prose.splitlines(), 1):
        if word := WORDS.search(line.replace(PUBLISHED, "")):
            yield number, f"says {word[0]!r}: write {INSTEAD[word[0].lower()]}"
        if len(line) > COLUMNS and (path.suffix == ".py" or can_be_wrapped(line)):
            yield number, f"has {len(line)} columns ({COLUMNS} at most)"
    if path.suffix == ".md":
        yield from semicolons(text)
        return
    is_test = "tests" in path.relative_to(ROOT).parts
    if (lines := text.count("\n")) > LINES_OF_A_MODULE:
        yield 1, f"has {lines} lines ({LINES_OF_A_MODULE} at most)"
    yield from functions(ast.parse(text), is_test)
    if cc_visit and not is_test:
        yield from complexity(text)


def without_code(text: str) -> str:
    """Markdown with its fenced blocks emptied. Their lines stay, so that numbers do."""
    fenced = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
    return fenced.sub(lambda block: "\n" * block[0].count("\n"), text)


def can_be_wrapped(line: str) -> bool:
    """Whether it is prose: no table, no code, and no link that cannot be broken."""
    if line.lstrip().startswith(("|", "```", "<")) or line.startswith("    "):
        return False
    return len(re.sub(r"`[^`]*`|\]\([^)]*\)", "", line)) > COLUMNS


def semicolons(text: str) -> Iterator[tuple[int, str]]:
    """Semicolons in prose: code blocks and code spans do not count."""
    prose = re.sub(r"`[^`\n]*`|^```.*?^```|^    .*?$", "", text, flags=re.DOTALL | re.MULTILINE)
    words, found = len(prose.split()), prose.count(";")
    if found > max(1.0, words * SEMICOLONS_PER_1000_WORDS / 1000):
        yield (
            1,
            f"has {found} semicolons in {words} words ({SEMICOLONS_PER_1000_WORDS:.0f} per 1,000 at most)",
        )


def functions(tree: ast.Module, is_test: bool) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > LINES_OF_A_FUNCTION:
            yield node.lineno, f"{node.name} has {length} lines ({LINES_OF_A_FUNCTION} at most)"
        count = len([*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]) - 1
        if node.name == "__init__" and count > PARAMETERS_OF_A_CONSTRUCTOR and not is_test:
            yield node.lineno, f"__init__ has {count} parameters ({PARAMETERS_OF_A_CONSTRUCTOR} at most)"


def complexity(text: str) -> Iterator[tuple[int, str]]:
    for block in cc_visit(text):
        for part in (block, *getattr(block, "methods", ()), *getattr(block, "closures", ())):
            if type(part).__name__ == "Function" and part.complexity > COMPLEXITY:
                yield part.lineno, f"{part.name} has complexity {part.complexity} ({COMPLEXITY} at most)"


def main(folders: list[str]) -> int:
    found = sorted(
        {
            f"{path.relative_to(ROOT)}:{number}: {what}"
            for path in tracked(folders)
            for number, what in violations(path)
        }
    )
    print("\n".join(found) if found else "No limit is broken.")
    if cc_visit is None:
        print("The complexity was not checked: radon is missing here, make lint has it.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main([folder.rstrip("/") for folder in sys.argv[1:]]))
