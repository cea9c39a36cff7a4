import pytest

from fer_core.words import counted


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 faces"), (1, "1 face"), (2, "2 faces"), (1000, "1,000 faces")]
)
def test_one_is_singular_and_thousands_have_a_comma(n: int, said: str) -> None:
    assert counted(n, "face") == said
