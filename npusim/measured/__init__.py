"""Measured machines: profiles of a real NPU or of Intel's compiler, beside our prediction or fitted to."""
