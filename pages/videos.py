"""Videos: drop one, see who shows what and when, take the video with labels and the table along."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import fer_core
from webapp import examples, models, routing, server, session
from webapp.views.layout import (
    action_icon,
    is_phone,
    say,
    say_no_face,
    show_clear,
    title_row,
)
from webapp.views.progress import show_progress
from webapp.views.videos import video_files, video_results
from webapp.views.words import code, count
from webapp.visits.video_visit import VideoVisit


def show_empty() -> None:
    """Show where the video comes from, and a finished example."""
    with title_row("Follow expressions through a video"):
        video_files.show_options()
    video_files.show_uploader()
    place = st.empty()
    with place.container():
        video_results.show_waiting()
    try:
        example = examples.example_video()
    except fer_core.FerError:  # too many others are waiting: it is an example and no more
        place.empty()
        return
    place.empty()
    n_faces = len(example.timeline.tracks()) if example.timeline else 0
    st.markdown(f":gray-badge[Example] **A 10-second clip, {count(n_faces, 'face')}**")
    video_results.show(example, None)


def title(visit: VideoVisit) -> str:
    """The length of the video and the number of its faces."""
    if visit.video is None or visit.timeline is None or not len(visit.timeline):
        if visit.video is None:
            return "This video cannot be read"
        return "Nothing was read" if visit.is_finished else "Reading the video"
    n_faces = len(visit.timeline.tracks())
    return f"{count(max(1, round(visit.timeline.end_s)), 'second')}, {count(n_faces, 'face')}"


def show_actions(visit: VideoVisit, place: DeltaGenerator) -> float:
    """Beside the title: another video, the detail, downloads, and the way to forget it all."""
    with place:
        if visit.video is not None:
            with st.popover("New" if is_phone() else "New video", icon=action_icon("video_call")):
                video_files.take(label="Another video")
        rate = video_files.show_options()
        if visit.is_finished and visit.timeline is not None and visit.timeline.n_faces:
            video_files.show_downloads(visit)
        show_clear("Clear", session.clear_video)
    return rate


def show_labels_video(visit: VideoVisit) -> None:
    """The video with labels: the way to it, its progress, and the video itself."""
    job = visit.export
    if job is not None and not job.status.ended:
        show_progress(job, "Drawing labels")
    elif visit.has_annotated:
        st.video(visit.annotated())
    else:
        if job is not None and job.status.problem:
            say(job.status.problem, "error")
        st.button(
            "Create video with labels", icon=":material/movie_edit:", on_click=visit.write_annotated
        )


def show_visit(visit: VideoVisit) -> None:
    """A video: why it cannot be read, how far its analysis is, or what was found."""
    rate = show_actions(visit, title_row(title(visit)))
    if visit.video is None:
        say(f"{code(visit.name)}: {visit.problem}", "movie_off")
        video_files.show_uploader()
        return
    if visit.needs_analysis(models.in_use(), rate):
        visit.analyze(models.analyzer(), models.in_use(), rate, server.activity())
    analysis, timeline = visit.analysis, visit.timeline
    if analysis is not None and not analysis.status.ended:
        show_progress(analysis, "Analyzing")
        video_results.show_waiting()
        return
    if remark := visit.remark(visit.name):
        say(remark, "info")
    if timeline is None or len(timeline) == 0:
        st.button("Try again", icon=":material/refresh:", on_click=visit.try_again)
        return
    if not timeline.n_faces:
        with st.container(width=480):
            say_no_face("video")
        return
    video_results.show(visit, partial(show_labels_video, visit))


routing.need_router("videos")
known = session.video()
if known is None:
    show_empty()
else:
    show_visit(known)
