"""A live stream goes on after some seconds without a network, instead of ending.

What is changed: streamlit-webrtc ends a stream as soon as its connection is "disconnected", some
five seconds after the network went, though it goes on by itself once that is back. Given up, it is
"failed". The change is made in the browser, inside the component's frame.

Tried with streamlit-webrtc 0.79; where its frame cannot be found nothing happens. Delete this file
once it waits for "failed"; tests/e2e/test_live.py cuts the network.
"""

import streamlit as st

_WAIT_FOR_NETWORK = """
export default function () {
  const timer = setInterval(() => {
    const frame = document.querySelector('iframe[src*="streamlit_webrtc"]');
    const connections = frame?.contentWindow?.RTCPeerConnection?.prototype;
    if (!connections || connections.waitsForNetwork) return;
    connections.waitsForNetwork = true;
    const add = connections.addEventListener;
    connections.addEventListener = function (name, listener, ...options) {
      const patient = (event) => {
        if (this.connectionState !== "disconnected") listener.call(this, event);
      };
      const heard = name === "connectionstatechange" ? patient : listener;
      return add.call(this, name, heard, ...options);
    };
  }, 300);
  return () => clearInterval(timer);
}
"""


def wait_for_network() -> None:
    """Let a live stream go on after some seconds without a network, instead of ending it."""
    st.components.v2.component("wait_for_network", js=_WAIT_FOR_NETWORK)(key="wait_for_network")
