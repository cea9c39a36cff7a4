"""Photos: drop some, see every face with its emotion, take the annotated photo along."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import fer_core
import ui
from fer_core.images import RgbImage, crop_face, encode_jpeg, encode_png, scale_to_fit

SAMPLES_KEY = "photo_samples"
FACES_A_ROW = 2
PICTURE_SIDE_PX = 1600
CROP_SIDE_PX = 160

# Portraits in the public domain (US Navy, NASA) that installed packages carry.
SAMPLES = {
    "matplotlib": "mpl-data/sample_data/grace_hopper.jpg",
    "skimage": "data/astronaut.png",
}


@dataclass(frozen=True)
class Photo:
    """A file to analyze: a key that is its own, its name and its bytes."""

    key: str
    name: str
    data: bytes


@dataclass(frozen=True)
class Result:
    """What is shown of a photo, small enough to keep while its file is listed on the page.

    Attributes:
        picture: Bounded annotated JPEG, None where the photo could not be read.
        faces: From left to right.
        crops: The faces, cut out, in the same order.
        problem: The sentence that says why it could not be read.
    """

    picture: bytes | None = None
    faces: tuple[fer_core.FaceEmotion, ...] = ()
    crops: tuple[RgbImage, ...] = ()
    problem: str = ""


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
    """The photos that the user dropped or, at a click, the samples."""
    files = st.file_uploader(
        f"JPG or PNG photos, up to {ui.settings().max_upload_mb} MB each",
        type=["jpg", "jpeg", "png"],
        accept_multiple_files=True,
        max_upload_size=ui.settings().max_upload_mb,
    )
    if files:
        return [Photo(file.file_id, file.name, file.getvalue()) for file in files]
    st.caption("No photo at hand? A portrait in the public domain shows what happens.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Try a sample", icon=":material/portrait:", on_click=show_samples)
        st.page_link("pages/live.py", label="Use the live camera", icon=":material/videocam:")
    return find_samples() if st.session_state.get(SAMPLES_KEY) else []


def analyze(photo: Photo) -> Result:
    """Decode a photo, find its faces and classify them."""
    try:
        image = fer_core.decode_image(photo.data)
    except fer_core.ImageDecodeError as error:
        return Result(problem=str(error))
    faces = ui.analyzer().analyze(image)
    annotated = fer_core.draw_faces(image, faces)
    crops = [scale_to_fit(crop_face(image, face.box, 0.15), CROP_SIDE_PX) for face in faces]
    picture = encode_jpeg(scale_to_fit(annotated, PICTURE_SIDE_PX))
    return Result(picture, tuple(faces), tuple(crops))


def annotated_png(data: bytes, faces: tuple[fer_core.FaceEmotion, ...]) -> bytes:
    """The annotated photo in full size, made when it is downloaded."""
    return encode_png(fer_core.draw_faces(fer_core.decode_image(data), faces))


def results_of(photos: list[Photo]) -> Mapping[str, Result]:
    """The result of each photo by its key; those of photos no longer listed are forgotten."""
    results: dict[str, Result] = st.session_state.setdefault(ui.RESULTS_KEY, {})
    keys = {photo.key for photo in photos}
    for gone in results.keys() - keys:
        del results[gone]
    for photo in photos:
        if photo.key not in results:
            with st.spinner(f"Analyzing {ui.code(photo.name)} …"):
                results[photo.key] = analyze(photo)
    return results


def show(photo: Photo, result: Result) -> None:
    """The annotated photo with its download, and below it each face with its probabilities."""
    if result.picture is None:
        st.error(f"{ui.code(photo.name)} {result.problem}", icon=":material/broken_image:")
        return
    picture, summary = st.columns([3, 2], gap="large")
    picture.image(result.picture, alt=f"{photo.name} with a box around each face")
    with summary:
        st.text(photo.name)
        n_faces = len(result.faces)
        if n_faces == 0:
            st.warning(
                "No face found. It helps when a face looks at the camera, is upright, evenly lit, "
                "at least 24 pixels wide and a fifteenth of the photo's shorter side."
            )
            return
        st.markdown("1 face" if n_faces == 1 else f"{n_faces} faces, from left to right")
        st.download_button(
            "Download annotated photo",
            data=partial(annotated_png, photo.data, result.faces),
            file_name=f"{Path(photo.name).stem}-emotions.png",
            mime="image/png",
            icon=":material/download:",
            key=f"download-{photo.key}",
            on_click="ignore",
        )
        columns: list[DeltaGenerator] = []
        for number, (face, crop) in enumerate(zip(result.faces, result.crops, strict=True), 1):
            if not columns:  # a new row, so that a phone stacks the faces in their order
                columns = st.columns(min(n_faces, FACES_A_ROW))
            with columns.pop(0).container(border=True):
                st.image(crop, alt=f"Face {number}")
                ui.show_face(f"Face {number}", face)


ui.need_router("photo")
st.title("Emotions in photos", anchor=False)
ui.link_to_network()
chosen = choose_photos()
results = results_of(chosen)
for chosen_photo in chosen:
    show(chosen_photo, results[chosen_photo.key])
