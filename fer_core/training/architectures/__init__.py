"""The layers of each network, by family.

Every builder takes the number of classes and returns an untrained Keras network under the model
file's contract: raw gray pixels 0..255 in, float32 `(N, 48, 48, C)`, repeated where C is 3;
probabilities out, float32 `(N, K)`; scaling inside; built-in layers only.
"""
