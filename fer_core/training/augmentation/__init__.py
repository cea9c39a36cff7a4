"""Random changes of training faces that leave their expression as it is."""
