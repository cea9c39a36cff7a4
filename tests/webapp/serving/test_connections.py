"""One address cannot take all connections."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from webapp.serving import connections
from webapp.serving.connections import ConnectionBounds


async def ask(bounds: ConnectionBounds, **scope: Any) -> list[Message]:
    answers: list[Message] = []

    async def send(message: Message) -> None:
        answers.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    await bounds({"type": "http", "client": ("192.0.2.1", 1), **scope}, receive, send)
    return answers


class Held:
    """An app whose requests go on until they are let go."""

    def __init__(self) -> None:
        self.n_asked = 0
        self.let_go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.n_asked += 1
        await self.let_go.wait()


async def hold_three() -> tuple[list[list[Message]], int]:
    """Others' responses while an address holds three requests, and the number that came through."""
    app = Held()
    bounds = ConnectionBounds(app)
    held = [asyncio.create_task(ask(bounds)) for _ in range(3)]
    await asyncio.sleep(0)
    answers = [await ask(bounds)]
    others = [asyncio.create_task(ask(bounds, client=("192.0.2.2", 1)))]
    await asyncio.sleep(0)
    n_asked = app.n_asked
    app.let_go.set()
    await asyncio.gather(*held, *others)
    await ask(bounds)
    assert app.n_asked == n_asked + 1
    assert not bounds._going_on["http"]
    return answers, n_asked


def test_an_address_has_so_many_connections_and_others_have_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(connections.MOST_OF_AN_ADDRESS, "http", 3)
    ((refused, *_),), n_asked = asyncio.run(hold_three())
    assert refused["status"] == 429
    assert n_asked == 4


def test_there_are_so_many_connections_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections.MOST_IN_ALL, "http", 3)
    assert asyncio.run(hold_three())[1] == 3


def test_a_visit_too_many_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections.MOST_OF_AN_ADDRESS, "websocket", 0)
    answers = asyncio.run(ask(ConnectionBounds(Held()), type="websocket"))
    assert answers == [{"type": "websocket.close", "code": 1013}]


def test_what_is_no_connection_passes() -> None:
    app = Held()
    app.let_go.set()
    asyncio.run(ask(ConnectionBounds(app), type="lifespan"))
    assert app.n_asked == 1
