"""Predictions beside reality: a real NPU through OpenVINO, Intel's compiler without one, users' own profiles."""
