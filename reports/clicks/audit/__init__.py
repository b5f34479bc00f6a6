"""Check stored clicks and roll-ups against each other, and make them again."""
