"""A bound on the connections of one address, so that others find room."""

from collections import Counter

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MOST_OF_AN_ADDRESS = {"websocket": 60, "http": 300}
"""Visits and requests of one address at a time: a class behind one address has its tabs, and each
a page of photos."""

MOST_IN_ALL = {"websocket": 500, "http": 2000}
"""Visits and requests at a time."""

_TOO_MANY = PlainTextResponse("There are too many connections. Please try again later.", 429)


class ConnectionBounds:
    """Middleware that counts what goes on, by address; see `uvicorn --forwarded-allow-ips`."""

    def __init__(self, app: ASGIApp) -> None:
        """Guard an app."""
        self._app = app
        self._going_on: dict[str, Counter[str]] = {kind: Counter() for kind in MOST_IN_ALL}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or a visit."""
        kind = scope["type"]
        if kind not in self._going_on:
            await self._app(scope, receive, send)
            return
        going_on, address = self._going_on[kind], (scope.get("client") or ("", 0))[0]
        too_many = going_on[address] >= MOST_OF_AN_ADDRESS[kind]
        if too_many or going_on.total() >= MOST_IN_ALL[kind]:
            await self._refuse(scope, receive, send)
            return
        going_on[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            going_on[address] -= 1
            if not going_on[address]:
                del going_on[address]

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013})
        else:
            await _TOO_MANY(scope, receive, send)
