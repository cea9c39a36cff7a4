"""Videos: drop one, see who looks how and when, take the annotated video and the table along."""

from functools import partial
from pathlib import PurePath

import streamlit as st

import fer_core
import ui
from fer_core.images import encode_jpeg, scale_to_fit
from fer_core.jobs import Job
from fer_core.reports import safe_stem
from fer_core.timeline import Timeline, clock
from fer_core.video import USUAL_RATE
from fer_core.video_file import VIDEO_SUFFIXES, VideoFile
from parts import video_results, widgets
from parts.video_visit import VideoVisit

RATES = (1, 2, 5, 10, 25)
PICTURE_SIDE_PX = 1280


def choose_video() -> tuple[str, VideoVisit] | None:
    """Name and state of the video that the user dropped; an earlier one is forgotten."""
    megabytes = ui.settings().max_video_mb
    file = st.file_uploader(
        f"MP4, MOV, WebM, MKV or AVI video, up to {megabytes} MB",
        type=[suffix.removeprefix(".") for suffix in VIDEO_SUFFIXES],
        max_upload_size=megabytes,
    )
    if file is None:
        ui.leave_video_page()
        st.page_link("pages/live.py", label="Use the live camera", icon=":material/videocam:")
        return None
    known: VideoVisit | None = st.session_state.get(ui.VIDEO_KEY)
    if known is None or known.key != file.file_id:
        ui.leave_video_page()
        known = st.session_state[ui.VIDEO_KEY] = VideoVisit(file.file_id, file.getvalue())
        if known.video is None:
            ui.activity().failed(fer_core.VideoDecodeError)
    return file.name, known


def describe(name: str, video: VideoFile) -> None:
    """The video's name, length and size, as they are."""
    info = video.info
    length = f", {clock(info.duration_s)} long" if info.duration_s else ""
    st.text(f"{PurePath(name).name}: {info.width}x{info.height} pixels{length}")


def choose_rate() -> float:
    """How many pictures a second are analyzed."""
    rate = st.segmented_control(
        "Pictures to analyze for each second of the video",
        RATES,
        default=USUAL_RATE,
        required=True,
        help="More pictures catch shorter expressions and take longer.",
    )
    return float(rate or USUAL_RATE)


def start(visit: VideoVisit, rate: float) -> None:
    """Begin the analysis with the network in use."""
    for key in (video_results.MOMENT_KEY, video_results.PART_KEY):
        st.session_state.pop(key, None)
    visit.analyze(ui.analyzer(), rate, ui.activity())


@st.fragment(run_every=0.5)
def show_progress(job: Job, doing: str) -> None:
    """How far a job is, with a way to end it; the page is shown anew once it has ended."""
    status = ui.keep_going(job)
    if status.ended:
        st.rerun()
    left = "" if status.left_s is None else f", {in_words(status.left_s)} left"
    st.progress(status.progress, text=f"{doing}: {status.progress:.0%}{left}")
    st.button("Cancel", icon=":material/close:", on_click=job.cancel)


def in_words(seconds: float) -> str:
    """About how long that is."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} minutes"


def show_results(name: str, visit: VideoVisit, video: VideoFile, timeline: Timeline) -> None:
    """Everything there is to see of an analysis that has ended."""
    remark = visit.remark(name)
    if remark:
        (st.warning if len(timeline) else st.error)(remark, icon=":material/movie_off:")
    if len(timeline) == 0:
        return
    summary = timeline.summary()
    if summary is None:
        st.warning(widgets.NO_FACE)
        return
    faces = video_results.shown_faces(timeline)
    st.subheader("Timeline", anchor=False)
    st.caption(
        "Above the mean of all faces, below each face's most probable emotion. Click or tap a "
        "moment to see it."
    )
    video_results.show_timelines(timeline, list(faces))
    show_moment(video, timeline)
    st.subheader("Summary", anchor=False)
    video_results.show_summary(summary, faces)
    show_downloads(name, visit)


def show_moment(video: VideoFile, timeline: Timeline) -> None:
    """One analyzed picture of the video, annotated, and its faces."""
    if len(timeline) > 1:
        key = video_results.MOMENT_KEY
        st.session_state.setdefault(key, timeline.first_face_s)
        st.slider("Moment", 0.0, timeline.end_s, format="%.1f s", step=0.1, key=key)
        index = timeline.index_at(st.session_state[key])
    else:
        index = 0
    found = timeline.faces(index)
    picture, probabilities = st.columns([3, 2])
    try:
        image = video.picture_at(timeline.time_s(index))
    except fer_core.FerError as error:
        picture.error(str(error), icon=":material/broken_image:")
    else:
        scale = image.shape[1] / video.info.width
        annotated = fer_core.draw_faces(image, [face.scaled(scale) for face in found])
        picture.image(
            encode_jpeg(scale_to_fit(annotated, PICTURE_SIDE_PX)),
            alt=f"The video at {clock(timeline.time_s(index))} with a box around each face",
        )
    with probabilities:
        if not found:
            st.info("No face in sight at this moment.")
        for face in found:
            widgets.show_face(f"Face {face.track_id}", face)


def show_downloads(name: str, visit: VideoVisit) -> None:
    """The annotated video, once it was asked for, and the rows as CSV and JSON."""
    st.subheader("Downloads", anchor=False)
    stem = safe_stem(name)
    job = visit.export
    if job is not None and not job.status.ended:
        show_progress(job, "Drawing")
    elif job is not None and job.status.problem:
        st.error(job.status.problem)
    with st.container(horizontal=True):
        if job is None or job.status.cancelled or job.status.problem:
            st.button(
                "Make annotated video",
                type="primary",
                icon=":material/movie_edit:",
                on_click=visit.write_annotated,
            )
        elif job.status.ended:
            st.download_button(
                "Annotated video (MP4)",
                data=visit.annotated_path.read_bytes,
                file_name=f"{stem}-emotions.mp4",
                mime="video/mp4",
                type="primary",
                icon=":material/download:",
                on_click="ignore",
            )
        widgets.offer_rows(
            f"{stem}-emotions", partial(visit.table_csv, name), partial(visit.table_json, name)
        )


ui.need_router("video")
st.title("Emotions in videos", anchor=False)
ui.link_to_network()
chosen = choose_video()
if chosen is not None:
    chosen_name, chosen_visit = chosen
    if chosen_visit.video is None:
        st.error(
            f"{widgets.code(chosen_name)}: {chosen_visit.problem}", icon=":material/movie_off:"
        )
        st.stop()
    describe(chosen_name, chosen_visit.video)
    chosen_rate = choose_rate()
    analysis = chosen_visit.analysis
    running = analysis is not None and not analysis.status.ended
    done = chosen_visit.is_done(chosen_rate)
    st.button(
        "Analyze again" if done else "Analyze",
        type="secondary" if done else "primary",
        icon=":material/play_arrow:",
        disabled=running,
        on_click=start,
        args=(chosen_visit, chosen_rate),
    )
    if analysis is not None and not analysis.status.ended:
        show_progress(analysis, "Analyzing")
    elif chosen_visit.timeline is not None:
        show_results(chosen_name, chosen_visit, chosen_visit.video, chosen_visit.timeline)
