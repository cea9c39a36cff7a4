"""The faces of a video as CSV and JSON, one row a face and analyzed picture."""

import csv
import io
import json

from fer_core.timeline import Timeline
from fer_core.video_file import VideoInfo


def timeline_csv(timeline: Timeline) -> bytes:
    """A table in UTF-8 with the columns of `Timeline.columns`."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, timeline.columns)
    writer.writeheader()
    writer.writerows(timeline.rows())
    return text.getvalue().encode()


def timeline_json(timeline: Timeline, info: VideoInfo, network: str) -> bytes:
    """The rows as a list under `faces`, above them what they belong to, in UTF-8."""
    head = {
        "network": network,
        "width": info.width,
        "height": info.height,
        "pictures_a_second": timeline.rate,
        "n_pictures": len(timeline),
        "analyzed_s": round(timeline.end_s, 3),
    }
    rows = ",\n  ".join(map(json.dumps, timeline.rows()))
    return (json.dumps(head)[:-1] + ', "faces": [\n  ' + rows + "\n]}\n").encode()
