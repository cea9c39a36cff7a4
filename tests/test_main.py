import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fer_core
from fer_core.__main__ import main
from fer_core.classification.model_store import DEFAULT_MODEL, write_card
from fer_core.emotions import Emotion
from tests.conftest import takes_long
from tests.face_folders import write_classes
from tests.faces import card
from tests.fer2013 import HEADER, row, rows, write_table


def one_sentence(text: str) -> str:
    """The text, after a look that it is one line for people."""
    assert text.endswith((".\n", "?\n"))
    assert text.count("\n") == 1
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(None, "does not exist", id="no such file"),
        pytest.param([], "does not look like FER2013", id="empty"),
        pytest.param([HEADER], "no row with Usage Training", id="no rows"),
        pytest.param([HEADER, row(7)], "line 2: emotion is '7'", id="an emotion too many"),
        pytest.param([HEADER, row(pixels="1 2 3")], "line 2: 3 pixels", id="pixels missing"),
        pytest.param([HEADER, *rows(1, 1, 0)], "no row with Usage PrivateTest", id="cut off"),
    ],
)
def test_bad_data_exit_with_2_and_one_sentence_that_names_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: list[str] | None, sentence: str
) -> None:
    table, output = tmp_path / "fer2013.csv", tmp_path / "out"
    if content is not None:
        table.write_text("\n".join(content))
    assert main(["train", "--data", str(table), "--output", str(output)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in one_sentence(err)
    assert str(table) in err
    assert not output.exists()


@pytest.mark.parametrize("command", ["train", "evaluate", "calibrate", "crossvalidate"])
def test_classes_of_no_emotion_are_refused_with_what_was_expected(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([command, "--data", "x", "--output", "y", "--classes", "1=boredom"])
    assert "--classes: expected one of angry, disgust" in capsys.readouterr().err


def test_what_was_done_to_read_class_folders_is_said_beside_the_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_classes(tmp_path / "faces", ["1", "2", "odd"])
    (tmp_path / "faces" / "1" / "labels.txt").write_text("text")
    options = ["--classes", "1=happy,2=sad", "--ignore-class", "odd", "--report", str(tmp_path)]
    assert main(["evaluate", "--data", str(tmp_path / "faces"), "--json", *options]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["all"]["n_images"] == 30
    assert "1 other files or folders, such as" in err


def test_what_is_left_out_is_counted_beside_the_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_table(tmp_path / "fer2013.csv", [row(7), *rows(7, 1, 2), row(usage="Test")])
    options = ["--data", str(table), "--report", str(tmp_path), "--json", "--skip-broken"]
    assert main(["evaluate", *options]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["all"]["n_images"] == 2
    assert one_sentence(err) == "Broken rows or images left out: 2.\n"


def test_the_way_to_split_is_passed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_classes(tmp_path, ["happy", "sad"])
    (tmp_path / "sad" / "nobody.png").touch()
    options = ["--data", str(tmp_path), "--output", str(tmp_path / "out")]
    assert main(["train", *options, "--split-by", "subject"]) == 2
    assert "nobody.png does not tell whose face it is" in one_sentence(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        pytest.param([], "COMMAND", id="no command"),
        pytest.param(["dance"], "invalid choice: 'dance'", id="an unknown command"),
        pytest.param(["train"], "--data", id="no data"),
        pytest.param(["train", "--data", "x"], "--output", id="no output"),
        pytest.param(
            ["train", "--data", "x", "--output", "y", "--epochs", "0"],
            "must be a whole number from 1, not '0'",
            id="no epochs",
        ),
        pytest.param(
            ["train", "--data", "x", "--output", "y", "--limit", "-5"],
            "must be a whole number from 1, not '-5'",
            id="a negative limit",
        ),
        pytest.param(
            ["train", "--data", "x", "--output", "y", "--epochs", "few"],
            "--epochs",
            id="epochs that are no number",
        ),
        pytest.param(
            ["train", "--data", "x", "--output", "y", "--seed", "1.5"],
            "--seed",
            id="half a seed",
        ),
        pytest.param(
            ["train", "--data", "x", "--output", "y", "--split-by", "frame"],
            "invalid choice: 'frame'",
            id="an unknown way to split",
        ),
        pytest.param(
            ["train", "--data", "x", "--output", "y", "--fast"], "--fast", id="an unknown option"
        ),
    ],
)
def test_bad_options_exit_with_2_and_say_which(
    capsys: pytest.CaptureFixture[str], options: list[str], complaint: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(options)
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert complaint in err
    assert "Traceback" not in err


@takes_long
def test_recipes_lists_each_with_its_parameters_and_its_source(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["recipes", "--json"]) == 0
    listed = {entry.pop("name"): entry for entry in json.loads(capsys.readouterr().out)}
    counts = {name: entry.pop("n_parameters") for name, entry in listed.items()}
    assert counts["wide-cnn"] == 4_232_199
    assert counts["ck-cnn"] == 839_815
    assert counts["rgb-vgg"] == 1_328_743
    reached = {name: entry.pop("reached") for name, entry in listed.items()}
    assert [model["name"] for model in reached["tutorial-cnn"]] == ["tutorial-cnn"]
    assert reached["wide-cnn"] == []
    for entry in listed.values():
        assert set(entry) == {"summary", "source", "published"}
        assert all(entry.values())
    assert main(["recipes"]) == 0
    out = capsys.readouterr().out
    assert "    reached by tutorial-cnn: accuracy 61.72%, " in out
    assert ", leak-free by labels 59.33%\n" in out
    assert all(f"{name}: " in out for name in listed)
    assert "58,423 parameters; published: 66 %" in out


def write_model(folder: Path, metrics: dict[str, Any], **trained_on: str) -> None:
    folder.mkdir()
    known = replace(card((Emotion.HAPPY,)), name=folder.name, metrics=metrics)
    write_card(replace(known, trained_on=known.trained_on | trained_on), folder)


def test_models_lists_what_the_cards_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fer_core.commands.models.MODELS_DIR", tmp_path)
    monkeypatch.setattr("fer_core.classification.model_store.MODELS_DIR", tmp_path)
    assert main(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []

    figures = {
        "all": {"n_images": 20, "accuracy": 0.75, "macro_f1": 0.5},
        "leak_free": {"n_images": 10, "accuracy": 0.7},
        "ferplus_7": {"n_images": 10, "accuracy": 0.8},
    }
    write_model(tmp_path / "evaluated", {"private": figures})
    write_model(tmp_path / "new", {})
    write_model(tmp_path / "votes", {"private": figures}, dataset="FER2013", labels="FER+")
    assert main(["models", "--json"]) == 0
    evaluated, new, votes = json.loads(capsys.readouterr().out)
    assert (evaluated["name"], evaluated["accuracy"], evaluated["macro_f1"]) == (
        "evaluated",
        0.75,
        0.5,
    )
    assert evaluated["leak_free_accuracy"] == 0.7
    assert evaluated["ferplus_accuracy"] == 0.8
    assert (new["name"], new["accuracy"], new["leak_free_accuracy"]) == ("new", None, None)
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(", accuracy 75.00%, by FER+'s votes 80.00%")
    assert lines[1].endswith(", accuracy not evaluated yet")
    assert lines[2].endswith(", accuracy by FER+'s votes 80.00%, by FER2013's own labels 75.00%")
    assert [evaluated["learned_votes"], votes["learned_votes"]] == [False, True]


def test_models_leaves_out_each_damaged_card_with_a_line_and_lists_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fer_core.commands.models.MODELS_DIR", tmp_path)
    monkeypatch.setattr("fer_core.classification.model_store.MODELS_DIR", tmp_path)
    write_model(tmp_path / "cut-off", {})
    (tmp_path / "cut-off" / "card.json").write_text("{")
    write_model(tmp_path / "odd", {"private": {"all": {"n_images": 1, "accuracy": "?"}}})
    write_model(tmp_path / "sound", {})
    assert main(["models", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [row["name"] for row in json.loads(out)] == ["sound"]
    of_cut_off, of_odd = err.splitlines()
    assert "cut-off" in of_cut_off
    assert "model odd" in of_odd


def test_help_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    assert "train" in capsys.readouterr().out


def test_ctrl_c_exits_with_130_and_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fer_core.training.data.datasets.load_dataset", interrupt)
    assert main(["train", "--data", str(tmp_path), "--output", str(tmp_path / "out")]) == 130
    assert one_sentence(capsys.readouterr().err) == "Interrupted.\n"


def test_the_module_runs_as_a_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fer_core", "train", "--data", "missing", "--output", "out"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(fer_core.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "missing does not exist" in one_sentence(done.stderr)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["train", "--output", "new"], id="train"),
        pytest.param(["evaluate"], id="evaluate"),
        pytest.param(["evaluate", "--compare", DEFAULT_MODEL, DEFAULT_MODEL], id="compare"),
        pytest.param(["crossvalidate", "--output", "new"], id="crossvalidate"),
        pytest.param(["calibrate"], id="calibrate"),
        pytest.param(["export"], id="export"),
    ],
)
def test_data_that_are_not_there_are_said_before_tensorflow_starts(command: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "fer_core", *command, "--data", "nowhere"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    *imported, sentence = result.stderr.splitlines()
    assert "nowhere does not exist" in sentence
    modules = {line.rpartition("|")[2].strip() for line in imported}
    assert "fer_core.errors" in modules
    assert not modules & {"tensorflow", "keras"}


@pytest.mark.parametrize("number", [[], [28]], ids=["no number", "a number"])
def test_an_error_of_a_file_without_a_name_is_one_sentence_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: list[int]
) -> None:
    def fail() -> None:
        raise OSError(*number, "Unable to open file (truncated file: eof = 0)\nand details")

    monkeypatch.setattr("fer_core.commands.models.list_models", fail)
    assert main(["models"]) == 2
    sentence = "A file cannot be used: Unable to open file (truncated file: eof = 0).\n"
    assert one_sentence(capsys.readouterr().err) == sentence


def test_a_reader_who_has_seen_enough_ends_the_command_quietly() -> None:
    code = (
        "import os, sys\n"
        "reader, writer = os.pipe()\n"
        "os.dup2(writer, 1)\n"
        "os.close(reader)\n"
        "from fer_core.__main__ import main\n"
        "sys.argv[1:] = ['models']\n"
        "sys.stdout.reconfigure(line_buffering=True)\n"
        "sys.exit(main())\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, b"")
