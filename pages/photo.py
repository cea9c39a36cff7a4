"""Photos: drop some, see every face with its emotion, take the results along."""

import time
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import fer_core
import ui
from fer_core.images import PHOTO_SUFFIXES
from fer_core.reports import safe_stem
from parts import browser, photo_gallery, widgets
from parts.photo_results import (
    PHOTOS_A_ZIP,
    PICTURE_SIDE_PX,
    FoundFace,
    Photo,
    Result,
    analyze,
    annotated_png,
    annotated_zip,
    explain,
    found_faces,
    table_csv,
    table_json,
)

SAMPLES_KEY = "photo_samples"
FACES_A_ROW = 2
PHOTOS_A_PAGE = 10

# Portraits in the public domain (US Navy, NASA) that installed packages carry.
SAMPLES = {
    "matplotlib": "mpl-data/sample_data/grace_hopper.jpg",
    "skimage": "data/astronaut.png",
}


def find_samples() -> list[Photo]:
    """The sample portraits that are installed here."""
    photos = []
    for package, file in SAMPLES.items():
        spec = find_spec(package)
        path = Path(spec.origin).parent / file if spec and spec.origin else None
        if path and path.is_file():
            photos.append(Photo(f"sample-{package}", path.name, path.read_bytes()))
    return photos


def show_samples() -> None:
    """From now on, show the samples while no photo is dropped."""
    st.session_state[SAMPLES_KEY] = True


def choose_photos() -> list[Photo]:
    """The photos that the user dropped, pasted or took or, at a click, the samples."""
    most_mb = ui.settings().max_upload_mb
    files = st.file_uploader(
        f"Photos, up to {most_mb} MB each",
        type=[suffix.removeprefix(".") for suffix in PHOTO_SUFFIXES],
        accept_multiple_files=True,
        max_upload_size=most_mb,
        help="Of several pictures in a file, the first one is read. Save HEIC photos as JPG first.",
    )
    st.caption("Or copy a picture and paste it here with Ctrl+V, on a Mac with Cmd+V.")
    with st.container(horizontal=True, vertical_alignment="center"):
        takes_one = st.toggle("Take a photo", key="photo_camera")
        st.button(
            "Try a sample",
            icon=":material/portrait:",
            on_click=show_samples,
            disabled=bool(files) or takes_one,
        )
        st.page_link("pages/live.py", label="Use the live camera", icon=":material/videocam:")
    taken = st.camera_input("Photo from the camera") if takes_one else None
    if taken:
        files = [*files, taken]
    if files or takes_one:
        return [Photo(file.file_id, file.name, file.getvalue()) for file in files]
    return find_samples() if st.session_state.get(SAMPLES_KEY) else []


def results_of(photos: list[Photo]) -> Mapping[str, Result]:
    """The result of each photo by its key; those of photos no longer listed are forgotten."""
    results: dict[str, Result] = st.session_state.setdefault(ui.RESULTS_KEY, {})
    keys = {photo.key for photo in photos}
    for gone in results.keys() - keys:
        del results[gone]
    new = [photo for photo in photos if photo.key not in results]
    if new:
        bar = st.progress(0.0)
        for number, photo in enumerate(new):
            text = f"Analyzing {number + 1} of {len(new)}: {widgets.code(photo.name)}"
            bar.progress(number / len(new), text)
            start_s = time.monotonic()
            result = results[photo.key] = analyze(ui.analyzer(), photo)
            if result.picture is None:
                ui.activity().failed(fer_core.ImageDecodeError)
            else:
                ui.activity().photo(result.report.n_faces, time.monotonic() - start_s)
        bar.empty()
    return results


@st.dialog("Why this answer?")
def show_why(found: FoundFace) -> None:
    """What the answer for a face hangs on."""
    picture, fall = explain(ui.analyzer(), found)
    st.image(picture, alt="The face; what spoke for the answer is red", width="stretch")
    uncertain = " (uncertain, but the most probable)" if found.face.doubts else ""
    st.markdown(
        f"Red parts spoke for **{found.face.emotion}**{uncertain}: where it is reddest, a gray "
        f"patch lowers its probability of {found.face.probability:.0%} by "
        f"{widgets.count(round(100 * fall), 'point')} on average."
    )
    st.caption(
        "This shows what the network went by, not whether it is right. The part that matters most "
        "is fully red, however little hangs on it. Found by covering the face part by part "
        "(occlusion sensitivity, Zeiler & Fergus 2014)."
    )


