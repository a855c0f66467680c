"""The operations that NumPy lacks, in PyTorch's layout (NCHW), as plain NumPy functions.

They run as they stand, and inside a differentiated function they are inlined like any function of the user's: they keep
to the language that the frontend lowers. float32 stays float32.
"""

from mindast.nn.activations import (
    dropout,
    gelu,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
)
from mindast.nn.attention import cross_entropy, embedding, scaled_dot_product_attention
from mindast.nn.convolution import avg_pool2d, conv1d, conv2d, max_pool2d
from mindast.nn.normalisation import batch_norm, layer_norm

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "conv1d",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "layer_norm",
    "log_softmax",
    "logsumexp",
    "max_pool2d",
    "relu",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
]
