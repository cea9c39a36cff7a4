"""The picture of the house in docs/architecture.md, held: which room may import which."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

LAYERS = (
    {"fer_core.emotions", "fer_core.errors", "fer_core.pool", "fer_core.words"},
    {"fer_core.claims", "fer_core.faces", "fer_core.jobs"},
    {"fer_core.images", "fer_core.timeline"},
    {"fer_core.decoding"},
    {
        "fer_core.classification",
        "fer_core.detection",
        "fer_core.image_input",
        "fer_core.quality",
    },
    {"fer_core.drawing", "fer_core.face_analyzer", "fer_core.model_store"},
    {"fer_core.tracking"},
    {"fer_core.video"},
    {"fer_core.reports"},
    {"fer_core.analysis"},
    {"fer_core.live"},
    {"fer_core.training"},  # its __init__.py alone
    {
        "fer_core.training.architectures",
        "fer_core.training.augmentation",
        "fer_core.training.backend",
        "fer_core.training.data",
    },
    {"fer_core.training.datasets", "fer_core.training.evaluation", "fer_core.training.recipes"},
    {"fer_core.training.export"},
    {"fer_core.training.run"},
    {"fer_core.commands"},
    {"fer_core"},  # the public names, in fer_core/__init__.py
    {"fer_core.__main__"},
    {"webapp"},
    {"pages"},
    {"app", "serve"},
)
"""The rooms from the bottom up; each may import from itself and from the layers before it."""

BELOW_TRAINING = {
    "fer_core.classification",
    "fer_core.decoding",
    "fer_core.emotions",
    "fer_core.errors",
    "fer_core.faces",
    "fer_core.images",
    "fer_core.pool",
}
"""The rooms of the core that training stands on: none that knows of several faces or of video."""

MOST_MODULES = 12
"""Most modules of a package; more than that, nobody looks through."""

MOST_LINES, MOST_LINES_OF_PAGE, MOST_LINES_OF_BODY = 300, 150, 40
"""Most lines of a module, of a page, and of a function without its signature and docstring."""


def _name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


ENTRIES = ("app.py", "serve.py")
"""The files that are run."""

FILES = {
    _name_of(path): path
    for folder in ("fer_core", "webapp", "pages", ".")
    for path in (map(ROOT.joinpath, ENTRIES) if folder == "." else (ROOT / folder).rglob("*.py"))
}
"""The file of each module, by its dotted name."""

ROOMS = {room for layer in LAYERS for room in layer}


@cache
def imported(module: str) -> frozenset[str]:
    """Absolute names of all that a module imports, inside its functions too."""
    return frozenset(_imported(module))


def _imported(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute here"
            assert node.module is not None
            for alias in node.names:  # from fer_core import drawing
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in FILES else node.module


def own_imports(module: str) -> set[str]:
    """The modules of this project that a module imports."""
    return {name for name in imported(module) if name in FILES} - {module}


def room_of(module: str) -> str:
    """The longest name of a room that a module's name begins with."""
    parts = module.split(".")
    names = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    found = next((name for name in names if name in ROOMS), "")
    whole = found not in ("fer_core", "fer_core.training") or found == module
    assert found and whole, f"{module} has no place in LAYERS yet"  # noqa: PT018
    return found


def layer_of(room: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if room in layer)


def lines_of_bodies(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The name of each function and the lines that its body takes, docstring aside."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node, clean=False) else node.body
            if body:
                yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_the_modules_are_found() -> None:
    assert {"app", "fer_core", "fer_core.images", "fer_core.training.run.train"} <= set(FILES)


def test_the_picture_of_the_house_shows_every_room() -> None:
    picture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    shown = set(picture.replace("/ ", " ").split())
    for top in ("fer_core", "webapp"):
        for path in (ROOT / top).iterdir():
            if path.is_dir() or (path.suffix == ".py" and not path.stem.startswith("__")):
                assert path.name in shown or path.name == "__pycache__", path


def test_each_room_is_there() -> None:
    assert {room_of(module) for module in FILES} == ROOMS


@pytest.mark.parametrize("module", sorted(FILES))
def test_imports_run_downwards_only(module: str) -> None:
    room = room_of(module)
    for other in own_imports(module):
        below = layer_of(room_of(other)) < layer_of(room)
        assert room_of(other) == room or below, f"{module} imports {other}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter({module: own_imports(module) for module in FILES}).prepare()


@pytest.mark.parametrize("module", [name for name in sorted(FILES) if name.startswith("fer_core")])
def test_the_core_knows_neither_the_web_nor_training(module: str) -> None:
    roots = {name.split(".")[0] for name in imported(module)}
    assert not roots & {"streamlit", "streamlit_webrtc"}
    if not module.startswith(("fer_core.training", "fer_core.commands", "fer_core.__main__")):
        assert not [name for name in imported(module) if name.startswith("fer_core.training")]


@pytest.mark.parametrize("module", [m for m in sorted(FILES) if m.startswith("fer_core.training")])
def test_training_stands_on_few_rooms(module: str) -> None:
    rooms = {room_of(name) for name in own_imports(module)}
    assert {name for name in rooms if not name.startswith("fer_core.training")} <= BELOW_TRAINING


@pytest.mark.parametrize("package", sorted({path.parent for path in FILES.values()} - {ROOT}))
def test_a_package_is_small_and_says_what_it_is_for(package: Path) -> None:
    modules = [path for path in package.glob("*.py") if not path.stem.startswith("__")]
    assert len(modules) <= MOST_MODULES
    if package.name != "pages":  # Streamlit runs its files; nobody imports them
        doc = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))
        assert doc is not None
        assert doc.split("\n")[0].endswith(".")


@pytest.mark.parametrize("module", sorted(FILES))
def test_a_module_and_its_functions_are_short(module: str) -> None:
    text = FILES[module].read_text(encoding="utf-8")
    most_lines = MOST_LINES_OF_PAGE if module.startswith("pages.") else MOST_LINES
    assert len(text.splitlines()) <= most_lines
    for name, n_lines in lines_of_bodies(ast.parse(text)):
        assert n_lines <= MOST_LINES_OF_BODY, name


@pytest.mark.parametrize("folder", ["benchmarks", "docs", "tests"])
def test_functions_are_short_around_the_app_too(folder: str) -> None:
    bodies = [
        (n_lines, path.name, name)
        for path in (ROOT / folder).rglob("*.py")
        for name, n_lines in lines_of_bodies(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert [body for body in sorted(bodies) if body[0] > MOST_LINES_OF_BODY] == []
    assert bodies


def test_a_body_is_measured_without_signature_and_docstring() -> None:
    head = 'def f(\n    a,\n):\n    """Say.\n\n    More.\n    """\n\n'
    text = head + "    b = (\n        a\n    )\n    return b\n"
    assert list(lines_of_bodies(ast.parse(text))) == [("f", 4)]
    assert list(lines_of_bodies(ast.parse('def f():\n    """Say."""\n'))) == []
