"""Chat: what the fleet tells people."""
