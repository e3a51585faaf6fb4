"""The budget of effects that all functions of this deployment share."""

from functools import partial

from fleet.budget import Budget
from functions.findings.office import Office
from functions.findings.telling import budget_used_up


def budget_of(office: Office) -> Budget:
    """As the policy has it."""
    settings, per_hour = office.settings, office.policy.effects_per_hour
    return Budget(
        office.table,
        per_hour=per_hour,
        capability=settings.capability,
        used_up=partial(budget_used_up, settings.account, settings.region, per_hour),
    )
