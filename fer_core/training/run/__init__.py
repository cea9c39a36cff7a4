"""A training run: a recipe and a data set in, a model's folder out; it can be resumed."""
