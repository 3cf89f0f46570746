"""The first company and its owner, and the settings with which the site does not start (R115)."""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.checks import bad_settings, file_system_of
from directory.models import Company, Event, Mail, Person
from tests.directory.account_pages import GOOD_PASSWORD
from tests.factories import owner

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
WHO = ("--company", "Cascade Builders", "--email", "Pat@cascade.example", "--name", "Pat Moss")


def set_up(*more) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("setup", *WHO, *more, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_makes_a_company_and_an_owner_who_has_no_password_but_a_link(client):
    said = set_up()
    pat = Person.objects.get()
    assert pat.is_superuser and pat.is_staff and not pat.has_usable_password()
    company = Company.objects.get()
    assert (company.slug, company.needs_second_factor) == ("cascade-builders", True)
    assert Event.objects.filter(company=company, verb="made a site owner").exists()
    assert not Mail.objects.exists()
    link = re.search(r"https?://[^/\s]+(/welcome/\S+)", said)[1]
    assert client.get(link).status_code == 200
    client.post(link, {"password": GOOD_PASSWORD})
    assert "second factor" in client.get("/").content.decode()
    assert client.get("/accounts/2fa/app/add/").status_code == 200


@pytest.mark.django_db
def test_it_makes_no_second_owner_unless_told_to():
    owner()
    with pytest.raises(CommandError, match="another-owner"):
        set_up()
    assert not Company.objects.exists()
    set_up("--another-owner")
    assert Person.objects.filter(is_superuser=True).count() == 2


@pytest.mark.django_db
def test_a_login_of_before_is_not_made_an_owner():
    Person.objects.create_user("pat@cascade.example", "pw")
    with pytest.raises(CommandError, match="is a login already"):
        set_up()


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["pat", "pat@", "pat at home"])
def test_a_wrong_address_is_said(email):
    with pytest.raises(CommandError, match="no e-mail address"):
        call_command("setup", "--company", "C", "--email", email, "--name", "Pat", stdout=StringIO())


# Settings

GOOD = {
    "DATABASE_URL": "postgres://plumbline@db.example/plumbline",
    "SECRET_KEY": "kT7!wq2Zb9xR4mLp8vN1sYd6gHj3fUc0aEoQiWzXrBtKyPnM5uVh",
    "ALLOWED_HOSTS": "bills.example.com",
    "SITE_URL": "https://bills.example.com",
    "EMAIL_URL": "smtp://mail.example:25",
    "DEFAULT_FROM_EMAIL": "Bills <bills@example.com>",
    "REDIS_URL": "redis://queue.example/0",
    "TRUSTED_PROXY_COUNT": "1",
}
BAD = {
    "debug": {"DEBUG": "1"},
    "short key": {"SECRET_KEY": "short"},
    "no key": {"SECRET_KEY": ""},
    "http": {"SITE_URL": "http://bills.example.com"},
    "any host": {"ALLOWED_HOSTS": "*"},
    "any subdomain": {"ALLOWED_HOSTS": "*.example.com"},
    "no host": {"ALLOWED_HOSTS": ""},
    "another host": {"ALLOWED_HOSTS": "invoices.example.com"},
    "no mail": {"EMAIL_URL": ""},
    "what said that it is behind a proxy": {"TRUSTED_PROXY_COUNT": "", "BEHIND_PROXY": "1"},
    "another engine": {"DATABASE_URL": "mysql://plumbline@db.example/plumbline"},
    "no engine": {"DATABASE_URL": "sqlite:///plumbline.sqlite3"},
}
ON_SQLITE = ("debug", "short key", "any host", "any subdomain", "another host", "no mail")


def run(words: list[str], environment: dict, var: Path):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=kept | {"PLUMBLINE_VAR": str(var)} | environment,
        capture_output=True,
        text=True,
    )


def test_djangos_own_check_for_production_finds_nothing(tmp_path):
    checked = run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], GOOD, tmp_path)
    assert checked.returncode == 0, checked.stderr


