"""A camera's frames are decoded as soon as they are whole.

aiortc waits for the first packet of the next frame, 33 ms at 30 frames a second, to know that a
frame is whole. But its last packet says so: it has the marker bit (RFC 7741, section 4.1, for VP8;
RFC 6184, section 5.1, for H.264). And for a packet that never comes it waits until 512 later ones
did, seven seconds of a small picture.
"""

from aiortc import rtcrtpreceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add

CLOCK_HZ = 90_000  # of every video's time stamps
MOST_WAIT = CLOCK_HZ // 2
"""How long a lost packet is waited for."""

MOST_LATE = 10 * CLOCK_HZ
"""How old a packet may be that is sent again; an older one is of a stream that began anew."""


class PromptJitterBuffer(JitterBuffer):
    """aiortc's buffer, which puts packets in order, without the waits."""

    _newest: int | None = None  # time stamp of the frames that were given away or given up

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet; whether a whole picture must be asked for, and the frame that is whole."""
        if self._is_video and self._is_late(packet):
            return False, None
        needs_picture, frame = super().add(packet)
        if frame is not None:
            self._newest = frame.timestamp
        elif self._is_video and packet.marker and self._has_waited(packet):
            self.remove(self.capacity)
            self._origin = uint16_add(packet.sequence_number, 1)
            self._newest = packet.timestamp
            needs_picture = True
        return needs_picture, frame

    def _is_late(self, packet: RtpPacket) -> bool:
        """Whether its frame was given up meanwhile."""
        newest = self._newest
        return newest is not None and 0 < _later(newest, packet.timestamp) < MOST_LATE

    def _has_waited(self, last: RtpPacket) -> bool:
        oldest = self._packet(0)
        since = self._newest if oldest is None else oldest.timestamp
        return since is not None and _later(last.timestamp, since) > MOST_WAIT

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        if not self._is_video:
            return super()._remove_frame(sequence_number)
        self._skip_padding()
        packets: list[RtpPacket] = []
        for count in range(self.capacity):
            packet = self._packet(count)
            if packet is None or packet.timestamp != (packets or [packet])[0].timestamp:
                break
            packets.append(packet)
            if packet.marker:
                self.remove(len(packets))
                data = b"".join(part._data for part in packets)  # type: ignore[attr-defined]
                return JitterFrame(data, packet.timestamp)
        return super()._remove_frame(sequence_number)

    def _skip_padding(self) -> None:
        """Leave out empty packets between frames, with which a sender probes how much may pass."""
        while (packet := self._packet(0)) is not None and not packet.payload:
            self.remove(1)

    def _packet(self, count: int) -> RtpPacket | None:
        """The packet that comes so many after the first one that was not taken."""
        assert self._origin is not None  # since the first packet
        return self._packets[(self._origin + count) % self.capacity]


def _later(one: int, other: int) -> int:
    """By how much a time stamp of 32 bits is later than another; negative where it is earlier."""
    return (one - other + 2**31) % 2**32 - 2**31


def receive_promptly() -> None:
    """Let every connection that is made from now on receive its frames so."""
    rtcrtpreceiver.JitterBuffer = PromptJitterBuffer  # type: ignore[attr-defined]
