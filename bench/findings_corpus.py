"""Findings and rules for the bench of the pure path: as Security Hub sends them, the same ones in each run.

They are our samples with ids, controls, accounts, Regions, resources, tags and times of their own. Each has one
resource, since awsfindingsmanagerlib matches a finding by any of its resources and c7n by the one that is named,
and `Compliance.SecurityControlId`, by which all three can match. All are open: nobody suppresses the others. What our
samples leave out of what Security Hub adds is filled in; an event has 2.5 to 3 KB, recorded ones a little more.
"""

import copy
import json
import random
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FINDINGS = 5_000
RULES = (10, 100)
MOST_RULES = max(RULES)

_SAMPLES = ("imported-s3.8", "imported-afsbp-lambda.1", "imported-cis-1.4.0-1.8", "imported-pci-kms.1")
_CONTROLS = [f"{service}.{n}" for service in ("S3", "EC2", "IAM", "RDS", "Lambda", "KMS") for n in range(1, 13)]
_ACCOUNTS, _REGIONS = ("111122223333", "444455556666"), ("eu-west-1", "eu-central-1", "us-east-1")
_STAGES, _SERVICES = ("production", "staging", "sandbox"), ("payments-api", "patient-records", "appointments", "lab")
_ARN = "arn:aws:{service}:{region}:{account}:{stage}-{owner}-{number:08x}"
_MANUAL = "https://docs.aws.amazon.com/console/securityhub/{control}/remediation"
_ADVICE = "For information on how to correct this issue, consult the AWS Security Hub controls documentation."
_BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
END_MS = round((_BEGAN + timedelta(days=1)).timestamp() * 1000)
"""After the last of them."""

type Json = dict[str, Any]


def corpus(findings: int = FINDINGS, seed: int = 1) -> Json:
    """`events` as texts, and `rules` in a form that is nobody's own.

    A rule has a name and some of: control, region, tag (key and value), resource (`*` stands for any text; `regex` says
    the same for those who write it so).
    """
    chance = random.Random(seed)  # noqa: S311 - the same ones each time
    samples = [_sample(name) for name in _SAMPLES]
    events = [json.dumps(_event(chance, chance.choice(samples))) for _ in range(findings)]
    return {"events": events, "rules": [_rule(chance, number) for number in range(MOST_RULES)], "now": END_MS}


def expected(events: Sequence[str], rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """The referee's own answer: for each event the name of the first rule that matches. Knows none of the three."""
    findings = [json.loads(event)["detail"]["findings"][0] for event in events]
    return [next((str(rule["name"]) for rule in rules if _matches(rule, one)), "") for one in findings]


def _matches(rule: Mapping[str, Any], finding: Json) -> bool:
    resource = finding["Resources"][0]
    said = {"control": finding["Compliance"]["SecurityControlId"], "region": finding["Region"]}
    if any(said[name] != rule[name] for name in said if name in rule):
        return False
    if "tag" in rule and resource["Tags"].get(rule["tag"][0]) != rule["tag"][1]:
        return False
    return "resource" not in rule or fnmatchcase(resource["Id"], rule["resource"])


def _sample(name: str) -> Json:
    path = ROOT / "tests" / "samples" / "securityhub" / f"{name}.json"
    event: Json = json.loads(path.read_text())
    finding = event["detail"]["findings"][0]
    # What Security Hub adds to every finding, and awsfindingsmanagerlib demands.
    finding["FindingProviderFields"] = {"Severity": dict(finding["Severity"]), "Types": list(finding["Types"])}
    finding["Compliance"]["Status"] = "FAILED"
    return event


def _event(chance: random.Random, sample: Json) -> Json:
    event = copy.deepcopy(sample)
    finding = event["detail"]["findings"][0]
    control, account, region = chance.choice(_CONTROLS), chance.choice(_ACCOUNTS), chance.choice(_REGIONS)
    stage, owner, service = chance.choice(_STAGES), chance.choice(_SERVICES), control.partition(".")[0].lower()
    seen = _BEGAN + timedelta(milliseconds=chance.randrange(86_000_000))
    number, hub = chance.getrandbits(32), f"arn:aws:securityhub:{region}"
    event |= {"id": f"{chance.getrandbits(128):032x}", "time": _iso(seen + timedelta(seconds=9)), "region": region}
    finding |= {
        "Id": f"{hub}:{account}:security-control/{control}/finding/{chance.getrandbits(128):032x}",
        "ProductArn": f"{hub}::product/aws/securityhub",
        "AwsAccountId": account,
        "Region": region,
        "CreatedAt": _iso(seen - timedelta(days=chance.randrange(300))),
        "UpdatedAt": _iso(seen),
    }
    finding["Compliance"]["SecurityControlId"] = control
    finding["Remediation"] = {"Recommendation": {"Text": _ADVICE, "Url": _MANUAL.format(control=control)}}
    finding["ProductFields"] |= {
        "RecommendationUrl": _MANUAL.format(control=control),
        "aws/securityhub/CompanyName": "AWS",
        "aws/securityhub/FindingId": f"{finding['ProductArn']}/{finding['Id']}",
    }
    finding["Resources"][0] |= {
        "Id": _ARN.format(service=service, region=region, account=account, stage=stage, owner=owner, number=number),
        "Region": region,
        "Tags": {"service": owner, "stage": stage, "cost-centre": str(chance.randrange(1000))},
    }
    return event


def _rule(chance: random.Random, number: int) -> Json:
    """Of ten rules three are for a control alone or nearly, one for none in particular, the others are narrow."""
    control, region = chance.choice(_CONTROLS), chance.choice(_REGIONS)
    stage, owner = chance.choice(_STAGES), chance.choice(_SERVICES)
    tag, pattern = ["service", owner], f"arn:aws:*:{stage}-{owner}-*"
    resource = {"resource": pattern, "regex": f"^{'.*'.join(map(re.escape, pattern.split('*')))}$"}
    forms: tuple[Json, ...] = (
        {"control": control},
        {"control": control, "tag": ["stage", stage]},
        {"control": control, "region": region},
        {"control": control, **resource},
        {"control": control, "tag": tag, "region": region},
        {"tag": ["cost-centre", str(chance.randrange(1000))], **resource},
        {"control": control, "tag": tag, **resource},
        {"control": control, "region": region, **resource},
        {"control": control, "tag": ["stage", "sandbox"]},
        {"control": control, "tag": tag, "region": region, **resource},
    )
    return {"name": f"rule-{number}"} | forms[number % len(forms)]


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
