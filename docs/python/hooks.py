"""What mkdocs does not know: pages from notebooks, as their cells and outputs stand, and the table of settings."""

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("screen", "fit", "qc", "contrasts")  # that Python reads, as an analysis goes
TABLE = ROOT / "inst" / "python" / "fatebias" / "base" / "settings.yaml"


def on_files(files: Any, config: Any) -> Any:
    """Notebooks are pages."""
    from mkdocs.structure.files import File, InclusionLevel

    for file in [one for one in files if one.src_uri.endswith(".ipynb")]:
        files.remove(file)
        name = file.src_uri.removesuffix(".ipynb") + ".md"
        text = notebook_text(json.loads(Path(file.abs_src_path).read_text(encoding="utf-8")))
        files.append(File.generated(config, name, content=text, inclusion=InclusionLevel.INCLUDED))
    return files


def on_config(config: Any) -> Any:
    config["nav"] = [{title: page.replace(".ipynb", ".md") for title, page in one.items()} for one in config["nav"]]
    return config


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    return markdown.replace("SETTINGS", settings_text()) if page.file.src_uri == "settings.md" else markdown


def notebook_text(notebook: dict[str, Any]) -> str:
    """Markdown of a notebook: its texts, its code, and the text that code has put out."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        parts += [f"```text\n{output_text(one).rstrip()}\n```" for one in cell.get("outputs", [])]
    return "\n\n".join(parts) + "\n"


def output_text(output: dict[str, Any]) -> str:
    """What a cell has printed, or the text of its value."""
    return "".join(output["text"] if "text" in output else output["data"]["text/plain"])


def settings_text() -> str:
    """The table of settings that Python reads, a section a stage."""
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return "\n\n".join(f"## {stage}\n\n{stage_text(table, stage)}" for stage in STAGES)


def stage_text(table: dict[str, Any], stage: str) -> str:
    lines = ["| setting | default | type | what it does |", "|---|---|---|---|"]
    for key, row in table.items():
        if row["stage"] == stage:
            kind = " or ".join(f"`{word}`" for word in row["choices"]) if "choices" in row else row["type"]
            default = f"`{row['default']!r}`"
            lines.append(f"| `{key}` | {default} | {kind} | {row['help'].replace('|', '&#124;')} |")
    return "\n".join(lines)
