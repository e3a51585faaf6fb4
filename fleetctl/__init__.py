"""fleetctl: the operator's and the product team's command line."""
