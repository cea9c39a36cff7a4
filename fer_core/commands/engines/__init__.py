"""The engines that analyze the files of `predict`: threads of this process, or a Ray cluster."""
