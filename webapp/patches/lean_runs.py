"""A run of a page puts the theme's message together once, not each time.

Streamlit sends the theme with each run of a page and of each fragment, and makes its message of all
options anew: 1.5 ms of the event loop, on which the live streams wait, too. Made for Streamlit
1.67. Once Streamlit keeps the message, delete this.
"""

import logging
from functools import cache

from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

LOGGER = logging.getLogger(__name__)


def keep_theme() -> None:
    """Keep the message of each section from now on, until the configuration is read again."""
    if not hasattr(app_session, "_populate_theme_msg"):
        LOGGER.warning("Each run of a page makes the message of the theme anew.")
        return
    populate = app_session._populate_theme_msg

    @cache
    def made(section: str) -> CustomThemeConfig:
        message = CustomThemeConfig()
        populate(message, section)
        return message

    def copy(msg: CustomThemeConfig, section: str = "theme") -> None:
        kept = made(section)
        if kept.ByteSize():  # to merge nothing would say that there is something
            msg.MergeFrom(kept)

    config.on_config_parsed(made.cache_clear, force_connect=True)
    app_session._populate_theme_msg = copy
