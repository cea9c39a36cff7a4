"""Sign-in, and the visitors who may use the app."""

import streamlit as st

from webapp.serving import start


def _asks_for_sign_in() -> bool:
    """True if the secrets name an OpenID Connect provider; unreadable ones let nobody in."""
    try:
        return "auth" in st.secrets
    except (OSError, ValueError) as error:
        if getattr(error, "error_id", None) == "no-secrets-found":
            return False
        st.error(
            "The app is not set up correctly: its `secrets.toml`, which says who may sign in, "
            "cannot be read."
        )
        st.stop()


def need_sign_in() -> None:
    """If a provider is set up, show only the way to it until the viewer has signed in."""
    if _asks_for_sign_in() and not st.user.is_logged_in:
        st.title("Facial emotion recognition", anchor=False)
        st.markdown("This app is open to invited viewers.")
        st.button("Sign in", icon=":material/login:", type="primary", on_click=st.login)
        st.stop()
    start.admit()


def show_sign_out() -> None:
    """The way out for a viewer who has signed in."""
    if _asks_for_sign_in():
        st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout)
