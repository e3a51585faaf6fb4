"""What the fleet's own functions share: clock, events, outbox, queue worker, modes, catalogue."""
