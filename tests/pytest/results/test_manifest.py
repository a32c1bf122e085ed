import json
from pathlib import Path

import pytest
from conftest import DATA

from fatebias.base.errors import ExportError
from fatebias.results.manifest import FORMAT, MANIFEST, check_manifest, read_manifest, schema

EXAMPLE = Path(__file__).parents[3] / "inst" / "extdata" / "example_fit" / MANIFEST
CASES = json.loads((DATA / "manifest_cases.json").read_text(encoding="utf-8"))  # R's tests run the same


def mutated(case):
    """The example's manifest with one place changed or gone."""
    manifest = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    *path, last = case["path"] or ["days"]
    place = manifest
    for key in path:
        place = place[key]
    if case.get("delete"):
        del place[last]
    elif "value" in case:
        place[last] = case["value"]
    return manifest


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_schema_takes_what_it_should(case, tmp_path):
    manifest = mutated(case)
    if case["ok"]:
        check_manifest(manifest, tmp_path / MANIFEST)
        return
    with pytest.raises(ExportError, match="does not follow its schema"):
        check_manifest(manifest, tmp_path / MANIFEST)


def test_every_key_is_required_and_described():
    found = schema()
    of_several_sets = {"label_sets"}
    keys = set(found["properties"]) - of_several_sets
    assert set(found["required"]) == keys == set(json.loads(EXAMPLE.read_text()))
    assert found["properties"]["format"]["const"] == FORMAT


def test_a_manifest_is_checked_when_it_is_read(tmp_path):
    with pytest.raises(ExportError, match="not the folder of a finished fit"):
        read_manifest(tmp_path)
    path = tmp_path / MANIFEST
    path.write_text(json.dumps(mutated({"path": ["days"], "value": []})))
    with pytest.raises(ExportError, match="at days"):
        read_manifest(tmp_path)
    path.write_text("[1]")
    with pytest.raises(ExportError, match="holds no manifest"):
        read_manifest(tmp_path)
    path.write_text(EXAMPLE.read_text(encoding="utf-8"))
    assert read_manifest(tmp_path)["contrast"] == "MES"
