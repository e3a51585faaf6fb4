"""Security Hub findings: normalised, owned, remembered, told."""
