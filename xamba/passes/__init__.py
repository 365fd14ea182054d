"""The rewrites, one file each, and what they share."""
