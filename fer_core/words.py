"""Numbers as messages say them."""


def counted(n: int, what: str) -> str:
    """A number with its noun, as `1 face`, `2 faces` or `1,000 faces`."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
