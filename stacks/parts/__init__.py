"""What every capability's stack is made of."""
