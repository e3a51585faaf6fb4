"""The kinds of values that stand in the configuration files.

A type's `description` is the words after "expected" in an error and an editor's hint; its `do` is the advice.
Patterns must match the whole text, and mean the same in Python and in an editor's JavaScript.
"""

from typing import Annotated, Any, Literal

from botocore.loaders import Loader
from msgspec import Meta


def _regions() -> list[str]:
    """Every Region of the partition `aws` that this botocore knows, from its own data: no network.

    Our ARNs, and the product ARNs that triage trusts, are those of that partition.
    """
    partitions: dict[str, Any] = Loader().load_data("partitions")
    (aws,) = (partition for partition in partitions["partitions"] if partition["id"] == "aws")
    return sorted(name for name in aws["regions"] if not name.endswith("-global"))


REGIONS = _regions()
_SLUG = "lower-case words of letters and digits, joined by hyphens"
_SLUG_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_CHANNEL = 'a Slack channel in quotes, as "#name" or by its id'
_CHANNEL_PATTERN = r"^(#[^\s#]{1,80}|[CG][A-Z0-9]{8,})$"
_CHANNEL_ADVICE = {"do": 'write it as "#name", in quotes: without them, YAML takes # for the start of a comment'}
_ID_ADVICE = {"do": 'write all 12 digits, leading zeros too, in quotes: "012345678901"'}

type Slug = Annotated[str, Meta(pattern=_SLUG_PATTERN, max_length=40, description=_SLUG)]
type Text = Annotated[str, Meta(pattern=r"^.*\S.*$", max_length=200, description="a text")]
type Channel = Annotated[str, Meta(pattern=_CHANNEL_PATTERN, description=_CHANNEL, extra=_CHANNEL_ADVICE)]
type SlackTeam = Annotated[
    str, Meta(pattern=r"^T[A-Z0-9]{8,}$", description="the id of a Slack workspace, for example T0123456789")
]
type SlackUser = Annotated[
    str,
    Meta(
        pattern=r"^[UW][A-Z0-9]{8,}$",
        description="the id of a Slack user, for example U0123456789",
        extra={"do": "copy the member id from the person's profile in Slack: names can be changed, ids cannot"},
    ),
]
type AccountId = Annotated[
    str, Meta(pattern=r"^[0-9]{12}$", description="an AWS account id: 12 digits in quotes", extra=_ID_ADVICE)
]
type Region = Annotated[str, Meta(description="an AWS Region", extra_json_schema={"enum": REGIONS})]
type Repository = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$",
        description="a repository as owner/name, for example acme/yagura",
    ),
]
type Email = Annotated[
    str, Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254, description="an e-mail address")
]
type Url = Annotated[
    str,
    Meta(pattern=r"^https?://[^\s/?#]+/([^\s?#]+/)?$", description="an http(s) address that ends with a slash"),
]
type RoleArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws:iam::[0-9]{12}:role/yagura/[A-Za-z0-9_+=,.@/-]{1,64}$",
        description="the ARN of a role below /yagura/, for example arn:aws:iam::111122223333:role/yagura/name",
    ),
]
# Only Identity Center makes roles of that name and sets their session name, which is the person's. A * for more
# would make a person of whoever may create a role, or assume one under a name of his choice.
type Principal = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws:(iam::[0-9]{12}:user/[A-Za-z0-9_+=,.@/-]{1,576}"
        r"|sts::[0-9]{12}:assumed-role/([A-Za-z0-9_+=,.@-]{1,64}|AWSReservedSSO_[A-Za-z0-9_+=,.@-]{1,40}_\*)"
        r"/[A-Za-z0-9_+=,.@-]{2,64})$",
        description="the ARN of one person's IAM user or role session, as "
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SRE_*/aiko@example.com, with * only for the end "
        "that Identity Center gives to its roles' names",
        extra={"do": "write out who it is: aws sts get-caller-identity shows it"},
    ),
]
_IDENTITY = r"([0-9a-f]{10}-)?[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}"
type IdentityUser = Annotated[
    str, Meta(pattern=f"^{_IDENTITY}$", description="the id of a user in IAM Identity Center")
]
type IdentityGroup = Annotated[
    str, Meta(pattern=f"^{_IDENTITY}$", description="the id of a group in IAM Identity Center")
]
type IdentityStore = Annotated[
    str,
    Meta(
        pattern=r"^(d-[0-9a-f]{10}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
        description="the id of an identity store, for example d-1234567890",
    ),
]
type SecretName = Annotated[
    str,
    Meta(pattern=r"^/yagura/[A-Za-z0-9_/+=.@-]{1,500}$", description="the name of a secret, below /yagura/"),
]
type EventName = Annotated[
    str, Meta(pattern=r"^[A-Z][A-Za-z0-9]{0,127}$", description="the name of a fleet event, for example FindingOpened")
]
type RouteChannel = Annotated[
    str,
    Meta(
        pattern=rf"^(owner|{_CHANNEL_PATTERN.removeprefix('^(')}",
        description=f"owner, or {_CHANNEL}",
        extra=_CHANNEL_ADVICE,
    ),
]
type SourcePrefix = Annotated[
    str,
    Meta(
        pattern=r"^(?!aws|yagura)[a-z0-9_-]+(\.[a-z0-9_-]+)*$",
        description="a lower-case event source such as acme.payments, with no dot at its end, "
        "that does not begin with aws or yagura",
        extra={"do": "name a source of your own: those of AWS and of the fleet cannot be given away"},
    ),
]
type StackPattern = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,127}\*?$",
        description="the name of a CloudFormation stack, or its beginning and a *",
    ),
]
# The catalogue matches with fnmatch, in which ? and [] have a meaning of their own: an ARN has no use for it.
type ArnPattern = Annotated[
    str, Meta(pattern=r"^arn:[^\s\[\]?]+$", description="an ARN in quotes, in which * stands for any text")
]
type FunctionName = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="the name of a Lambda function, without its alias")
]
# A policy's patterns know only *: whatever else means something to a shell would be looked for as it stands.
type ControlPattern = Annotated[
    str,
    Meta(
        pattern=r"^[^\s\[\]?]+$",
        max_length=256,
        description="a control as Security Hub calls it, for example S3.8, in which * stands for any text",
    ),
]
type ResourcePattern = Annotated[
    str,
    Meta(
        pattern=r"^[^\s\[\]?]+$",
        max_length=1024,
        description="the ARN or the id of a resource in quotes, in which * stands for any text",
    ),
]
type TagText = Annotated[str, Meta(min_length=1, max_length=256, description="a text of 1 to 256 characters")]

type Environment = Literal["production", "staging", "development", "sandbox", "local"]
type EnvironmentOrUnknown = Literal["production", "staging", "development", "sandbox", "local", "unknown"]
