"""What is known about a graph before it runs."""
