"""The base of the pages; beside pages/ and app.py the only place that knows Streamlit."""
