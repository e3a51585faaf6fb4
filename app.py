"""The fleet: one Stage per account and Region of config/fleet.yaml, and those of the local cloud."""

import os
import sys
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks, ServerlessChecks
from stacks.config.load import ConfigError, load

from stacks.commit import commit
from stacks.deployment import Deployment
from stacks.fleet_stage import FleetStage

ROOT = Path(__file__).parent


def main() -> None:
    """Synthesize the cloud assembly; no AWS call and no credentials."""
    app = App()
    port = {"port": os.environ.get("YAGURA_LOCAL_PORT", "4566")}
    try:
        configs = [load(ROOT), load(ROOT, "local/fleet.yaml", substitutions=port)]
    except ConfigError as error:
        sys.exit(str(error))
    for config in configs:
        for account in config.fleet.accounts:
            FleetStage(app, Deployment(config, account, commit(ROOT)))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), HIPAASecurityChecks(app), ServerlessChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
