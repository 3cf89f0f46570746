"""A site that is lost comes back from its backup, and exports nothing a second time (R126, R127, G13)."""

import json
import os
import re
import shutil
import string
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
import pytest

from config.backups import FACTS
from tests.services.restoring import AFTERWARDS, BEFORE, CONTRACT, MEANWHILE

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = [pytest.mark.kill, pytest.mark.database]


class Site:
    """Processes of a site whose database can be taken from it; `folder` is where its files lie."""

    def __init__(self, folder: Path):
        self.folder, self.server, self.names = folder, os.environ.get("DATABASE_URL", ""), []
        theirs = ("DJANGO_SETTINGS_MODULE", "REDIS_URL")
        self.env = {name: value for name, value in os.environ.items() if name not in theirs}
        self.env["PLUMBLINE_VAR"] = str(folder / "var")

    def with_a_new_database(self) -> None:
        for leftover in self.folder.glob("var/plumbline.sqlite3*"):
            leftover.unlink()
        if self.server:
            self.names.append(f"restoring_{uuid.uuid4().hex}")
            self._on_server(f"CREATE DATABASE {self.names[-1]}")
            self.env["DATABASE_URL"] = self.server.rsplit("/", 1)[0] + f"/{self.names[-1]}"

    def _on_server(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as server:
            server.execute(statement)

    def run(self, *words) -> subprocess.CompletedProcess:
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=300, check=False)

    def plays(self, part: str) -> dict:
        ended = self.run("-m", "tests.services.restoring", part, self.folder)
        assert ended.returncode == 0, ended.stdout + ended.stderr[-3000:]
        return json.loads(ended.stdout.splitlines()[-1])

    def manages(self, *words) -> subprocess.CompletedProcess:
        fit = {"SECRET_KEY": string.ascii_letters, "SITE_URL": "https://a.test", "ALLOWED_HOSTS": "a.test"}
        self.env |= {"DJANGO_SETTINGS_MODULE": "tests.services.settings", **fit}
        return self.run("manage.py", *words)

    def end(self) -> None:
        for name in self.names:
            self._on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("restoring"))
    site.with_a_new_database()
    yield site
    site.end()


@pytest.fixture(scope="module")
def played(site):
    return site.plays("before")


@pytest.fixture(scope="module")
def lost(site, played):
    """How many files were built before database and files were lost; a copy of the files survives."""
    (site.folder / "var").rename(site.folder / "lost")
    return played["built"]


@pytest.fixture(scope="module")
def restored(site, lost):
    site.with_a_new_database()
    return site.manages("restore", site.folder / "backup")


@pytest.fixture(scope="module")
def nothing_else(site, restored):
    """What accounting gets to hear then."""
    return site.plays("lost")


@pytest.fixture(scope="module")
def beside_newer_files(site, nothing_else):
    """Restored once more, where the import files were not lost, from a backup that has lost a contract."""
    site.with_a_new_database()
    shutil.rmtree(site.folder / "var" / "files")
    shutil.rmtree(site.folder / "backup" / "files" / "attachments")
    shutil.rmtree(site.folder / "var" / "exports")
    shutil.copytree(site.folder / "lost" / "exports", site.folder / "var" / "exports")
    return site.manages("restore", site.folder / "backup")


@pytest.fixture(scope="module")
def after(site, beside_newer_files):
    return site.plays("after")


def test_a_backup_made_under_load_comes_back_whole(restored):
    """R126: every seal of the chain, every file and every ledger of its moment.

    A file that was finished while files were being copied is newer than the database, so it is told, and nothing else.
    """
    newer = int(match[1]) if (match := re.search(r"(\d+) files\. Compare", restored.stdout)) else 0
    assert newer <= 2 and "The record is whole." in restored.stdout, restored.stdout + restored.stderr
    assert restored.returncode == (1 if newer else 0), restored.stdout + restored.stderr
    said = restored.stderr if newer else restored.stdout
    assert re.search(rf"\b{newer} differences?\b", said), restored.stdout + restored.stderr


def test_where_nothing_but_the_backup_is_left_nothing_is_accepted(restored, nothing_else):
    """R127: what was built since can't be listed, and is not built again either."""
    assert "uploaded, company by company" in restored.stdout
    assert nothing_else["waiting"] == len(nothing_else["refused"]) == AFTERWARDS
    assert all("S11: This site was restored on" in words for words in nothing_else["refused"])


