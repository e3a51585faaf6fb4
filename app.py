"""The fleet: one Stage per account and Region of config/fleet.yaml, and those of the local cloud."""

import os
import sys
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks, ServerlessChecks

from stacks.commit import commit
from stacks.config.load import ConfigError, load
from stacks.deployment import Deployment
from stacks.fleet_stage import FleetStage

ROOT = Path(__file__).parent
FLEETS = os.environ.get("YAGURA_FLEETS", "config/fleet.yaml local/fleet.yaml").split()
PORT = os.environ.get("YAGURA_LOCAL_PORT", "4566")


def main() -> None:
    """Write the cloud assembly; no AWS call and no credentials."""
    app = App()
    try:
        configs = [load(ROOT, fleet, substitutions={"port": PORT}) for fleet in FLEETS]
    except ConfigError as error:
        sys.exit(str(error))
    for config in configs:
        for account in config.fleet.accounts:
            FleetStage(app, Deployment(config, account, commit(ROOT)))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), HIPAASecurityChecks(app), ServerlessChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
