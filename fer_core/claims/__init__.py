"""Checks what files claim to hold against limits, before a decoder makes room for it."""
