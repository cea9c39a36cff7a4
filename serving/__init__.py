"""What a server for many viewers needs beyond the pages; nothing here imports Streamlit."""
