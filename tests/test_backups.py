"""What a backup says of itself is what it holds (R126); that it comes back whole is seen in tests/services."""

from config import backups
from erp_integrations.exporting.storing import MANIFEST


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


def test_the_lines_of_both_manifests_are_joined_each_once(settings, tmp_path):
    """R127: after half a line that a power cut left, too."""
    settings.EXPORTS_ROOT = tmp_path
    there, kept = tmp_path / MANIFEST, tmp_path / "kept"
    there.write_text('{"a": 1}\n\n{"b": 2}\n{"c')
    kept.write_text('\n{"b": 2}\n\n{"d": 4}\n')
    for _ in range(2):
        backups._join_manifests(kept)
    assert [line for line in there.read_text().splitlines() if line] == ['{"a": 1}', '{"b": 2}', '{"c', '{"d": 4}']
