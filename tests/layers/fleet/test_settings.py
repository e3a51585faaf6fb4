"""Settings of a function, and its capability's configuration."""

from pathlib import Path

import msgspec
import pytest

from fleet.settings import Settings, SettingsError, compiled

ENVIRONMENT = {"YAGURA_ACCOUNT": "111122223333", "AWS_REGION": "eu-west-1", "YAGURA_CAPABILITY": "findings"}


def test_what_a_capability_lacks_is_empty() -> None:
    settings = Settings.read(ENVIRONMENT)
    assert (settings.account, settings.region, settings.capability) == ("111122223333", "eu-west-1", "findings")
    assert (settings.table, settings.bus, settings.dead_letters) == ("", "", "")


def test_the_resources_are_those_of_the_environment() -> None:
    settings = Settings.read(
        ENVIRONMENT | {"YAGURA_TABLE": "t", "YAGURA_BUS": "yagura", "YAGURA_DEAD_LETTERS": "https://q"}
    )
    assert (settings.table, settings.bus, settings.dead_letters) == ("t", "yagura", "https://q")


@pytest.mark.parametrize("missing", sorted(ENVIRONMENT))
def test_a_missing_setting_is_named(missing: str) -> None:
    with pytest.raises(SettingsError, match=missing):
        Settings.read({name: value for name, value in ENVIRONMENT.items() if name != missing})


class Config(msgspec.Struct):
    accounts: list[str]


def test_the_compiled_configuration_stands_beside_its_module_and_has_a_hash(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"accounts": ["111122223333"]}')
    config, first = compiled(Config, beside=str(tmp_path / "triage.py"))
    assert config == Config(["111122223333"])
    (tmp_path / "config.json").write_text('{"accounts": ["444455556666"]}')
    assert len(first) == 12
    assert compiled(Config, beside=str(tmp_path / "triage.py"))[1] != first


def test_a_configuration_of_another_shape_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"accounts": "all"}')
    with pytest.raises(msgspec.ValidationError):
        compiled(Config, beside=str(tmp_path / "triage.py"))
