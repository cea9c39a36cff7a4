"""Models: what each is best at, in plain words; all that was measured, for researchers."""

import streamlit as st

from webapp import models, routing
from webapp.views.layout import say, title_row
from webapp.views.models import model_choice, model_table
from webapp.views.notice import weakest

routing.need_router("models")
title_row("Choose a model")
if problem := st.session_state.pop(models.PROBLEM_KEY, None):
    say(problem, "error")
offered = models.choices()
standing_out = [choice for choice in offered if choice.stands_out]
cards = model_choice.first_cards(standing_out or offered[:1])
model_choice.show_cards(cards)
with st.expander("For researchers", icon=":material/science:"):
    if others := [choice for choice in standing_out if choice not in cards]:
        model_choice.show_cards(others)
    if entries := model_table.read_entries():
        model_table.show(entries, models.in_use())
st.caption(
    f"{model_choice.counted_on(standing_out)}Less reliable for {weakest()}turned, dark, blurred or "
    "small faces."
)
