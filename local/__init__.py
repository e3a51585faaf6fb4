"""The local cloud: a hub and a spoke account on one machine, with no Docker and no AWS account."""
