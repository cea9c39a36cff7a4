"""Visits that are over are forgotten in time, on a quiet server too. Made for Streamlit 1.67."""

import logging
import sys
import weakref
from functools import cache
from types import ModuleType
from typing import Any

from streamlit import runtime

from webapp.monitoring.memory import collect_and_spare, give_back

LOGGER = logging.getLogger(__name__)

EVERY_S = 30.0

_NEEDED = ("_session_mgr", "_get_async_objs")


@cache
def forget_in_time() -> None:
    """End visits that are over, from now on.

    Streamlit keeps a visit for `server.disconnectedSessionTTL` seconds after its browser went, but
    drops it only when the next visit ends, and the loop that sends messages holds the last one: on
    a quiet server photos would stay for hours. So what is over is shut down and emptied here.
    """
    server = runtime.get_instance()
    if not all(hasattr(server, name) for name in _NEEDED):
        LOGGER.warning("Visits that are over may stay in memory on a quiet server.")
        return
    visits = server._session_mgr
    storage = visits._session_storage  # type: ignore[attr-defined]
    loop = server._get_async_objs().eventloop
    parked: weakref.WeakSet[Any] = weakref.WeakSet()
    save = storage.save

    def save_and_note(visit: Any) -> None:
        parked.add(visit.session)
        save(visit)

    storage.save = save_and_note

    def forget() -> None:
        loop.call_later(EVERY_S, forget)
        for session in list(parked):
            if visits.get_session_info(session.id) is None:
                parked.discard(session)
                end(session)
        storage._cache.expire()
        server.media_file_mgr.remove_orphaned_files()  # downloads go at the second time alone
        collect_and_spare()  # a visit and its server point at each other
        give_back()

    loop.call_soon_threadsafe(forget)


def end(session: Any) -> None:
    """Shut a visit down and empty it, since something may still refer to it.

    The names that its page gave to photos live on in the module of the last page that ran.
    """
    session.shutdown()
    session.flush_browser_queue()
    session.session_state.clear()
    sys.modules["__main__"] = ModuleType("__main__")
