"""npusim: an ONNX graph in; its latency on an Intel NPU, and why, out."""
