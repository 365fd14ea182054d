"""Two reports side by side: the waterfall between them and its page."""
