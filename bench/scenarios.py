"""The smallest things that the fleet does, one for each group of permissions; each says what went wrong, or nothing.

A scenario names the roles and actions that it exercises: it must fail without each of them.
"""

from bench import scenes_accounts, scenes_findings, scenes_people

SCENARIOS = (*scenes_findings.SCENARIOS, *scenes_people.SCENARIOS, *scenes_accounts.SCENARIOS)
