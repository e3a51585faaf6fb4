"""One stack per capability, and the foundation that they stand on."""
