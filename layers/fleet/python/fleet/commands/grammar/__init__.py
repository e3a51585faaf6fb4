"""How a line of text becomes a command: pure functions of the text, the declarations and the fleet's accounts."""
