"""The policy of findings, tried at the desk: why a finding is decided as it is, and what a changed policy would do."""
