"""boto3's client of a Security Hub in memory: the local cloud's, so what AWS would not take or answer is refused."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from local import securityhub_cspm as cspm
from local import securityhub_pages as pages
from local import securityhub_v2 as v2
from local.securityhub_behave import Behaviour
from local.securityhub_model import RefusedError, invalid, is_v2, model, problems
from local.securityhub_store import Call, FindingKey, Hub, Record
from tests.functions.entry import ACCOUNT, REGION
from tests.layers.fleet.fakes import Steps

type Json = dict[str, Any]

PRODUCT = f"arn:aws:securityhub:{REGION}::product/aws/securityhub"


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class FakeSecurityHub:
    """Of one account and Region. Each call is a step at which one may be killed."""

    def __init__(self, steps: Steps | None = None, now: Callable[[], int] = lambda: 0) -> None:
        self.steps, self._now = steps or Steps(), now
        self.hub = Hub(ACCOUNT, REGION)
        self._behaviour = Behaviour()
        self.calls: list[tuple[str, Json]] = []
        """Operation and request of each, refused ones too."""
        self.events: list[str] = []
        """What EventBridge would bring of them, in its order; whoever delivers one takes it off."""
        self.spoilt: set[str] = set()
        """Ids of findings that are unfit: a call with one of them is refused as a whole."""
        self.seen_late: dict[FindingKey, Json] = {}
        """What reads still see of findings that are others by now."""
        self.made = 0
        self.behaves()

    # As the tests arrange and look at it.

    def behaves(self, **wish: Any) -> None:
        """As local/securityhub_behave.py has it; without a wish, as it should."""
        self._behaviour.wish({"limits": False} | wish)

    def put(self, finding: Json) -> None:
        """A finding as its provider has it; its event comes."""
        self.hub.findings[FindingKey(finding["Id"], finding["ProductArn"])] = Record(copy.deepcopy(finding))
        self._tell([finding], ocsf=False)

    def put_v2(self, finding: Json) -> None:
        """An OCSF finding as AWS has it; its event comes."""
        call = self._call("")
        v2.import_ocsf(self.hub, [copy.deepcopy(finding)], call)
        self._tell(call.echoes, ocsf=True)

    def remove(self, finding_id: str) -> None:
        """A finding of either form is there no more, and nobody says so."""
        self.hub.findings = {key: kept for key, kept in self.hub.findings.items() if key.id != finding_id}
        self.hub.ocsf = {
            uid: kept for uid, kept in self.hub.ocsf.items() if kept.finding["finding_info"]["uid"] != finding_id
        }

    def finding(self, finding_id: str) -> Json:
        (found,) = (record.finding for key, record in self.hub.findings.items() if key.id == finding_id)
        return found

    def workflow(self, finding_id: str) -> str:
        return str(self.finding(finding_id)["Workflow"]["Status"])

    def asked(self, operation: str = "BatchUpdateFindings") -> list[Json]:
        """The requests of one operation."""
        return [request for name, request in self.calls if name == operation]

    # As boto3 calls it.

    def get_findings(self, **request: Any) -> Json:
        return self._answer("GetFindings", request, cspm.get)

    def get_findings_v2(self, **request: Any) -> Json:
        return self._answer("GetFindingsV2", request, v2.get)

    def batch_update_findings(self, **request: Any) -> Json:
        return self._answer("BatchUpdateFindings", request, cspm.batch_update)

    def batch_update_findings_v2(self, **request: Any) -> Json:
        return self._answer("BatchUpdateFindingsV2", request, v2.batch_update)

    def _answer(self, operation: str, request: Json, work: Callable[[Hub, Json, Call], Json]) -> Json:
        self.calls.append((operation, copy.deepcopy(request)))

        def answer() -> Json:
            try:
                return self._worked(operation, request, work)
            except RefusedError as refused:
                told: Any = {"Error": {"Code": refused.code, "Message": str(refused)}}
                raise ClientError(told, operation) from refused

        return self.steps.call(operation, answer)

    def _worked(self, operation: str, request: Json, work: Callable[[Hub, Json, Call], Json]) -> Json:
        self._behaviour.refuse(ACCOUNT, REGION, operation)
        unfit = [*problems(model(operation).input_shape, request), *self._spoilt(request)]
        for problem in unfit:
            raise invalid(operation, problem)
        call = self._call(operation)
        answer = json.loads(json.dumps(work(self.hub, request, call)))
        assert list(problems(model(operation).output_shape, answer, "answer")) == []
        self._tell(call.echoes, ocsf=is_v2(operation))
        self._behaviour.lose_answer(ACCOUNT, operation)
        if operation == "GetFindings":
            late = {key: value for key, value in self.seen_late.items() if key in self.hub.findings}
            answer["Findings"] = [late.get(FindingKey(f["Id"], f["ProductArn"]), f) for f in answer["Findings"]]
        return dict(answer)

    def _spoilt(self, request: Json) -> list[str]:
        named = [each.get("Id") or each["FindingInfoUid"] for each in request.get("FindingIdentifiers", [])]
        return ["data.FindingIdentifiers should match the pattern" for each in named if each in self.spoilt]

    def _call(self, operation: str) -> Call:
        return Call("yagura", iso(self._now()), self._behaviour.spoiler(ACCOUNT, operation))

    def _tell(self, findings: list[Json], *, ocsf: bool) -> None:
        for finding in findings:
            self.made += 1
            envelope: Json = {
                "version": "0",
                "id": f"hub-{self.made}",
                "source": "aws.securityhub",
                "detail-type": "Findings Imported V2" if ocsf else "Security Hub Findings - Imported",
                "account": ACCOUNT,
                "region": REGION,
                "time": iso(self._now()),
                "resources": [],
                "detail": {"findings": [copy.deepcopy(finding)]},
            }
            self.events.append(json.dumps(envelope))

    @staticmethod
    def forget_tokens() -> None:
        pages.forget()


def asff(name: str = "a", *, at: int, status: str = "FAILED", workflow: str = "NEW", **more: Any) -> Json:
    """A finding of a control about the bucket `name`."""
    known: Json = {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:{REGION}:{ACCOUNT}:security-control/S3.8/finding/{name}",
        "ProductArn": PRODUCT,
        "GeneratorId": "security-control/S3.8",
        "AwsAccountId": ACCOUNT,
        "Region": REGION,
        "CreatedAt": iso(at),
        "UpdatedAt": iso(at),
        "Title": "Buckets should block public access",
        "Description": "-",
        "Severity": {"Label": "HIGH"},
        "Compliance": {"Status": status, "SecurityControlId": "S3.8"},
        "Workflow": {"Status": workflow},
        "RecordState": "ACTIVE",
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::{name}"}],
    }
    return known | more


def ocsf(name: str = "a", *, at: int, **more: Any) -> Json:
    """The same in the schema of Security Hub V2."""
    known: Json = {
        "activity_id": 1,
        "class_uid": 2003,
        "cloud": {"account": {"uid": ACCOUNT}, "region": REGION},
        "compliance": {"control": "S3.8", "status": "Fail", "status_id": 3, "standards": ["standards/x"]},
        "finding_info": {
            "uid": f"arn:aws:securityhub:{REGION}:{ACCOUNT}:security-control/S3.8/finding/{name}",
            "title": "Buckets should block public access",
            "created_time_dt": iso(at),
            "modified_time_dt": iso(at),
        },
        "metadata": {"product": {"uid": f"arn:aws:securityhub:{REGION}::productv2/aws/securityhub"}},
        "resources": [{"type": "AWS::S3::Bucket", "uid": f"arn:aws:s3:::{name}", "region": REGION}],
        "severity_id": 4,
        "severity": "High",
        "status_id": 1,
        "status": "New",
        "time": at,
        "time_dt": iso(at),
    }
    return known | more
