"""A visitor without a browser: opens a visit, uploads and runs pages as the front end does."""

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileUploaderState, FileURLs, UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

T = TypeVar("T")

LOOK_S = 0.1
"""Time without a message after which a page is asked again."""


@dataclass
class Visitor:
    """One visit to the app at a URL, from one of this machine's addresses."""

    url: str
    address: str = "127.0.0.1"
    messages: list[ForwardMsg] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open it; its first page does not run before `run`."""
        self._host = urlsplit(self.url).netloc
        self._open = ExitStack()
        opened = connect(
            f"ws://{self._host}/_stcore/stream",
            origin=Origin(self.url),
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            max_queue=None,  # closing would wait for what nobody reads
            source_address=(self.address, 0),
        )
        self._socket: ClientConnection = self._open.enter_context(opened)
        self.id = self._page = ""
        self._fragments: list[str] = []

    def send(self, **message: object) -> None:
        """Send a message of the front end."""
        self._socket.send(BackMsg(**message).SerializeToString())  # type: ignore[arg-type]

    def run(self, timeout_s: float = 30, **state: object) -> list[ForwardMsg]:
        """Run the page and return what it sends until it is done."""
        self.send(rerun_script=state)
        return self.wait_for("script_finished", timeout_s)

    def wait_for(self, kind: str, timeout_s: float = 30) -> list[ForwardMsg]:
        """The server's messages up to and with the first one of a kind."""
        found: list[ForwardMsg] = []
        while not found or found[-1].WhichOneof("type") != kind:
            found.append(self._receive(timeout_s))
        return found

    def _receive(self, timeout_s: float) -> ForwardMsg:
        message: ForwardMsg = ForwardMsg.FromString(self._socket.recv(timeout_s))
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.id = message.new_session.initialize.session_id
            self._page = message.new_session.page_script_hash
        elif kind == "auto_rerun":
            self._fragments.append(message.auto_rerun.fragment_id)
        elif kind == "stop_auto_rerun":
            over = message.stop_auto_rerun.fragment_ids
            self._fragments = [each for each in self._fragments if each not in over]
        return message

    def submit(self, page: str, data: bytes, name: str) -> bool:
        """Give a file to the uploader of a page that was not shown before; whether it was taken."""
        self.send(rerun_script={"page_name": page})
        uploader_id = self._look(_uploader, 30)
        assert uploader_id, f"there is no uploader on {page}"
        status, file_id = self.upload(data, name)
        info = UploadedFileInfo(
            file_id=file_id, name=name, size=len(data), file_urls=FileURLs(file_id=file_id)
        )
        given = FileUploaderState(uploaded_file_info=[info])
        widget = WidgetState(id=uploader_id, file_uploader_state_value=given)
        self.send(rerun_script={"page_name": page, "widget_states": {"widgets": [widget]}})
        return status == 204

    def press(self, label: str, seconds: float) -> None:
        """Press the button that is called so, as soon as the page shows it."""
        button_id = self._look(lambda message: _button(message, label), seconds)
        assert button_id, f"there is no {label}"
        widget = WidgetState(id=button_id, trigger_value=True)
        state = {"page_script_hash": self._page, "widget_states": {"widgets": [widget]}}
        self.send(rerun_script=state)

    def until(self, text: bytes, seconds: float) -> bool:
        """Look at the page until this stands in it; whether it came."""
        return bool(self._look(lambda message: text in message.SerializeToString(), seconds))

    def _look(self, wanted: Callable[[ForwardMsg], T], seconds: float) -> T | None:
        """Look at the page, as often as it asks for, until something true is found in a message."""
        deadline_s = time.monotonic() + seconds
        while time.monotonic() < deadline_s:
            try:
                if found := wanted(self._receive(LOOK_S)):
                    return found
            except TimeoutError:
                for fragment in dict.fromkeys(self._fragments):
                    state = {"fragment_id": fragment, "is_auto_rerun": True}
                    self.send(rerun_script={"page_script_hash": self._page, **state})
        return None

    def upload(self, data: bytes, name: str = "photo.jpg") -> tuple[int, str]:
        """Status of the answer, and the id of the file."""
        file_id, token = str(uuid4()), secrets.token_hex(16)
        head = (
            f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + data + b"\r\n--x--\r\n"
        headers = {
            "Content-Type": "multipart/form-data; boundary=x",
            "Cookie": f"_streamlit_xsrf={token}",
            "X-Xsrftoken": token,
        }
        connection = HTTPConnection(self._host, timeout=60, source_address=(self.address, 0))
        try:
            path = f"/_stcore/upload_file/{self.id}/{file_id}"
            connection.request("PUT", path, body, headers)
            return connection.getresponse().status, file_id
        finally:
            connection.close()

    def close(self) -> None:
        """Close the tab."""
        self._open.close()


def _button(message: ForwardMsg, label: str) -> str:
    """The id of the button that a message shows, if it is called so."""
    button = message.delta.new_element.button
    found: str = button.id if button.label == label else ""
    return found


def _uploader(message: ForwardMsg) -> str:
    """The id of the uploader that a message shows, if it shows one."""
    found: str = message.delta.new_element.file_uploader.id
    return found
