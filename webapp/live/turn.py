"""Short-lived credentials for a TURN server, which relays video where no direct way exists.

The scheme is "A REST API for Access to TURN Services" (draft-uberti-behave-turn-rest-00), coturn's
`use-auth-secret`: the user name is the time of expiry and an identifier, the password an HMAC of
the user name under a secret that only this server and the TURN server know.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

LIFETIME_S = 2 * 3600
"""The longest that credentials are good for; those handed out last at least half of it."""

_URL = re.compile(r"turns?:[^\s,?/@]+(\?transport=(udp|tcp))?")


@dataclass(frozen=True)
class TurnServer:
    """A TURN server and the secret shared with it.

    Attributes:
        urls: Its addresses, such as `turn:turn.example.org:3478?transport=udp`; aiortc, this
            server's own end, uses the first.
        secret: coturn's `static-auth-secret`; kept out of `repr`.
    """

    urls: tuple[str, ...]
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.urls or not all(map(_URL.fullmatch, self.urls)):
            raise ValueError(f"Expected URLs such as turn:host:3478. Received: {self.urls}")
        if not self.secret:
            raise ValueError("The secret is empty.")

    def ice_server(self, viewer: str, now_s: float) -> dict[str, str | Sequence[str]]:
        """An entry of WebRTC's `iceServers` for one viewer, the same for half a lifetime.

        Args:
            viewer: A name that no other viewer has; it goes to the TURN server.
            now_s: Seconds since 1970.
        """
        step_s = LIFETIME_S // 2
        expiry_s = (int(now_s) // step_s + 2) * step_s
        username = f"{expiry_s}:{viewer}"
        return {
            "urls": list(self.urls),
            "username": username,
            "credential": password(self.secret, username),
        }


def password(secret: str, username: str) -> str:
    """Base64 of HMAC-SHA1 of the user name, as the scheme has it."""
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
