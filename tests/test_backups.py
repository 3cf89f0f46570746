"""What a backup says of itself is what it holds (R126); that it comes back whole is seen in tests/services."""

from config import backups


def test_a_file_that_is_removed_while_files_are_copied_is_not_counted(tmp_path, monkeypatch):
    source, target = tmp_path / "files", tmp_path / "backup"
    source.mkdir()
    for name in ("a", "b"):
        (source / name).write_text(name)

    def removed_as_soon_as_it_was_found(root):
        for path in sorted(root.iterdir()):
            if path.name == "b":
                path.unlink()
            yield path

    monkeypatch.setattr(backups, "_files_of", removed_as_soon_as_it_was_found)
    assert backups._copied(source, target) == 1
    assert [path.name for path in target.iterdir()] == ["a"]
