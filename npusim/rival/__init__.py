"""The prediction for an NPU beside the same model on this machine's CPU, measured: who is faster, and why."""
