"""The machine behind Keras: devices, precision and the optimizer."""
