"""A key that those who need it may not use."""

from tests.stacks.mutations.mutation import HUB, ROLE, Mutation, one, revoke, without

MUTATIONS = {
    "alarms may not use the key": Mutation(
        "keys",
        "the key's policy does not let cloudwatch.amazonaws.com",
        "foundation",
        lambda r: without(one(r, "AWS::KMS::Key")["KeyPolicy"]["Statement"], "cloudwatch.amazonaws.com"),
    ),
    "topic under AWS's own key": Mutation(
        "keys",
        "services cannot publish through alias/aws/sns",
        "foundation",
        lambda r: one(r, "AWS::SNS::Topic").update(KmsMasterKeyId="alias/aws/sns"),
    ),
    "key that never rotates": Mutation(
        "keys", "does not rotate", "foundation", lambda r: one(r, "AWS::KMS::Key").pop("EnableKeyRotation")
    ),
    "writer may not use the table's key": Mutation(
        "keys", "grant kms:Encrypt on it", "findings", lambda r: revoke(r, "Triage", "kms:Encrypt")
    ),
    "whoever claims may not use the table's key": Mutation(
        "keys",
        "hub/chatops ClaimsE8D96B24: uses ChatopsTable",
        "chatops",
        lambda r: without(one(r, ROLE, "Claims")["Policies"][0]["PolicyDocument"]["Statement"], "kms:Encrypt"),
        HUB,
    ),
    "reader may not use the table's key": Mutation(
        "keys", "grant kms:Decrypt on it", "findings", lambda r: revoke(r, "Publish", "kms:Decrypt")
    ),
}
