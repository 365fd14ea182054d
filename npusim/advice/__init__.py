"""What to do about a latency: what-ifs, and ranked advice in sentences with numbers."""
