import ast
import sys
from pathlib import Path

import pytest

import yagura

DELIVERY = {
    "YAGURA_SERVICE": "payments",
    "YAGURA_TEAM": "checkout",
    "YAGURA_ENVIRONMENT": "production",
    "YAGURA_VERSION": "1.4.2",
    "YAGURA_COMMIT": "abc123",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in DELIVERY.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_deployment_is_read_from_the_environment() -> None:
    assert yagura.deployment() == yagura.Deployment(
        service="payments", team="checkout", environment="production", version="1.4.2", commit="abc123"
    )


@pytest.mark.parametrize("name", DELIVERY)
def test_missing_variable_is_named_with_what_to_do(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(yagura.YaguraConfigError, match=rf"^not set: {name}\. Put `DeliveryTags`"):
        yagura.deployment()


def test_all_missing_variables_are_named_at_once_and_empty_is_missing(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("YAGURA_TEAM", "")
    environment.delenv("YAGURA_COMMIT")
    with pytest.raises(yagura.YaguraConfigError, match="YAGURA_TEAM, YAGURA_COMMIT"):
        yagura.deployment()


def test_sdk_imports_only_the_standard_library() -> None:
    package = Path(yagura.__file__).parent
    imported = {
        name.split(".")[0]
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= {*sys.stdlib_module_names, "yagura"}
