FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b

# Two heaps for all threads (glibc): with more of them, what one viewer leaves is not the next one's.
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    MALLOC_ARENA_MAX=2 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_ALLOWED_HOSTS="*" \
    STREAMLIT_SERVER_HEADLESS=true

WORKDIR /app

# What the app needs, with hashes. For training in the container, which takes 2 GB more:
# --build-arg REQUIREMENTS=requirements-train.txt
ARG REQUIREMENTS=requirements-serve.txt
# Its own layer, so that a change of the code does not install everything anew.
COPY ${REQUIREMENTS} requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

COPY .streamlit .streamlit
COPY models models
COPY fer_core fer_core
COPY pages pages
COPY static static
COPY webapp webapp
COPY app.py serve.py LICENSE THIRD_PARTY_NOTICES.md ./

RUN useradd --system --no-create-home --uid 10001 app
USER 10001

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://localhost:8501/ready', timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "serve.py"]
