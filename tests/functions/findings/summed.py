"""What tests of sums arrange and look at."""

from functions.findings.lease import DAY_MS
from functions.findings.policy import Match, Rule
from tests.functions.entry import ACCOUNT
from tests.functions.findings.deployments import Deployment
from tests.functions.findings.hubs import asff
from tests.functions.findings.laws import NOW

OTHER = "444455556666"
OWNED = Rule(name="owned", owner="records", match=Match(resource=["arn:aws:s3:::r*"]))
MIDNIGHT = NOW - NOW % DAY_MS + DAY_MS


def sums(deployment: Deployment, kind: str) -> list[tuple[str, str, int]]:
    """Account, team and how many are open, of each sum that was told."""
    found = [each for each in deployment.told("FindingsSummarized") if each["kind"] == kind]
    return sorted((each["account"], each["meta"]["team"], sum(each["open"].values())) for each in found)


def alerts(deployment: Deployment) -> list[str]:
    return [each["type"] for each in deployment.told("FindingOpened") if each["tell"] != "never"]


def there(deployment: Deployment) -> None:
    """Findings of two teams in two accounts, which Security Hub had before the fleet came."""
    for name, account in (("a", ACCOUNT), ("b", ACCOUNT), ("r1", ACCOUNT), ("c", OTHER), ("r2", OTHER), ("r3", OTHER)):
        deployment.hub.put(asff(name, at=deployment.now - 9 * DAY_MS, AwsAccountId=account))
    deployment.hub.events.clear()


EVERYTHING = [(ACCOUNT, "platform", 2), (ACCOUNT, "records", 1), (OTHER, "platform", 1), (OTHER, "records", 2)]