def show(photo: Photo, result: Result) -> None:
    """The annotated photo with its download, and below it each face with its probabilities."""
    faces = result.report.faces
    st.text(photo.name)
    picture, summary = st.columns([3, 2])
    if result.picture is not None:
        picture.image(result.picture, alt=f"{photo.name} with a box around each face")
    with summary:
        if not faces:
            st.warning(widgets.NO_FACE)
            return
        st.markdown("1 face" if len(faces) == 1 else f"{len(faces)} faces, from left to right")
        st.download_button(
            "Download annotated photo",
            data=partial(annotated_png, photo, faces),
            file_name=f"{safe_stem(photo.name)}-emotions.png",
            mime="image/png",
            icon=":material/download:",
            key=f"download-{photo.key}",
            on_click="ignore",
        )
        columns: list[DeltaGenerator] = []
        for found in found_faces(photo, result):
            if not columns:  # a new row, so that a phone stacks the faces in their order
                columns = st.columns(min(len(faces), FACES_A_ROW))
            with columns.pop(0).container(border=True):
                st.image(found.crop, alt=f"Face {found.number}")
                widgets.show_face(f"Face {found.number}", found.face)
                if st.button("Why?", key=f"why-{photo.key}-{found.number}"):
                    show_why(found)


def show_exports(photos: list[Photo], results: list[Result]) -> None:
    """Downloads of everything, each made when it is clicked."""
    downloads = []
    for start in range(0, len(photos), PHOTOS_A_ZIP):
        end = min(start + PHOTOS_A_ZIP, len(photos))
        some = end - start < len(photos)
        downloads.append(
            (
                f"Annotated photos {start + 1} to {end}" if some else "Annotated photos",
                f"emotions-{start + 1}-{end}.zip" if some else "emotions.zip",
                partial(annotated_zip, photos[start:end], results[start:end]),
                f"PNG, at most {PICTURE_SIDE_PX} pixels on the longer side",
            )
        )
    with st.container(horizontal=True):
        for label, name, data, explanation in downloads:
            st.download_button(
                label,
                data=data,
                file_name=name,
                icon=":material/download:",
                help=explanation,
                on_click="ignore",
            )
        analyzer = ui.analyzer()
        widgets.offer_rows(
            "emotions",
            partial(table_csv, analyzer, results),
            partial(table_json, analyzer, results),
        )


def show_all(photos: list[Photo], results: Mapping[str, Result]) -> None:
    """What could not be read, the summary, and the photos or their faces."""
    readable = [photo for photo in photos if results[photo.key].picture is not None]
    problems = [
        f"{widgets.code(photo.name)}: {results[photo.key].report.problem}"
        for photo in photos
        if results[photo.key].report.size_wh is None
    ]
    if problems:
        listed = problems if len(problems) == 1 else [f"- {problem}" for problem in problems]
        st.error("\n".join(listed), icon=":material/broken_image:")
    faces = [found for photo in readable for found in found_faces(photo, results[photo.key])]
    if len(photos) > 1:
        photo_gallery.show_summary(len(photos), len(photos) - len(readable), faces)
    show_exports(photos, [results[photo.key] for photo in photos])
    view = None
    if len(faces) > 1:
        view = st.segmented_control(
            "View", ["Photos", "Faces"], default="Photos", required=True, key="photo_view"
        )
    if view == "Faces":
        photo_gallery.show_gallery(faces, show_why)
        return
    n_pages = -(-len(readable) // PHOTOS_A_PAGE)
    page = st.pagination(n_pages, key="photo_page") if n_pages > 1 else 1
    for photo in readable[(page - 1) * PHOTOS_A_PAGE : page * PHOTOS_A_PAGE]:
        show(photo, results[photo.key])


ui.need_router("photo")
st.title("Emotions in photos", anchor=False)
ui.link_to_network()
chosen = choose_photos()
found_results = results_of(chosen)
if chosen:
    show_all(chosen, found_results)
browser.paste_into_uploader()
