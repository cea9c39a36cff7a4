import subprocess
import sys

# In a process of its own, since what is spared once stays so.
PROGRAM = """
import gc, sys
from serving.garbage import spare_what_is_loaded

class Loop:
    pass

def loops():
    return sum(type(each) is Loop for each in gc.get_objects())

kept, garbage = Loop(), Loop()
kept.itself, garbage.itself = kept, garbage
del garbage
spare_what_is_loaded()
assert "pandas" in sys.modules
n_spared = gc.get_freeze_count()
assert n_spared > 50_000, n_spared
assert len(gc.get_objects()) < n_spared / 20
later = Loop()
later.itself = later
assert loops() == 1
spare_what_is_loaded()
assert gc.get_freeze_count() == n_spared, "a second time would keep the viewers' objects for good"
del later
assert gc.collect() > 0
assert loops() == 0
gc.unfreeze()
assert loops() == 1, "garbage of before is not kept"
"""


def test_what_is_loaded_is_left_out_of_collections_and_nothing_that_comes_later() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
