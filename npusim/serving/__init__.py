"""A mix of prompts on one NPU: graphs of a few fixed sizes against padding every prompt to the longest."""
