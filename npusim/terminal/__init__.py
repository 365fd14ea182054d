"""What a command shows on a terminal and how it puts files in place."""
