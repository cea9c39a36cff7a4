"""A trained model as a file for another runtime, checked against its source."""
