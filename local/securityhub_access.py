"""Who calls Security Hub, and may they? By the emulator's own authentication and policy evaluation.

Evidence: Service Authorization Reference, "AWS Security Hub":
- GetFindingsV2 is authorized as GetFindings, BatchUpdateFindingsV2 as BatchUpdateFindings, on the hub (`hub/default`,
  or `hubv2/...`); BatchImportFindings on each product, with `securityhub:TargetAccount`.
- `securityhub:ASFFSyntaxPath/<field>` are the fields of a BatchUpdateFindings: Confidence, Criticality, Note.Text,
  Note.UpdatedBy, RelatedFindings, Types, UserDefinedFields.key and .value, VerificationState, Workflow.Status (User
  Guide, "Configuring access to BatchUpdateFindings"; these names stand in the managed policy
  AWSSystemsManagerOpsDataSyncServiceRolePolicy), Severity.Label, .Normalized and .Product likewise;
  `securityhub:OCSFSyntaxPath/<SeverityId|StatusId|Comment>` those of BatchUpdateFindingsV2.
- BatchImportFindings is for an account's own findings under its default product; another account or a product that is
  not one's own is refused with AccessDeniedException, whatever the policies say (prowler-cloud/prowler issue 867,
  cloud-custodian issue 6091). Here the root of an account stands for the AWS services, partners and administrators
  that may import such findings, since nobody else can play them; roles and users are refused as on AWS.
"""

from typing import Any
from urllib.parse import parse_qs, quote

from ministack import app as emulator
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region, set_request_account_id, set_request_region
from ministack.core.router import extract_access_key_id, extract_region
from ministack.core.sigv4 import decode_header_value

from local.asgi import Scope

type Json = dict[str, Any]
type Reply = tuple[int, dict[str, str], bytes]

_ACTIONS = {"GetFindingsV2": "GetFindings", "BatchUpdateFindingsV2": "BatchUpdateFindings"}
_ASFF = {"Note": ("Text", "UpdatedBy"), "Severity": ("Label", "Normalized", "Product"), "Workflow": ("Status",)}
_OCSF = ("SeverityId", "StatusId", "Comment")


class DeniedError(Exception):
    """The caller is not known, or may not do this; `reply` is the answer."""

    def __init__(self, code: str, reply: Reply) -> None:
        super().__init__(code)
        self.code = code
        self.reply = reply


def identify(scope: Scope, body: bytes) -> tuple[str, str]:
    """(account, Region) of a request; from here on the emulator's functions know its caller."""
    headers = _headers(scope)
    asked = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    iam_evaluator.pin_request_origin((scope.get("client") or ("127.0.0.1",))[0], True)  # noqa: FBT003 - its signature
    iam_evaluator.pin_signed_request(scope["method"], raw_path.decode("latin-1"), asked, scope["headers"])
    iam_evaluator.pin_signed_body(body)
    set_request_account_id(emulator._request_account_scope(extract_access_key_id(headers)))
    set_request_region(extract_region(headers))
    return get_account_id(), get_region()


def principal(scope: Scope) -> str:
    """The ARN of the caller, as far as the access key tells."""
    return str(iam_evaluator.request_caller_arn(_headers(scope)))


def authorize(operation: str, asked: Json, scope: Scope, request_id: str) -> None:
    """Verify the signature and ask the policies. Raises DeniedError."""
    headers = _headers(scope)
    key, action = extract_access_key_id(headers), f"securityhub:{_ACTIONS.get(operation, operation)}"
    for resource, keys in _checks(operation, asked):
        denied = iam_evaluator.enforce(
            key, action, "securityhub", get_region(), resource_arn=resource, service_context=keys
        )
        if isinstance(denied, iam_evaluator.AuthError):
            reply = iam_actions.access_denied_response(
                "securityhub", action, "", request_id, error_code=denied.code, message=denied.message, headers=headers
            )
            raise DeniedError(denied.code, reply)
        foreign = operation == "BatchImportFindings" and not denied and _foreign(resource, keys)
        caller = principal(scope)
        if denied or (foreign and not caller.endswith(":root")):
            reply = iam_actions.access_denied_response(
                "securityhub",
                action,
                caller,
                request_id,
                headers=headers,
                resource_arn=resource,
                explicit_deny=bool(denied) and denied.decision == "Deny",
                **(
                    {}
                    if denied
                    else {"message": f"User: {caller} is not authorized to perform: {action} on resource: {resource}"}
                ),
            )
            raise DeniedError("AccessDeniedException", reply)


def _checks(operation: str, asked: Json) -> list[tuple[str, Json]]:
    """What is to be authorized: (resource, condition keys)."""
    hub = f"arn:aws:securityhub:{get_region()}:{get_account_id()}:hub"
    if operation == "BatchImportFindings":
        listed = asked.get("Findings")
        findings = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        named = {(str(each.get("ProductArn", "*")), str(each.get("AwsAccountId", ""))) for each in findings}
        return [(product, {"securityhub:TargetAccount": target}) for product, target in sorted(named)] or [("*", {})]
    if operation.endswith("V2"):
        return [(f"{hub}v2/00000000-0000-4000-8000-{get_account_id()}", _ocsf_keys(operation, asked))]
    return [(f"{hub}/default", _asff_keys(asked) if operation == "BatchUpdateFindings" else {})]


def _foreign(product: str, keys: Json) -> bool:
    own = f"arn:aws:securityhub:{get_region()}:{get_account_id()}:product/{get_account_id()}/default"
    return product != own or keys.get("securityhub:TargetAccount") != get_account_id()


def _asff_keys(asked: Json) -> Json:
    found: Json = {}
    for name, value in asked.items():
        if name in _ASFF and isinstance(value, dict):
            found |= {f"{name}.{part}": str(value[part]) for part in _ASFF[name] if part in value}
        elif name == "UserDefinedFields" and isinstance(value, dict):
            found |= {f"{name}.key": list(value), f"{name}.value": [str(each) for each in value.values()]}
        elif name in {"Types", "RelatedFindings"} and isinstance(value, list):
            found[name] = [str(each) for each in value]
        elif name in {"Confidence", "Criticality", "VerificationState"}:
            found[name] = str(value)
    return {f"securityhub:ASFFSyntaxPath/{name}": value for name, value in found.items()}


def _ocsf_keys(operation: str, asked: Json) -> Json:
    if operation != "BatchUpdateFindingsV2":
        return {}
    return {f"securityhub:OCSFSyntaxPath/{name}": str(asked[name]) for name in _OCSF if asked.get(name) is not None}


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): decode_header_value(value) for name, value in scope["headers"]}
