"""What layers are made of, one kind a file: its weights, what it keeps from token to token, and its nodes."""
