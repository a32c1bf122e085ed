"""Run a notebook and write what its cells put out into it, as text. Usage: python run_notebook.py NOTEBOOK.ipynb

Cells run in this process, in a temporary folder; no kernel is needed. A cell puts out what it prints and the value of
its last line.
"""

import ast
import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any


def run_notebook(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook with the outputs of its cells, which run in the current folder."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(one for one in notebook["cells"] if one["cell_type"] == "code"):
        printed, value = run_cell("".join(cell["source"]), names)
        cell["execution_count"] = number + 1
        cell["outputs"] = []
        if printed:
            cell["outputs"].append({"output_type": "stream", "name": "stdout", "text": lines_of(printed)})
        if value is not None:
            result = {"output_type": "execute_result", "execution_count": number + 1, "metadata": {}}
            cell["outputs"].append(result | {"data": {"text/plain": lines_of(repr(value))}})
    return notebook


def run_cell(source: str, names: dict[str, Any]) -> tuple[str, Any]:
    """What a cell prints, and the value of its last line where that is an expression."""
    body, printed, value = ast.parse(source).body, io.StringIO(), None
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, type_ignores=[]), "<cell>", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    return printed.getvalue(), value


def lines_of(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def main(path: str) -> None:
    file = Path(path).resolve()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        notebook = run_notebook(json.loads(file.read_text(encoding="utf-8")))
    file.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
