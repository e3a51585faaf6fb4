"""The audit chain outside the fleet: exported as a file, and checked by whoever wants to."""
