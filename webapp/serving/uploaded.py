"""The files that Streamlit holds for a visit, beside what the pages do with them."""

from collections.abc import Iterable
from typing import cast

from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx


def forget(file_ids: Iterable[str]) -> None:
    """Let go of files of the visit whose page runs: Streamlit would keep them to its end.

    Args:
        file_ids: As `UploadedFile.file_id`; others do not matter.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if not runtime.exists() or context is None:
        return
    files = cast("MemoryUploadedFileManager", runtime.get_instance().uploaded_file_mgr)
    for file_id in list(file_ids):
        files.remove_file(context.session_id, file_id)
