"""The recipes that train models, by name, and what a recipe consists of."""
