"""The schemas for editors."""

import json
from pathlib import Path

import pytest

from stacks.config.schema import main, schemas, stale, write_schemas

ROOT = Path(__file__).parents[2]


def test_committed_schemas_are_those_of_the_model() -> None:
    assert stale(ROOT) == []


def test_check_names_what_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    (tmp_path / "config/schemas/fleet.schema.json").write_text("{}")
    assert main(["--check"], tmp_path) == 1
    assert "config/schemas/fleet.schema.json is stale: run python -m stacks.config.schema" in capsys.readouterr().err


def test_check_names_what_is_missing(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    (tmp_path / "config/schemas/services.schema.json").unlink()
    assert stale(tmp_path) == [Path("config/schemas/services.schema.json")]


def test_unknown_argument_is_refused(tmp_path: Path) -> None:
    assert main(["--chek"], tmp_path) == 2


FILES = [
    *(f"config/{name}.yaml" for name in ("fleet", "services", "people", "routes", "findings")),
    *("local/fleet.yaml", "local/people.yaml", "local/findings.yaml"),
]


@pytest.mark.parametrize("file", FILES)
def test_files_name_their_schema_for_editors(file: str) -> None:
    head = (ROOT / file).read_text().split("\n")[0]
    prefix = "# yaml-language-server: $schema="
    assert head.startswith(prefix)
    assert ((ROOT / file).parent / head.removeprefix(prefix)).resolve().is_file()


def test_patterns_mean_the_same_in_an_editor() -> None:
    for text in schemas().values():
        assert r"\\A" not in text
        assert r"\\Z" not in text
        assert json.loads(text)["$schema"]
