"""The scoreboard (`python -m bench`), and the two proofs of `make prove`: of the permissions, and of the tests."""