SERVE = ["-c", "import config.wsgi; print('serving')"]


def test_the_web_server_starts_with_good_settings_and_with_none(tmp_path):
    for environment in (GOOD, {}):
        assert "serving" in run(SERVE, environment, tmp_path).stdout


@pytest.mark.parametrize("bad", BAD)
def test_the_web_server_does_not_start_with_bad_settings(bad, tmp_path):
    served = run(SERVE, GOOD | BAD[bad], tmp_path)
    assert served.returncode != 0 and "serving" not in served.stdout


def test_no_command_starts_with_bad_settings(tmp_path):
    """All of them in one start, as far as one does not hide another."""
    environment = dict(GOOD)
    for each in ("debug", "short key", "http", "any host", "no mail"):
        environment |= BAD[each]
    checked = run(["manage.py", "check"], environment, tmp_path)
    assert checked.returncode != 0
    for said in ("DEBUG", "SECRET_KEY", "SITE_URL", "ALLOWED_HOSTS", "Set EMAIL_URL"):
        assert said in checked.stderr


def test_a_site_whose_mail_comes_from_localhost_is_told(tmp_path):
    for sender, is_told in ((None, True), ("bills@localhost", True), ("Bills <bills@localhost.example>", False)):
        said = run(["manage.py", "check"], GOOD | {"DEFAULT_FROM_EMAIL": sender or ""}, tmp_path)
        assert said.returncode == 0 and ("plumbline.W003" in said.stderr) == is_told


def test_a_site_that_says_in_the_old_way_that_it_is_behind_a_proxy_is_told_the_new_one(tmp_path):
    """R91: its visitors would all be one, and https would be http."""
    said = run(["manage.py", "check"], GOOD | {"TRUSTED_PROXY_COUNT": "", "BEHIND_PROXY": "1"}, tmp_path)
    assert said.returncode != 0 and "Set TRUSTED_PROXY_COUNT to how many proxies" in said.stderr
    for fine in ({"BEHIND_PROXY": "1"}, {"TRUSTED_PROXY_COUNT": "", "BEHIND_PROXY": "0"}):
        assert run(["manage.py", "check"], GOOD | fine, tmp_path).returncode == 0
    upgrade = OPERATIONS.partition("## Upgrade")[2].partition("\n## ")[0]
    assert "`BEHIND_PROXY` is gone" in upgrade and "TRUSTED_PROXY_COUNT=1" in upgrade


@pytest.mark.parametrize("bad", ON_SQLITE)
def test_on_sqlite_an_https_address_is_production_too(bad, tmp_path):
    """Nobody serves a demo of their own machine there."""
    served = run(SERVE, GOOD | {"DATABASE_URL": ""} | BAD[bad], tmp_path)
    assert served.returncode != 0 and "serving" not in served.stdout


def test_on_sqlite_good_settings_are_good_and_a_machine_of_ones_own_needs_none(tmp_path):
    on_sqlite = GOOD | {"DATABASE_URL": "", "REDIS_URL": "", "SECRET_KEY": ""}
    for environment in (on_sqlite, {"DEMO": "1"}, {"DEBUG": "1"}):
        served = run(SERVE, environment, tmp_path)
        assert "serving" in served.stdout, served.stderr


def test_a_database_that_we_know_nothing_of_is_said_in_words(tmp_path):
    for environment in (BAD["another engine"], BAD["no engine"]):
        assert "names no PostgreSQL" in run(["manage.py", "check"], GOOD | environment, tmp_path).stderr


@pytest.mark.parametrize(
    ("said", "environment"),
    [("messages go by a folder", {"REDIS_URL": ""}), ("METRICS_TOKEN is short", {"METRICS_TOKEN": "guess-me"})],
)
def test_what_had_better_not_be_is_said_and_the_site_starts(said, environment, tmp_path):
    checked = run(["manage.py", "check"], GOOD | environment, tmp_path)
    assert (checked.returncode, said in checked.stderr) == (0, True)
    assert "serving" in run(SERVE, GOOD | environment, tmp_path).stdout


