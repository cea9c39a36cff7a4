"""Training, evaluating and exporting models. Nothing but the command line imports it."""
