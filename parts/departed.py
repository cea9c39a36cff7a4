"""Visits that are over are forgotten in time, on a quiet server too."""

from functools import cache

from streamlit import runtime

from serving.garbage import collect_and_spare, give_back

EVERY_S = 30.0


@cache
def forget_in_time() -> None:
    """From now on, drop what Streamlit keeps of visits that are over.

    Streamlit keeps a visit for `server.disconnectedSessionTTL` seconds after its browser went, but
    drops it only when the next visit ends: on a quiet server photos would stay for hours.
    """
    server = runtime.get_instance()
    if not hasattr(server, "_session_mgr"):  # another Streamlit than the pinned one
        return
    loop = server._get_async_objs().eventloop
    visits = server._session_mgr._session_storage._cache  # type: ignore[attr-defined]

    def forget() -> None:
        visits.expire()
        collect_and_spare()  # a visit and its server point at each other
        give_back()
        loop.call_later(EVERY_S, forget)

    loop.call_soon_threadsafe(forget)