def test_files_that_an_upgrade_would_leave_behind_are_kept_elsewhere(settings):
    """R127: a new version in a folder of its own would start with no attached file and no manifest, and say nothing."""
    settings.DEMO = settings.EMBEDDED = False
    for folder, is_refused in ((ROOT / "var", True), (Path("var"), True), (Path("/srv/plumbline-var"), False)):
        settings.VAR_DIR = folder
        assert ("plumbline.E009" in {problem.id for problem in bad_settings()}) == is_refused
    upgrade = OPERATIONS.partition("## Upgrade")[2].partition("\n## ")[0]
    assert "PLUMBLINE_VAR" in upgrade and "does not start" in upgrade


def test_every_documented_way_to_production_names_the_folder():
    for name in ("README.md", "docs/operations.md"):
        for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / name).read_text(), re.M | re.S):
            if re.search(r"\bEMAIL_URL=", block):
                assert "PLUMBLINE_VAR=" in block, f"{name}: {block}"


@pytest.mark.parametrize("program", ["worker", "beat"])
def test_neither_worker_nor_scheduler_starts_with_bad_settings(program, tmp_path):
    started = run(["-m", "celery", "-A", "config", program], GOOD | BAD["no mail"], tmp_path)
    assert started.returncode != 0 and "Set EMAIL_URL" in started.stderr


IN_THE_OPEN = {"SITE_URL": "http://bills.example.com", "ALLOWED_HOSTS": "*", "DEBUG": "1"}


@pytest.mark.parametrize("environment", [{}, IN_THE_OPEN, {"SITE_URL": "http://127.0.0.1:8000"}])
def test_a_demo_is_not_served_in_the_open(environment, tmp_path):
    """Anybody could sign in as anybody, by one click."""
    served = run(SERVE, GOOD | {"DEMO": "1"} | environment, tmp_path)
    assert served.returncode != 0 and "DEMO is on" in served.stderr and "serving" not in served.stdout


@pytest.mark.parametrize("host", ["192.168.1.20", "*", "bills", "localhost.example.com", ".example.com", "::2"])
@pytest.mark.parametrize("is_demo", [True, False])
def test_whoever_may_be_asked_from_elsewhere_is_judged_as_production(host, is_demo, settings, monkeypatch):
    """Neither a demo nor SQLite over http is on one's own machine for saying so."""
    monkeypatch.setitem(settings.DATABASES["default"]["OPTIONS"], "transaction_mode", "IMMEDIATE")
    settings.DEMO, settings.EMBEDDED = is_demo, not is_demo
    settings.ALLOWED_HOSTS = ["localhost"]
    assert bad_settings() == []
    for names in ([host], ["localhost", host]):
        settings.ALLOWED_HOSTS = names
        found = {problem.id for problem in bad_settings()}
        assert "plumbline.E003" in found and ("plumbline.E005" in found) == is_demo
    settings.ALLOWED_HOSTS, settings.SITE_URL = ["localhost"], f"http://[{host}]" if ":" in host else f"http://{host}"
    assert "plumbline.E003" in {problem.id for problem in bad_settings()}


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "plumbline.localhost", ".localhost", "LOCALHOST"])
def test_ones_own_machine_needs_no_settings_of_production(name, settings):
    settings.ALLOWED_HOSTS, settings.SITE_URL = [name], f"http://{name.lstrip('.')}:8001"
    assert bad_settings() == []


def test_the_demo_command_says_where_it_may_not_be_served(settings, monkeypatch):
    """Else its programs would be started again and again."""
    settings.DEMO, settings.SITE_URL = False, "http://bills.example.com"
    monkeypatch.setenv("SITE_URL", settings.SITE_URL)
    with pytest.raises(CommandError, match="DEMO is on"):
        call_command("demo", port=0)


