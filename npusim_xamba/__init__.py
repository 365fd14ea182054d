"""What both tools stand on and neither owns: files in and out, and foreign names fit for a terminal.

It imports nothing of npusim and nothing of xamba, so that each of them can be used without the other.
"""
