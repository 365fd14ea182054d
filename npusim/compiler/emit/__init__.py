"""Placed steps and their residence become tasks, queues and edges."""
