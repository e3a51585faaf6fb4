"""Reads the configuration: all of it, or all that is wrong with it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from .decode import REFUSED, Decoder
from .model import Config, FleetFile, ServicesFile
from .model_findings import FindingsFile
from .model_people import PeopleFile
from .model_routes import RoutesFile
from .problem import ConfigError, Problem
from .rules import Breach, fleet_breaches
from .rules_findings import findings_breaches
from .rules_people import people_breaches
from .rules_routes import routes_breaches
from .rules_services import services_breaches
from .source import read

__all__ = [
    "FINDINGS_FILE",
    "FLEET_FILE",
    "PEOPLE_FILE",
    "ROUTES_FILE",
    "SERVICES_FILE",
    "ConfigError",
    "Problem",
    "load",
]

FLEET_FILE = "config/fleet.yaml"
SERVICES_FILE = "config/services.yaml"
PEOPLE_FILE = "config/people.yaml"
ROUTES_FILE = "config/routes.yaml"
FINDINGS_FILE = "config/findings.yaml"


def load(root: Path, fleet_file: str = FLEET_FILE, substitutions: Mapping[str, str] | None = None) -> Config:
    """The configuration under `root`.

    People, routes and the policy of findings are those beside the fleet file if it has its own (other people speak to
    the local cloud), else those of `config/`. `substitutions` gives what `${name}` stands for in the fleet file and in
    a policy beside it: a local fleet does not know its port before it starts. Raises `ConfigError` with every problem
    of every file.
    """
    given = dict(substitutions or {})
    fleet = _File(root, fleet_file, FleetFile, given)
    services = _File(root, SERVICES_FILE, ServicesFile, {})
    people = _File(root, _beside(root, fleet_file, PEOPLE_FILE), PeopleFile, {})
    routes = _File(root, _beside(root, fleet_file, ROUTES_FILE), RoutesFile, {})
    policy = _beside(root, fleet_file, FINDINGS_FILE)
    # Not in another fleet's: that says the same to all who share it.
    findings = _File(root, policy, FindingsFile, given if Path(policy).parent == Path(fleet_file).parent else {})
    fleet.report(fleet_breaches(fleet.value))
    services.report(services_breaches(services.value, fleet.value))
    people.report(people_breaches(people.value, services.value))
    routes.report(routes_breaches(routes.value, services.value, fleet.value))
    findings.report(findings_breaches(findings.value, services.value, people.value, fleet.value))
    problems = [problem for file in (fleet, services, people, routes, findings) for problem in file.problems]
    if problems:
        raise ConfigError(problems)
    return Config(
        fleet=fleet.value,
        services=services.value,
        people=people.value,
        routes=routes.value,
        findings=findings.value,
    )


def _beside(root: Path, fleet_file: str, file: str) -> str:
    own = Path(fleet_file).with_name(Path(file).name)
    return own.as_posix() if (root / own).exists() else file


class _File[T: Struct]:
    """One file: what it says, as far as it can be read, and its problems."""

    def __init__(self, root: Path, file: str, struct: type[T], substitutions: dict[str, str]) -> None:
        self.value: T = REFUSED
        self.problems: list[Problem] = []
        self._decoder: Decoder | None = None
        source: Any = read(root / file, file)
        if isinstance(source, Problem):
            self.problems.append(source)
            return
        self._decoder = Decoder(source, substitutions)
        self.problems = self._decoder.problems
        self.value = self._decoder.decode(struct)

    def report(self, breaches: Iterable[Breach]) -> None:
        """Adds what the rules say, in the file's own lines."""
        for breach in breaches:
            if self._decoder:
                self._decoder.report(breach.path, expected=breach.expected, advice=breach.advice, found=breach.found)
