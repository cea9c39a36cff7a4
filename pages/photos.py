"""Photos: drop some, see every face with its expression, take the results along."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from webapp import examples, jobs, models, routing, server, session
from webapp.views.layout import is_phone, say_all, show_clear, title_row
from webapp.views.photos import photo_cards, photo_files, photo_gallery
from webapp.views.words import count, named, others_before
from webapp.visits.photo_visit import PhotoVisit

ASKED_EVERY_S = 0.4
# Dozens of faces keep a browser busy for a second, and a click on Cancel would wait.
DRAWN_S_A_PHOTO, DRAWN_WITHIN_S = 1 / 30, 2.0
# Time for which the page waits for its first result, which it then shows at once.
FIRST_WITHIN_S = 0.5
EXAMPLE = "portraits"


def shown_wh() -> tuple[int, int]:
    """The place on the viewer's screen in which a photo is shown."""
    return (326, 560) if is_phone() else (792, 540)


def show_empty(visit: PhotoVisit) -> None:
    """Show where photos come from, and a finished example."""
    with title_row("Read the expression on any face"):
        source = st.segmented_control(
            "Source",
            ["Upload", "Camera", "Example"],
            default="Upload",
            required=True,
            label_visibility="collapsed",
            key="photo_source",
        )
    if source == "Example":
        del st.session_state["photo_source"]
        visit.add([examples.example_photo(EXAMPLE)])
        st.rerun()
    if source == "Camera":
        photo_files.take_camera(visit)
    else:
        photo_files.show_uploader(visit)
    photo, result = examples.example_photo(EXAMPLE), examples.example_result(EXAMPLE, shown_wh())
    faces = photo_cards.found_faces(photo, result)
    heading = f":gray-badge[Example] **Two portraits, {count(len(faces), 'face')}**"
    photo_cards.show_card(photo, result, faces, None, heading)


def title(visit: PhotoVisit) -> str:
    """The number of photos and faces, or the progress of the work."""
    if visit.is_working:
        return f"{len(visit.done)} of {count(len(visit.photos), 'photo')}"
    if not visit.readable:
        return "No photo could be read" if len(visit.photos) > 1 else "This photo cannot be read"
    return f"{count(len(visit.readable), 'photo')}, {count(len(visit.faces), 'face')}"


def show_actions(visit: PhotoVisit, place: DeltaGenerator) -> None:
    """Beside the title: the view, further photos, downloads, and the way to forget it all."""
    with place:
        if visit.is_working:
            st.button("Cancel", icon=":material/close:", on_click=visit.stop)
            return
        if len(visit.readable) > 1 and visit.faces:
            st.segmented_control(
                "View",
                ["Photos", "Faces"],
                default="Faces" if len(visit.readable) > photo_gallery.MOST_OPEN else "Photos",
                required=True,
                label_visibility="collapsed",
                key="photo_view",
            )
        if visit.readable:
            photo_files.show_add(visit)
            photo_files.show_downloads(visit)
        show_clear("Clear all", session.clear_photos)


def show_problems(visit: PhotoVisit) -> None:
    """Tell which photos could not be read and why, and how many had to leave."""
    problems = [
        (f"{named(names)}: {problem}", "info" if is_read else "broken_image")
        for (is_read, problem), names in visit.problems.items()
    ]
    if visit.why_not:
        problems.append((visit.why_not, "error"))
    if visit.n_left:
        problems.append(
            (f"{count(visit.n_left, 'photo')} left to make room for newer ones.", "info")
        )
    if problems:
        say_all(problems)


def show_work(visit: PhotoVisit) -> None:
    """The progress of the work and the way to end it; run again and again."""
    if not visit.is_working or visit.job is None:
        st.rerun()  # as a whole, without the clock
    show_actions(visit, title_row(title(visit)))
    status = jobs.keep_going(visit.job)
    st.progress(status.progress, text=others_before(status.n_ahead) or None)


def show_found(visit: PhotoVisit) -> None:
    """The faces found so far."""
    show_problems(visit)
    photo_gallery.show(visit, models.analyzer())


def show_results(visit: PhotoVisit) -> None:
    """All faces, once the work is done, each in the place that it had meanwhile."""
    with st.container():
        show_actions(visit, title_row(title(visit)))
    with st.container():
        if visit.readable:
            show_found(visit)
        else:
            show_problems(visit)
            photo_files.show_uploader(visit)


routing.need_router("photos")
visit = session.photos()
if visit.photos:
    visit.analyze(models.in_use(), models.analyzer(), server.activity(), shown_wh())
    visit.wait_for_first(FIRST_WITHIN_S)
    if visit.is_working:
        drawn_every_s = min(DRAWN_S_A_PHOTO * len(visit.photos), DRAWN_WITHIN_S)
        with st.container():  # as the fragment below is: what stood elsewhere would be seen twice
            st.fragment(show_work, run_every=ASKED_EVERY_S)(visit)
            st.fragment(show_found, run_every=max(drawn_every_s, ASKED_EVERY_S))(visit)
    else:
        st.fragment(show_results)(visit)
else:
    show_empty(visit)
