"""The files of the video page: the video that comes in, the detail asked for, the downloads."""

from pathlib import PurePath

import streamlit as st

import fer_core
from fer_core.reports.rows import safe_stem
from fer_core.timeline import USUAL_RATE
from fer_core.video.containers import VIDEO_SUFFIXES
from webapp import server, session
from webapp.views.layout import action_icon, is_phone, offer, offer_rows
from webapp.visits.video_visit import VideoVisit

RATES = (1, 2, 5, 10, 25)


def take(*, label: str) -> None:
    """The uploader; a new video takes the place of the last one, and its analysis begins."""
    number = st.session_state.setdefault("video_uploads", 0)
    megabytes = server.settings().max_video_mb
    file = st.file_uploader(
        label,
        type=[suffix.removeprefix(".") for suffix in VIDEO_SUFFIXES],
        max_upload_size=megabytes,
        key=f"video_{number}",
    )
    if file is not None:
        # It may wait for its turn, and be broken off there: then the file is still in its place.
        name, data = PurePath(file.name).name, file.getvalue()
        visit = VideoVisit(session.visitor(), name, data, file.file_id)
        session.clear_video()
        st.session_state["video_uploads"] = number + 1
        st.session_state[session.VIDEO_KEY] = visit
        if visit.video is None:
            server.activity().failed(fer_core.VideoDecodeError)
        st.rerun()


def show_uploader() -> None:
    """Show the place for a video where there is nothing else to show."""
    take(label="Choose a video" if is_phone() else "Drop a video here")


def show_options() -> float:
    """Show the options and return the number of frames analyzed each second."""
    with st.popover("Options", icon=action_icon("tune")):
        rate = st.segmented_control(
            "Detail: frames per second",
            RATES,
            default=USUAL_RATE,
            required=True,
            key="video_rate",
            help="More frames catch shorter expressions and take longer.",
        )
    return float(rate or USUAL_RATE)


def show_downloads(visit: VideoVisit) -> None:
    """Show the downloads: the video with labels, if it was made, and the rows."""
    stem = safe_stem(visit.name)
    with st.popover("Download", icon=action_icon("download")):
        if visit.has_annotated:
            offer("Video with labels", visit.annotated, f"{stem}-emotions.mp4", "video/mp4")
        if visit.source is not None:
            offer_rows(f"{stem}-emotions", lambda: [visit.report(visit.name)], visit.source)
