"""The comparison with PyTorch, and the programs it runs."""
