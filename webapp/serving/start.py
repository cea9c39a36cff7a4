"""The bounds, the start and the end of a server."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import cast

import streamlit as st
from starlette.middleware import Middleware
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from webapp.monitoring import logs
from webapp.serving import exports
from webapp.serving.connections import ConnectionBounds
from webapp.serving.uploads import Limits, UploadBounds, Uploads
from webapp.serving.workers import SHARED
from webapp.settings import Settings, read_settings


@cache
def uploads() -> Uploads:
    """The uploads of all visits."""
    try:
        chosen = read_settings(os.environ)
    except ValueError:  # which the pages say
        chosen = Settings()
    limits = Limits.for_files(chosen.max_upload_mb, chosen.max_video_mb)
    server = runtime.get_instance()
    files = cast("MemoryUploadedFileManager", server.uploaded_file_mgr)
    return Uploads(limits, lambda: dict(files.file_storage), server.is_active_session)


def admit() -> None:
    """Let the visit whose page runs upload files."""
    context = get_script_run_ctx()
    if runtime.exists() and context is not None:
        uploads().admit(context.session_id)


def bounds() -> list[Middleware]:
    """The bounds that each request passes before it reaches a page."""
    return [Middleware(ConnectionBounds), Middleware(UploadBounds, uploads)]


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Set up before the first visit, and clear up after the last one."""
    logs.set_up(st.get_option("logger.messageFormat"))
    _apply_patches()
    exports.sweep()
    SHARED.start()
    try:
        yield
    finally:
        SHARED.stop()


def _apply_patches() -> None:
    """Change the libraries before the first visit.

    streamlit-webrtc, once imported outside of a page, warns of that.
    """
    logging.disable(logging.WARNING)
    try:
        from webapp import patches
    finally:
        logging.disable(logging.NOTSET)
    patches.apply()
