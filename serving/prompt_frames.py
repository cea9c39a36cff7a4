"""A camera's frames are decoded as soon as they are whole.

aiortc waits for the first packet of the next frame, 33 ms at 30 frames a second, to know that a
frame is whole. But its last packet says so: it has the marker bit (RFC 7741, section 4.1, for VP8;
RFC 6184, section 5.1, for H.264).
"""

from aiortc import rtcrtpreceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket


class PromptJitterBuffer(JitterBuffer):
    """aiortc's buffer, which puts packets in order, without the wait."""

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


def receive_promptly() -> None:
    """Let every connection that is made from now on receive its frames so."""
    rtcrtpreceiver.JitterBuffer = PromptJitterBuffer  # type: ignore[attr-defined]