def test_what_was_built_after_the_backup_is_listed_and_not_built_again(lost, beside_newer_files, after):
    """R127: by the command, which ends with 1, and by every acceptance; under whatever address the company had."""
    assert lost == BEFORE + MEANWHILE + AFTERWARDS and BEFORE <= after["known"] < BEFORE + MEANWHILE
    assert after["forgotten"] == lost - after["known"]
    said = beside_newer_files.stdout
    assert f"{after['forgotten']} files. Compare each with Sage" in said and "The record is whole." in said
    assert beside_newer_files.returncode == 1
    assert f"{after['forgotten']} differences." in beside_newer_files.stderr
    assert (after["waiting"], after["refused"]) == (AFTERWARDS, AFTERWARDS)


def test_a_backup_is_on_the_disk_before_it_says_that_it_is_one(site, played, lost):
    """R126: a power cut leaves a whole backup or none, never one whose files are empty."""
    backup = site.folder / "backup"
    whole = {str(path) for path in backup.rglob("*")} - {str(backup / FACTS)}
    *before, facts, folder, above = played["flushed"]
    assert [facts, folder, above] == [str(path) for path in (backup / FACTS, backup, site.folder)]
    assert whole - set(before) == set()


def test_what_waited_or_went_on_at_the_time_of_the_backup_does_not_go_on(site, beside_newer_files, after):
    """R36, R66, R67: sessions end, mail is held back until it is released, the rest is the owner's to go through."""
    said = beside_newer_files.stdout
    assert after["sessions"] == 0 and "1 session ended" in said
    assert after["mails"] == 0 and (held := int(re.search(r"(\d+) mails? held back", said)[1]))
    assert "levels, privileges" in said and re.search("^Site owners now: .+@", said, re.M)
    assert re.search("^May push to accounting now: .+@", said, re.M)
    listed = site.manages("held_mail").stdout.splitlines()
    assert len(listed) == held + 1 and listed[-1].startswith(f"{held} mail")
    assert site.manages("held_mail", "--release", listed[0].split()[0]).stdout == "1 mail released.\n"
    assert site.manages("held_mail", "--release", "all").stdout.startswith(f"{held - 1} mail")
    assert site.manages("held_mail").stdout == "0 mails held back.\n"


def test_whoever_makes_a_backup_is_told_that_the_key_is_not_in_it(site, beside_newer_files):
    """R126: where the key is kept is the owner's to decide, so it isn't put in silently, nor left out silently."""
    assert "Not in it: SECRET_KEY of the environment." in site.manages("backup", site.folder / "second").stdout
    if not site.server:
        given = site.env.pop("SECRET_KEY")
        said = site.run("manage.py", "backup", site.folder / "third").stdout
        site.env["SECRET_KEY"] = given
        assert f"Not in it: {site.folder / 'var' / 'secret-key'}." in said


def test_an_attached_file_that_the_backup_lost_is_named(site, restored, beside_newer_files):
    assert "Every attached file is there" in restored.stdout
    assert ("database_roles --apply" in restored.stdout) == bool(site.server), "the site's role has no rights yet"
    assert re.search(rf"^{CONTRACT} of .+: attachments/\S+ is missing$", beside_newer_files.stdout, re.M)
    assert "1 attached file missing or changed" in beside_newer_files.stderr


def test_nothing_is_restored_over_a_database_that_holds_something(site, beside_newer_files):
    ended = site.manages("restore", site.folder / "backup")
    assert ended.returncode == 1 and "has tables already" in ended.stderr


def test_a_backup_is_not_made_over_another(site, beside_newer_files):
    ended = site.manages("backup", site.folder / "backup")
    assert ended.returncode == 1 and "is not empty" in ended.stderr


@pytest.mark.parametrize("spoil", ["cut", "unfinished"])
def test_a_spoilt_backup_is_refused_before_anything_is_written(site, lost, tmp_path, spoil):
    spoilt, elsewhere = shutil.copytree(site.folder / "backup", tmp_path / "spoilt"), Site(tmp_path)
    if spoil == "unfinished":
        (spoilt / FACTS).unlink()
    else:
        dump = next(spoilt.glob("database.*"))
        dump.write_bytes(dump.read_bytes()[:-1])
    elsewhere.with_a_new_database()
    ended = elsewhere.manages("restore", spoilt)
    assert ended.returncode == 1 and ("another backup" in ended.stderr or "no whole backup" in ended.stderr)
    told = elsewhere.manages("reconcile").stderr
    assert "no such table" in told or "does not exist" in told
    elsewhere.end()
