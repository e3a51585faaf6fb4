"""Whatever stands in the files, the answer is a configuration or a list of problems."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stacks.config.compile import chatops_config, findings_config, operations_config
from stacks.config.load import FINDINGS_FILE, FLEET_FILE, PEOPLE_FILE, ROUTES_FILE, SERVICES_FILE, ConfigError, load
from stacks.config.model import Config

ROOT = Path(__file__).parents[2]
FILES = (FLEET_FILE, SERVICES_FILE, PEOPLE_FILE, ROUTES_FILE, FINDINGS_FILE)
TEXTS = {file: (ROOT / file).read_text() for file in FILES}
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

WRITTEN = st.sampled_from(
    ["", "~", "null", "yes", "off", "012345670123", "1e400", ".inf", "0x1F", "1:30", "=", "<<", "*a", "&a", "!!int x",
     "!!int", "!!float", "{}", "[]", "[[", "- ", "? ", ": ", "#", "|\n", '"\\ud800"', "${port}", "${", "2026-01-01",
     "\t", "%YAML 9.9\n", "---\n", "...\n", "\ufeff", "😀", '"x"', "hub", "each-account", "-1", "9" * 5000]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3), max_leaves=6
)


def load_or_error(root: Path) -> Config | ConfigError:
    try:
        return load(root)
    except ConfigError as error:
        return error


def loads_or_tells(texts: dict[str, str]) -> None:
    """The property itself; what loads must compile as well."""
    with TemporaryDirectory() as folder:
        for file, text in texts.items():
            (Path(folder) / file).parent.mkdir(exist_ok=True)
            (Path(folder) / file).write_text(text, encoding="utf-8", errors="replace")
        answer = load_or_error(Path(folder))
    if isinstance(answer, ConfigError):
        assert answer.problems
        assert all(str(problem) in str(answer) for problem in answer.problems[:100])
        return
    for account in answer.fleet.accounts:
        assert findings_config(answer, account)
        assert chatops_config(answer, account)
        assert operations_config(answer, account)


@RELAXED
@given(data=st.data(), file=st.sampled_from(FILES))
def test_text_cut_and_filled_anywhere_loads_or_is_told(data: st.DataObject, file: str) -> None:
    text = TEXTS[file]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        text = text[:start] + data.draw(WRITTEN | st.text(max_size=5)) + text[end:]
    loads_or_tells(TEXTS | {file: text})


@RELAXED
@given(data=st.data(), file=st.sampled_from(FILES))
def test_any_value_in_any_place_loads_or_is_told(data: st.DataObject, file: str) -> None:
    tree = yaml.safe_load(TEXTS[file])
    place = tree
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        if not (isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans())):
            break
        place = place[key]
    place[key] = data.draw(VALUES)
    loads_or_tells(TEXTS | {file: yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)})


@RELAXED
@given(content=st.binary(max_size=200))
def test_any_bytes_are_told(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "config").mkdir()
        (Path(folder) / FLEET_FILE).write_bytes(content)
        for file in FILES[1:]:
            (Path(folder) / file).write_text(TEXTS[file])
        with pytest.raises(ConfigError):
            load(Path(folder))
