"""On which file system a path lies."""

from pathlib import Path

import pytest

from logocache.errors import DatabaseError
from logocache.repository import sqlite
from logocache.repository.sqlite import file_system_of, refuse_network_file_system

TABLE = r"""
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
nas:/a /mnt nfs4 rw,vers=4.2 0 0
/dev/sdb1 /mnt/local xfs rw 0 0
//nas/share /srv/my\040share\134x cifs rw 0 0
tmpfs /over tmpfs rw 0 0
me@host:/ /over fuse.sshfs rw 0 0
broken line
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/var/cache/x.db", "ext4", id="the root"),
        pytest.param("/mnt/x.db", "nfs4", id="a mount"),
        pytest.param("/mnt", "nfs4", id="the mount point itself"),
        pytest.param("/mnt2/x.db", "ext4", id="a name that begins alike"),
        pytest.param("/mnt/local/deep/x.db", "xfs", id="a mount within a mount"),
        pytest.param("/srv/my share\\x/x.db", "cifs", id="escapes"),
        pytest.param("/over/x.db", "fuse.sshfs", id="the later of two at one place"),
    ],
)
def test_the_innermost_mount_counts(path: str, expected: str) -> None:
    assert file_system_of(Path(path), TABLE) == expected


def test_a_table_without_a_root_says_nothing() -> None:
    assert file_system_of(Path("/x"), "proc /proc proc rw 0 0\n") is None


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "glusterfs", "lustre"])
def test_network_file_systems_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(sqlite, "MOUNTS", tmp_path / "mounts")
    (tmp_path / "mounts").write_text(f"x / {kind} rw 0 0\n")
    with pytest.raises(DatabaseError, match=f"\\({kind}\\)"):
        refuse_network_file_system(tmp_path / "not" / "there" / "yet.db")


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "overlay", "tmpfs", "9p", "virtiofs", "fuseblk"])
def test_local_file_systems_are_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(sqlite, "MOUNTS", tmp_path / "mounts")
    (tmp_path / "mounts").write_text(f"x / {kind} rw 0 0\n")
    refuse_network_file_system(tmp_path / "x.db")


def test_where_a_link_leads_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "MOUNTS", tmp_path / "mounts")
    (tmp_path / "mounts").write_text(f"x / ext4 rw 0 0\nnas:/ {tmp_path}/share nfs rw 0 0\n")
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to("share")
    with pytest.raises(DatabaseError, match="nfs"):
        refuse_network_file_system(tmp_path / "link" / "x.db")


def test_a_system_that_lists_no_mounts_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "MOUNTS", tmp_path / "missing")
    refuse_network_file_system(tmp_path / "x.db")
