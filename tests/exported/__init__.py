"""Networks as PyTorch's exporters leave them: nobody here wrote a node of them."""
