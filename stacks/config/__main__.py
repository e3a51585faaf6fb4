"""`python -m stacks.config [ACCOUNT]`: is the configuration right, and is there an account of that name?"""

import sys
from pathlib import Path

from .load import ConfigError, load


def main(wanted: list[str]) -> None:
    """Exit with what is wrong, in words; in silence if nothing is."""
    try:
        accounts = [account.name for account in load(Path.cwd()).fleet.accounts]
    except ConfigError as error:
        sys.exit(str(error))
    if wanted and wanted[0] not in accounts:
        sys.exit(f"{wanted[0]!r} is no account of config/fleet.yaml; it has: {', '.join(accounts)}")


if __name__ == "__main__":
    main(sys.argv[1:])
