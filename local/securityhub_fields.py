"""Where in a finding the fields stand that GetFindings filters by.

Evidence: API reference, AwsSecurityFindingFilters (names, kinds) and AwsSecurityFinding (places); a test holds the
table to botocore's list of names. A filter's name is the path without its dots, but for the exceptions written out
here.
"""

_TOP = (
    "ProductArn AwsAccountId Id GeneratorId Region FirstObservedAt LastObservedAt CreatedAt UpdatedAt Confidence "
    "Criticality Title Description SourceUrl ProductFields ProductName CompanyName UserDefinedFields VerificationState "
    "WorkflowState RecordState Sample AwsAccountName"
)

# Prefix of the filters' names, the place in the finding, the members.
_GROUPS = (
    ("Severity", "Severity", "Product Normalized Label"),
    ("Malware", "Malware", "Name Type Path State"),
    ("Network", "Network", "Direction Protocol SourceIpV4 SourceIpV6 SourcePort SourceDomain SourceMac"),
    ("Network", "Network", "DestinationIpV4 DestinationIpV6 DestinationPort DestinationDomain"),
    ("Process", "Process", "Name Path Pid ParentPid LaunchedAt TerminatedAt"),
    ("ThreatIntelIndicator", "ThreatIntelIndicators", "Type Value Category LastObservedAt Source SourceUrl"),
    ("Resource", "Resources", "Type Id Partition Region Tags ApplicationName ApplicationArn Provider"),
    (
        "ResourceAwsEc2Instance",
        "Resources.Details.AwsEc2Instance",
        "Type ImageId IpV4Addresses IpV6Addresses KeyName IamInstanceProfileArn VpcId SubnetId LaunchedAt",
    ),
    ("ResourceAwsS3Bucket", "Resources.Details.AwsS3Bucket", "OwnerId OwnerName"),
    ("ResourceAwsIamAccessKey", "Resources.Details.AwsIamAccessKey", "UserName PrincipalName Status CreatedAt"),
    ("ResourceAwsIamUser", "Resources.Details.AwsIamUser", "UserName"),
    ("ResourceContainer", "Resources.Details.Container", "Name ImageId ImageName LaunchedAt"),
    ("ResourceDetails", "Resources.Details", "Other"),
    ("Compliance", "Compliance", "Status SecurityControlId"),
    ("ComplianceSecurityControlParameters", "Compliance.SecurityControlParameters", "Name Value"),
    ("Workflow", "Workflow", "Status"),
    ("RelatedFindings", "RelatedFindings", "ProductArn Id"),
    ("Note", "Note", "Text UpdatedAt UpdatedBy"),
    ("Vulnerabilities", "Vulnerabilities", "ExploitAvailable FixAvailable"),
    ("FindingProviderFields", "FindingProviderFields", "Confidence Criticality Types"),
    ("FindingProviderFieldsRelatedFindings", "FindingProviderFields.RelatedFindings", "Id ProductArn"),
    ("FindingProviderFieldsSeverity", "FindingProviderFields.Severity", "Label Original"),
)

PATHS: dict[str, str] = {
    **{name: name for name in _TOP.split()},
    **{f"{prefix}{name}": f"{place}.{name}" for prefix, place, names in _GROUPS for name in names.split()},
    "Type": "Types",
    "RecommendationText": "Remediation.Recommendation.Text",
    "ComplianceAssociatedStandardsId": "Compliance.AssociatedStandards.StandardsId",
    "ResourceOwnerAccountId": "Resources.Owner.Account.Id",
    "ResourceOwnerOrgId": "Resources.Owner.Org.Id",
}
"""Filter name to dotted path; `Keyword` looks at the whole finding and stands apart."""
