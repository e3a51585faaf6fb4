"""Tables that an update would replace, or that nobody protects."""

from tests.stacks.mutations.mutation import TABLE, Mutation, one, replace_text

MUTATIONS = {
    "table with another key": Mutation(
        "tables",
        "CloudFormation would replace it",
        "findings",
        lambda r: replace_text(r, "FindingsTable", '"AttributeName": "pk"', '"AttributeName": "id"'),
    ),
    "table with another name": Mutation(
        "tables", "table was yagura-findings", "findings", lambda r: one(r, TABLE).update(TableName="yagura-problems")
    ),
    "table with another logical id": Mutation(
        "tables",
        "TableX: is not in tables.json",
        "findings",
        lambda r: r.update(TableX=r.pop("FindingsTable")),
    ),
    "two indexes at once": Mutation(
        "tables",
        "indexes by_owner, by_time change at once",
        "findings",
        lambda r: one(r, TABLE)["GlobalSecondaryIndexes"].extend(
            {"IndexName": name, "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}
            for name in ("by_owner", "by_time")
        ),
    ),
    "one index, not registered": Mutation(
        "tables",
        "write it into tables.json",
        "findings",
        lambda r: one(r, TABLE)["GlobalSecondaryIndexes"].append(
            {"IndexName": "by_owner", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}
        ),
    ),
    "index with another key": Mutation(
        "tables",
        "index pending changes its keys",
        "findings",
        lambda r: one(r, TABLE)["GlobalSecondaryIndexes"][0]["KeySchema"].pop(),
    ),
    "table that goes with its stack": Mutation(
        "tables", "must be retained", "findings", lambda r: r["FindingsTable"].update(DeletionPolicy="Delete")
    ),
    "table that anyone deletes": Mutation(
        "tables", "no deletion protection", "findings", lambda r: one(r, TABLE).update(DeletionProtectionEnabled=False)
    ),
    "table without recovery": Mutation(
        "tables",
        "no point-in-time recovery",
        "findings",
        lambda r: one(r, TABLE).pop("PointInTimeRecoverySpecification"),
    ),
}
