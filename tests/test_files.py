"""Files of both tools: what is refused at once, what stays in its folder, what is never replaced."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npusim_xamba.files import Refused, check_readable, check_target, inside, special, write_all
from npusim_xamba.text import LONGEST, clean, quoted

root = pytest.mark.skipif(os.geteuid() != 0, reason="making a device needs root")


@pytest.fixture
def null(tmp_path) -> Path:
    """A device that swallows everything, in a folder of our own."""
    return device(tmp_path / "null", 3)


def device(path: Path, minor: int) -> Path:
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        with open(path, "r+b"):
            pass
    except OSError as error:
        pytest.skip(f"no device can be made here: {error.strerror}")
    return path


def is_device(path: Path) -> bool:
    return stat.S_ISCHR(path.lstat().st_mode)


@root
def test_a_device_is_written_to_and_stays(null):
    write_all({str(null): b"x" * 10_000})
    assert is_device(null) and sorted(p.name for p in null.parent.iterdir()) == ["null"]


@root
def test_a_full_device_is_a_sentence_and_the_other_files_are_not_written(tmp_path):
    full, other = device(tmp_path / "full", 7), tmp_path / "other"
    with pytest.raises(Refused, match="No space left"):
        write_all({str(other): "text", str(full): "text"})
    assert is_device(full) and not other.exists()


def test_a_pipe_is_written_to_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_all({str(pipe): b"model"})
    reader.join()
    assert read == [b"model"] and special(pipe) == "a pipe"


def test_a_link_is_written_through_and_stays(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_all({str(tmp_path / "link"): "new"})
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_text() == "new"


@root
def test_a_full_disk_is_a_sentence_and_leaves_the_old_file(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        (disk / "old").write_text("kept")
        with pytest.raises(Refused, match="No space left"):
            write_all({str(disk / "old"): b"x" * 2**20})
        assert [(p.name, p.read_text()) for p in disk.iterdir()] == [("old", "kept")]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_all_files_or_none(tmp_path):
    with pytest.raises(Refused, match="no-such"):
        write_all({str(tmp_path / "a"): "text", str(tmp_path / "no-such" / "b"): "text"})
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=300))
def test_what_is_written_is_what_was_given(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("files")
    write_all(
        {str(folder / "a"): content, str(folder / "b"): folder / "a"}
        if False
        else {str(folder / "a"): content}
    )
    write_all({str(folder / "b"): folder / "a"})
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes() == content


def test_what_cannot_be_read_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, said in {
        "pipe": "is a pipe",
        "": "is a folder",
        "nothing": "there is no file",
        "a\0b": "cannot be read",
    }.items():
        with pytest.raises(Refused, match=said):
            check_readable(f"{tmp_path}/{name}" if name else tmp_path, "an ONNX file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_missing_right_is_a_sentence(tmp_path):
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(Refused, match="Permission"):
        check_readable(path, "an ONNX file")


@pytest.mark.parametrize("location", ["../x", "/etc/passwd", "a/../../x", "", "c:\\x", "..\\x", "a\0b"])
def test_weights_outside_the_folder_are_refused(tmp_path, location):
    with pytest.raises(Refused):
        inside(tmp_path, location)


def test_a_link_out_of_the_folder_is_refused_and_one_inside_is_not(tmp_path):
    home, foreign = tmp_path / "home", tmp_path / "foreign"
    home.mkdir()
    foreign.write_text("secret")
    (home / "weights").write_text("w")
    (home / "good").symlink_to("weights")
    (home / "bad").symlink_to(foreign)
    (home / "folder").symlink_to(tmp_path)
    assert inside(home, "good") == (home / "weights").resolve() and inside(home, "missing").name == "missing"
    for location in "bad", "folder/foreign":
        with pytest.raises(Refused, match="link out of"):
            inside(home, location)


def test_a_target_that_cannot_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "in").write_text("x")
    os.link(tmp_path / "in", tmp_path / "same")
    taken = {str(tmp_path / "in"): "the input"}
    bad = {
        "": "folder",
        "no/out": "there is no folder",
        "in": "also the input",
        "same": "also the input",
        "x" * 300: "too long",
    }
    for name, said in bad.items():
        with pytest.raises(Refused, match=said):
            check_target(f"{tmp_path}/{name}", "-o", taken)
    assert check_target(tmp_path / "out", "-o", taken) == str((tmp_path / "out").resolve())


@given(st.text())
def test_no_name_steers_a_terminal(text):
    shown = clean(text)
    assert shown.isprintable() and len(shown) == len(text) and clean(shown) == shown
    assert len(quoted(text)) <= LONGEST + 5


@pytest.mark.parametrize("text", ["\x1b[2J", "a\nb", "a\u202eb", "\u200f", "\x07", "\r", "\u2028", "\ud800"])
def test_marks_that_steer_are_gone(text):
    assert clean(text) == "".join("?" if not c.isprintable() else c for c in text) and "?" in clean(text)
