"""What runs in Lambda: one package per capability."""
