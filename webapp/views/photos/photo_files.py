"""The files of the photo page: the photos that come in, and the downloads."""

from functools import partial

import streamlit as st

from fer_core.decoding import PHOTO_SUFFIXES
from fer_core.reports import PredictionSource
from webapp import models, server
from webapp.views.layout import action_icon, is_phone, offer, offer_rows
from webapp.views.live import browser
from webapp.visits.photo_results import Photo
from webapp.visits.photo_visit import PhotoVisit

PHOTOS_A_ZIP = 25
"""Number of photos with labels in one archive: it is made in memory, and PNG of this size takes up
to 8 MB a photo."""


def take(visit: PhotoVisit, *, label: str) -> None:
    """Show the uploader, whose files go to the visit, and which is then empty again."""
    most_mb = server.settings().max_upload_mb
    files = st.file_uploader(
        label,
        type=[suffix.removeprefix(".") for suffix in PHOTO_SUFFIXES],
        accept_multiple_files=True,
        max_upload_size=most_mb,
        key=f"photos_{visit.n_uploads}",
    )
    refused = browser.refused_files(PHOTO_SUFFIXES, most_mb)
    visit.refuse(refused.get("large", ()), f"larger than {most_mb} MB.")
    visit.refuse(refused.get("others", ()), "not an image of a kind that can be read.")
    if files:
        visit.n_uploads += 1
        visit.add(Photo(file.file_id, file.name, file.getvalue()) for file in files)
        st.rerun()


def take_camera(visit: PhotoVisit) -> None:
    """Show the camera, whose photo goes to the visit."""
    taken = st.camera_input("Take a photo", width=640, key=f"camera_{visit.n_uploads}")
    if taken:
        visit.n_uploads += 1
        visit.add([Photo(taken.file_id, "camera.jpg", taken.getvalue())])
        st.rerun()


def show_uploader(visit: PhotoVisit) -> None:
    """Show the place for photos where there is nothing else to show."""
    paste = "" if is_phone() else ", or paste with Ctrl/⌘ V"
    label = f"{'Choose photos' if is_phone() else 'Drop photos here'}{paste}"
    with st.container(gap=None):
        take(visit, label=label)
        browser.paste_into_uploader()


def show_add(visit: PhotoVisit) -> None:
    """The ways to add photos, and to have them read as faces that were cut out."""
    with st.popover("Add", icon=action_icon("add_photo_alternate")):
        take(visit, label="Further photos")
        if st.toggle("The photo is one face", visit.whole_image) != visit.whole_image:
            visit.whole_image = not visit.whole_image
            st.rerun()  # as a whole, which reads the photos so
        if st.toggle("Take a photo", key="photo_camera"):
            take_camera(visit)


def show_downloads(visit: PhotoVisit) -> None:
    """Show all downloads, each made when it is clicked."""
    photos = visit.readable
    with st.popover("Download", icon=action_icon("download")):
        for start in range(0, len(photos), PHOTOS_A_ZIP):
            some = photos[start : start + PHOTOS_A_ZIP]
            which = f" {start + 1} to {start + len(some)}" if len(some) < len(photos) else ""
            data = partial(visit.annotated_zip, some)
            name = f"emotions{which.replace(' ', '-')}.zip"
            offer(f"Photos{which} with labels (ZIP)", data, name, "application/zip")
        reports = [visit.results[photo.key].report for photo in visit.done]
        offer_rows("emotions", lambda: reports, PredictionSource.of(models.analyzer()))