def test_over_https_cookies_are_bound_to_this_host_and_never_sent_in_the_open(tmp_path):
    """R94."""
    ask = (
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'; django.setup();"
        "from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        " s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.SECURE_HSTS_SECONDS,"
        " s.PASSWORD_HASHERS[0].rpartition('.')[2])"
    )
    said = run(["-c", ask], GOOD, tmp_path).stdout.split()
    a_year = str(365 * 24 * 60 * 60)  # seconds, in which browsers speak nothing but https here (ASVS 3.4.1)
    assert said == ["__Host-sessionid", "__Host-csrftoken", *["True"] * 4, "Lax", a_year, "Argon2PasswordHasher"]


# The embedded default

OPENED = """
import os, sqlite3, django
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from django.db import connection, transaction
with connection.cursor() as cursor:
    for name in ("journal_mode", "synchronous", "recursive_triggers", "busy_timeout"):
        print(cursor.execute(f"PRAGMA {name}").fetchone()[0])
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("SELECT count(*) FROM sqlite_master")
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        print("two at once")
    except sqlite3.OperationalError as refusal:
        print(refusal)
"""


def test_sqlite_is_opened_so_that_nothing_is_lost_and_whoever_reads_to_write_is_alone(tmp_path):
    """R46, R134, M14, M17: as the site itself opens it; these tests do without FULL. 2 is FULL, as SQLite says it."""
    said = run(["-c", OPENED], {}, tmp_path)
    assert said.stdout.splitlines() == ["wal", "2", "1", "20000", "database is locked"], said.stderr


MOUNTS = r"""
/dev/vda / ext4 rw,relatime 0 0
files:/far /far autofs rw 0 0
files:/far /far nfs4 rw,hard 0 0
tmpfs /far/of\040one/fast tmpfs rw 0 0
//files/bills /srv/bills cifs rw 0 0
sshfs#files: /srv/far fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        *(("/", "ext4"), ("/farther/var", "ext4"), ("/far/kim/var", "nfs4"), ("/far/of one/fast/var", "tmpfs")),
        *(("/srv/bills", "cifs"), ("/srv/far/off", "fuse.sshfs")),
    ],
)
def test_sqlite_is_not_opened_on_a_network_disk(folder, kind, settings, monkeypatch):
    """R133: its log in shared memory is one host's, and a second one would write beside it."""
    assert file_system_of(Path(folder), MOUNTS) == kind
    monkeypatch.setattr("config.checks.file_system_of", lambda folder: kind)
    monkeypatch.setitem(settings.DATABASES["default"]["OPTIONS"], "transaction_mode", "IMMEDIATE")
    settings.ALLOWED_HOSTS, settings.EMBEDDED = ["localhost"], True
    is_refused = kind in ("nfs4", "cifs", "fuse.sshfs")
    assert [problem.id for problem in bad_settings()] == ["plumbline.E010"] * is_refused
    settings.EMBEDDED = False
    assert bad_settings() == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks rows")
def test_a_site_whose_sqlite_would_lock_nothing_does_not_start(settings, monkeypatch):
    """R46: `select_for_update` does nothing there; only a transaction that begins IMMEDIATE is alone."""
    settings.ALLOWED_HOSTS = ["localhost"]
    assert bad_settings() == []
    monkeypatch.delitem(settings.DATABASES["default"]["OPTIONS"], "transaction_mode")
    assert [problem.id for problem in bad_settings()] == ["plumbline.E011"]


def test_where_nothing_is_told_of_file_systems_none_is_refused():
    assert file_system_of(ROOT, "") == "" and file_system_of(Path("/proc")) in ("", "proc")


# The cache of limits


def test_two_processes_that_add_the_same_key_are_told_apart(tmp_path):
    add = (
        "import sys, config.cache as c;"
        "cache = c.SharedFolder(sys.argv[1], {});"
        "print(sum(cache.add(f'key {n}', 1) for n in range(200)))"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", add, tmp_path], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert sum(int(each.communicate()[0]) for each in running) == 200
