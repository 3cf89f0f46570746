"""What stands in `deploy` fits the program: settings that reach it, and nothing secret in the image."""

import ast
import json
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import PurePath

import pytest
from django.conf import settings

from tests.directory.test_first_run import GOOD, ROOT, SERVE, run
from tests.services.hosts import command_of

COMPOSE = (ROOT / "deploy/compose.yaml").read_text()
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
PROXY = (ROOT / "deploy/Caddyfile").read_text()
EXAMPLE = (ROOT / "deploy/env.example").read_text()
SETTINGS = (ROOT / "config/settings.py").read_text()
GUNICORN = (ROOT / "deploy/gunicorn.conf.py").read_text()
NGINX = (ROOT / "deploy/nginx.conf").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()
INSTALL = OPERATIONS.partition("## Install")[2].partition("\n## ")[0]
READ = set(re.findall(r'\benv\.\w+\(\s*"(\w+)"', SETTINGS))
PASSED_ON = dict(
    re.findall(r"^    ([A-Z_]+): (\S.*)$", COMPOSE.partition("&environment")[2].partition("depends_on")[0], re.M)
)
OURS_TO_SAY = {  # not the operator's, where compose.yaml runs the site
    "DEBUG": "never in production",
    "DEMO": "never in production",
    "PLUMBLINE_VAR": "of the image",
    "PLUMBLINE_EMBEDDED": "of the image",
    "STATIC_ROOT": "of the image",
    "ALIVE_FILE": "of the image",
    "BEHIND_PROXY": "gone",
    "SECURE_SSL_REDIRECT": "SITE_URL is https",
}


def test_every_setting_that_is_read_is_passed_on_or_is_not_the_operators():
    assert PASSED_ON.keys() | OURS_TO_SAY.keys() == READ
    assert not PASSED_ON.keys() & OURS_TO_SAY.keys()


def test_every_setting_that_is_read_stands_at_the_head_of_the_settings():
    gunicorn = set(re.findall(r'environ\.get\("(\w+)"', GUNICORN)) - {"PROMETHEUS_MULTIPROC_DIR"}  # made by itself
    named = set(re.findall(r"\b[A-Z][A-Z_]+\b", ast.get_docstring(ast.parse(SETTINGS))))
    assert READ | gunicorn <= named, "name it there, with what it means"
    assert {"WEB_CONCURRENCY", "BIND"} == gunicorn - READ


def test_whatever_compose_asks_of_the_operator_stands_in_the_example():
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE))
    told = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.M))
    assert asked == told


def test_what_is_passed_on_without_a_value_counts_as_not_set(tmp_path):
    empty = [name for name, value in PASSED_ON.items() if value == f"${{{name}:-}}"]
    assert {"SECURE_HSTS_SECONDS", "ATTACHMENT_MAX_MB", "SECRET_KEY_FALLBACKS"} < set(empty)
    ask = "import config.settings as s; print([(n, v) for n, v in vars(s).items() if isinstance(v, str | int | list)])"
    first, second = (run(["-c", ask], GOOD | told, tmp_path) for told in ({}, dict.fromkeys(empty, "")))
    assert second.stdout == first.stdout and first.stdout, second.stderr


def test_who_migrates_backs_up_or_restores_may_take_longer_than_a_page(tmp_path):
    """But waits for a lock no longer than ever."""
    as_owner = COMPOSE.partition("&as-owner\n")[2].partition("\n\n")[0]
    assert 'STATEMENT_TIMEOUT: "0"' in as_owner
    assert re.findall(r"^  (\w+):(?:(?!^  \w).)*environment: \*as-owner", COMPOSE, re.M | re.S) == ["migrate", "backup"]
    ask = "import config.settings as s; print(s.DATABASES['default']['OPTIONS']['options'])"
    for told, then in (({}, "30000"), ({"STATEMENT_TIMEOUT": "0"}, "0")):
        said = run(["-c", ask], GOOD | told, tmp_path).stdout
        assert f"statement_timeout={then} " in said and "lock_timeout=10000 " in said


def test_what_the_address_says_of_the_database_counts_beside_what_we_say(tmp_path):
    """Both names of `options` go to the server, which takes the later one."""
    address = f"{GOOD['DATABASE_URL']}?options=-c%20search_path=bills%20-c%20lock_timeout=3000&connect_timeout=9"
    ask = (
        "import config.settings as s; d = s.DATABASES['default']['OPTIONS']; print(d['connect_timeout'], d['options'])"
    )
    said = run(["-c", ask], GOOD | {"DATABASE_URL": address}, tmp_path).stdout
    assert said.startswith("9 ") and "-c search_path=bills" in said and "statement_timeout=30000 " in said
    assert said.index("lock_timeout=10000") < said.index("lock_timeout=3000")


@pytest.mark.parametrize("name", re.findall(r"image: (\S+)", COMPOSE) + re.findall(r"^FROM (\S+)", DOCKERFILE, re.M))
def test_every_image_is_of_a_named_version(name):
    assert re.search(r":\d+\.\d+\.?\d*(-|$)", name) or name == "plumbline:${VERSION:-local}"


def test_the_image_has_the_client_programs_of_the_servers_version():
    """An older pg_dump refuses a newer server."""
    [server] = re.findall(r"image: postgres:(\d+)", COMPOSE)
    assert set(re.findall(r"postgresql[-/](?:client-)?(\d+)", DOCKERFILE)) == {server}


def service(name: str) -> str:
    """What compose.yaml says of it, with what it shares with others."""
    said = re.search(rf"^  {name}:.*\n((?:    .*\n|\n)+)", COMPOSE, re.M)[1]
    shared = COMPOSE.partition("&plumbline\n")[2].partition("\n\n")[0]
    return said + (shared if "<<: *plumbline" in said else "")


def test_one_service_builds_the_image_and_the_others_take_it():
    """Several that build one name are handed to bake at once, and all but the first fail: the image already exists."""
    assert re.findall(r"^  (\w+):(?:(?!^  \w).)*^    build:", COMPOSE, re.M | re.S) == ["migrate"]
    assert COMPOSE.count(" build: ") == 1
    for name in ("web", "worker", "beat", "migrate", "backup"):
        assert re.search("^ +pull_policy: never", service(name), re.M), "or somebody else's image of that name runs"
    elsewhere = OPERATIONS.partition("and comes back like this")[2].partition("```sh\n")[2]
    assert elsewhere.startswith("dc build "), "`run` of a service that builds nothing needs the image"


@pytest.mark.parametrize("name", ["web", "worker", "beat", "db", "queue"])
def test_whatever_goes_on_for_ever_says_if_it_is_well(name):
    assert re.search(r"^    healthcheck:", service(name), re.M)


@pytest.mark.parametrize("name", ["web", "worker", "beat", "migrate", "backup", "queue", "proxy"])
def test_nothing_takes_all_the_memory_from_the_database(name):
    """What is written to a tmpfs is memory too; without a size it takes half the machine's."""
    assert re.search(r"^ +mem_limit: \S", service(name), re.M)
    assert all("size=" in where for where in re.findall(r"tmpfs: (.*)", service(name)))


def test_the_proxy_waits_for_a_slow_sender_but_not_for_ever():
    """Each of them would hold one of the few threads of a web process."""
    assert set(re.findall(r"^\t\t\t(\w+) \d+[sm]$", PROXY, re.M)) >= {"read_header", "read_body", "idle"}
    before_the_site = PROXY.partition("{$HOST}")[0]
    assert "timeouts" in before_the_site, "Caddy takes options for its servers in a block of its own, the first"


def test_the_proxy_holds_back_as_much_as_is_read_of_somebody_who_is_not_signed_in():
    """R116: what it did not hold back would be waited for in a thread of a web process."""
    site = PROXY.partition("\treverse_proxy {")[2]
    [kibibytes] = re.findall(r"^\t\trequest_buffers (\d+)KiB$", site, re.M)
    assert int(kibibytes) * 1024 == settings.BODY_OF_STRANGERS_MAX_BYTES


def test_what_the_health_check_looks_at_is_what_the_image_has_touched():
    assert re.search(r"find (\S+) -mmin", COMPOSE)[1] == re.search(r"ALIVE_FILE=(\S+)", DOCKERFILE)[1]


def test_the_image_does_not_start_on_a_database_that_nobody_named(tmp_path):
    """A second host whose file of settings lacks it would be a site of its own, on SQLite, and say nothing."""
    of_image = dict(re.findall(r"\b(PLUMBLINE_EMBEDDED)=(\S+)", DOCKERFILE))
    for told, word in ({}, "Set DATABASE_URL"), ({"DATABASE_URL": GOOD["DATABASE_URL"]}, "serving"):
        served = run(SERVE, GOOD | {"DATABASE_URL": ""} | of_image | told, tmp_path)
        assert word in served.stdout + served.stderr and ("serving" in served.stdout) == bool(told)


def test_a_second_host_has_the_limits_of_the_first():
    """R116: and whoever is let into a container there may as little."""
    [told] = re.findall(r"^run='(docker run .*?)^```", OPERATIONS, re.M | re.S)
    shared = COMPOSE.partition("&plumbline\n")[2].partition("\n\n")[0]
    [tmpfs], [memory] = re.findall(r'tmpfs: \["(.*?)"\]', shared), re.findall(r"mem_limit: \$\{MEMORY:-(\w+)\}", shared)
    assert (
        "cap_drop: [ALL]" in shared and 'security_opt: ["no-new-privileges:true"]' in shared and "read_only" in shared
    )
    assert "--log-driver local" in told
    limits = (f"--tmpfs {tmpfs}", f"--memory {memory}", "--cap-drop ALL", "--security-opt no-new-privileges:true")
    assert all(limit in told for limit in (*limits, "--read-only", "--init"))
    alive = re.search(r"CMD-SHELL, '(.*?)'\]", COMPOSE)[1].replace("$$", "$")
    live = re.search(r'python, -c, "(.*?)"\]', service("web"))[1].replace("'", '\\"')
    assert f"--health-cmd '{alive}'" in told and f"--health-cmd \"python -c '{live}'\"" in told
    for name in ("worker", "web"):
        seconds = re.search(r"stop_grace_period: (\d+)s", service(name))[1]
        assert f"--name plumbline-{name} --stop-timeout {seconds} " in told


def test_database_queue_and_files_may_be_elsewhere_once_there_are_several_hosts():
    as_owner = COMPOSE.partition("&as-owner\n")[2].partition("\n\n")[0]
    assert PASSED_ON["DATABASE_URL"].startswith("${DATABASE_URL:-") and "${OWNER_DATABASE_URL:-" in as_owner
    assert PASSED_ON["REDIS_URL"].startswith("${REDIS_URL:-")
    mounts = re.findall(r"[^\s\"\[]*:/var/lib/plumbline", COMPOSE)
    assert len(mounts) == 2 and set(mounts) == {"${KEPT:-kept}:/var/lib/plumbline"}
    moved = OPERATIONS.partition("## Several hosts")[2].partition("\n## ")[0]
    assert all(f"{name}=" in moved for name in ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "KEPT"))


def test_a_second_hosts_file_of_settings_is_enough_as_docker_reads_it(tmp_path):
    """Which takes quotes for a part of the value; what is missing would be noticed in the middle of the work."""
    [told] = re.findall(r"^# (?:\S+ )?/etc/plumbline\.docker\.env.*\n((?:[A-Z_]+=.*\n)+)```", OPERATIONS, re.M)
    said = dict(line.split("=", 1) for line in told.replace("…", "x").splitlines())
    assert not any(quote in told for quote in "'\"") and "TRUSTED_PROXY_COUNT" in said
    environment = said | {"SECRET_KEY": GOOD["SECRET_KEY"], "PLUMBLINE_EMBEDDED": "0"}
    checked = run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], environment, tmp_path)
    assert checked.returncode == 0, checked.stderr


def test_the_proxy_has_a_place_for_a_second_host_where_its_containers_answer():
    """Caddy asks names, or what stands in `to`, never both: so the second host is one more source of `multi`."""
    sources = PROXY.partition("dynamic multi {\n")[2].partition("\n\t\t}\n")[0]
    [other] = re.findall(r"^\t\t\t#a (\S+) (\d+) \{$", sources, re.M)
    assert re.search(r"^\t\t\ta web 8000 \{$", sources, re.M) and f"-p {other[0]}:{other[1]}:8000" in OPERATIONS


def test_operations_counts_the_connections_that_compose_may_open():
    """R136: PostgreSQL refuses the one too many, and somebody reads that it is away."""
    replicas = {name: int(re.search(r"replicas: (\d+)", service(name))[1]) for name in ("web", "worker")}
    web = replicas["web"] * int(re.search(r"WEB_CONCURRENCY:-(\d+)", service("web"))[1])
    threads = int(re.search(r"^threads = (\d+)$", GUNICORN, re.M)[1])
    each = int(re.search(r'--concurrency, "(\d+)"', service("worker"))[1])
    assert threads == each == 2 and "PostgreSQL needs 2*n* + 2*m* + 10 connections" in OPERATIONS
    assert f"{2 * web + 2 * replicas['worker'] + 10} for the six processes and three workers" in OPERATIONS


def test_the_volumes_that_operations_tells_of_are_those_of_compose():
    there = re.search(r"^volumes: \{ (.*) \}$", COMPOSE, re.M)[1].replace(": {}", "").split(", ")
    told = set(re.findall(r"\bvolume (?:rm )?`?plumbline_(\w+)", OPERATIONS))
    assert {"database", "backups"} <= told <= set(there)


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_systemd_starts_and_stops_what_containers_do(name):
    unit = (ROOT / f"deploy/systemd/plumbline-{name}.service").read_text()
    command = [word.removeprefix("HERE/.venv/bin/") for word in re.search("^ExecStart=(.*)$", unit, re.M)[1].split()]
    assert command == command_of(name)[2:]
    assert re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.M) == re.findall(r"stop_grace_period: (\d+)s", service(name))
    folder = re.search(r"^ReadWritePaths=(\S+)$", unit, re.M)[1]
    assert f"PLUMBLINE_VAR={folder}\n" in INSTALL and "deploy/systemd/plumbline-$" in INSTALL


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_after_a_reboot_nothing_writes_under_the_folder_that_is_mounted_later(name):
    """R127: lines of the manifest would lie where neither another host nor a restore looks."""
    unit = (ROOT / f"deploy/systemd/plumbline-{name}.service").read_text()
    [folder] = re.findall(r"^ReadWritePaths=(\S+)$", unit, re.M)
    assert re.findall(r"^RequiresMountsFor=(\S+)$", unit.partition("[Service]")[0], re.M) == [folder]
    for_docker = OPERATIONS.partition("# /etc/systemd/system/docker.service.d/plumbline.conf\n")[2].partition("```")[0]
    assert for_docker == f"[Unit]\nRequiresMountsFor={folder}\n"
    assert f"install -d -o root -m 000 {folder}\n" in OPERATIONS


def test_every_night_without_containers_has_a_backup_in_a_folder_of_its_own(tmp_path):
    """systemd takes a program by its whole path alone, and knows no shell; none goes into a folder twice."""
    unit = OPERATIONS.partition("Without containers these are")[2].partition("```ini\n")[2].partition("```")[0]
    commands = re.findall(r"^ExecStart=(.*)$", unit, re.M)
    assert len(commands) == 2 and all(command.startswith("/") for command in commands)
    assert unit.count("EnvironmentFile=/etc/plumbline.env\nEnvironmentFile=/etc/plumbline.owner.env\n") == 2
    assert unit.count("WorkingDirectory=/srv/plumbline-1.4\n") == 2 and "STATEMENT_TIMEOUT=0" in OPERATIONS
    [script] = re.findall(r"^/bin/sh -ec '(.*)'$", commands[0])
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o700)
    asked = re.sub(r"/srv/plumbline-1\.4/\S+/python", str(python), script.replace("%%", "%").replace("$$", "$"))
    told = subprocess.run(["/bin/sh", "-ec", asked], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r"manage\.py backup /srv/plumbline-backups/\d{4}-\d\d-\d\d-\d{6}\n", told)


def test_a_page_of_the_old_version_finds_its_style_sheet_in_the_first_upgrade_too():
    """What compose's `migrate` lays out at each start is laid out by *Install* as well, not by *Upgrade* alone."""
    laid_out = "cp -r --remove-destination packed/. "
    assert f"{laid_out}/var/lib/plumbline/static/" in service("migrate")
    upgrade = OPERATIONS.partition("## Upgrade")[2].partition("\n## ")[0]
    assert all(f"{laid_out}$PLUMBLINE_VAR/static/" in part for part in (INSTALL, upgrade))
    assert "mkdir -p $PLUMBLINE_VAR/static" in INSTALL


def test_an_upgrade_replaces_what_runs_on_the_second_host_too():
    several, upgrade = (
        OPERATIONS.partition(f"## {name}")[2].partition("\n## ")[0] for name in ("Several hosts", "Upgrade")
    )
    assert "docker save plumbline:1.4 | ssh" in several and "docker save plumbline:1.5 | ssh" in upgrade
    started = set(re.findall(r"--name (plumbline-\w+)", several))
    assert started and all(f"docker stop {name} && docker rm {name}" in upgrade for name in started)


def test_nginx_lets_through_what_caddy_does():
    [most] = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    assert f"UPLOAD_MAX:-{most}MB" in COMPOSE and f"UPLOAD_MAX:{most}MB" in PROXY
    hidden = re.search(r"^\t@inside path (.*)$", PROXY, re.M)[1].split()
    assert re.search(r"location ~ \^/\((.*)\)\$ \{\s+return 404;", NGINX)[1].split("|") == [p[1:] for p in hidden]
    assert "proxy_request_buffering off" not in NGINX and "deploy/nginx.conf" in INSTALL
    assert {"X-Forwarded-For", "X-Forwarded-Proto", "Host"} == set(re.findall(r"proxy_set_header (\S+)", NGINX))


def test_the_file_of_settings_that_install_shows_is_enough_for_a_shell(tmp_path):
    [told] = re.findall(r"^# /etc/plumbline\.env.*\n((?:[A-Z_]+=.*\n)+)```", INSTALL, re.M)
    file = tmp_path / "plumbline.env"
    file.write_text(told.replace("SECRET_KEY='…'", f"SECRET_KEY='{GOOD['SECRET_KEY']}'").replace("…", "x"))
    check = f"{sys.executable} manage.py check --deploy --fail-level WARNING"
    asked = f"set -a; . {file}; PLUMBLINE_VAR={tmp_path}; exec {check}"
    done = subprocess.run(
        ["bash", "-ec", asked], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def documented() -> list[tuple[str, list[str]]]:
    """(heading, the lines that set an environment) of each part of operations.md that says one for a shell."""
    found = []
    for part in re.split(r"^## ", OPERATIONS, flags=re.M)[1:]:
        said = "".join(re.findall(r"^```sh\n(.*?)^```", part, re.M | re.S)).splitlines()
        lines = [line for line in said if re.match(r"(set -a|export DATABASE_URL|export \w+=.*\b[A-Z_]+=)", line)]
        found += [(part.partition("\n")[0], lines)] if lines else []
    return found


@pytest.mark.parametrize(("heading", "lines"), documented(), ids=lambda each: each if isinstance(each, str) else "")
def test_a_documented_environment_is_enough_for_a_command(heading, lines, tmp_path):
    """What `manage.py` refuses to run with, an operator would meet in the middle of the work."""
    file = tmp_path / "plumbline.env"
    file.write_text("".join(f"{name}='{value}'\n" for name, value in GOOD.items()))
    told = "\n".join(lines).replace("/etc/plumbline.env", str(file)).replace("…", "x")
    told = re.sub(r"PLUMBLINE_VAR=\S+", f"PLUMBLINE_VAR={tmp_path}", told)
    asked = f"{told}\nexec {sys.executable} manage.py check --fail-level WARNING"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        ["bash", "-ec", asked], cwd=ROOT, env=kept | {"PLUMBLINE_VAR": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{heading}: {done.stderr}"


def test_every_part_whose_commands_ask_the_database_says_with_what():
    told = {"Install", "Backup, and the way back", "Two roles in PostgreSQL", "Measuring"}
    assert told <= {heading for heading, _ in documented()}


def test_what_the_image_runs_is_compiled_before_nobody_may_write_there():
    """F3: the reader of uploads starts for each file."""
    compiled = re.search(r"^RUN python -m compileall -q (.*)$", DOCKERFILE, re.M)
    assert compiled.start() < DOCKERFILE.index("\nUSER ")
    assert set(compiled[1].split()) == {path.parent.name for path in ROOT.glob("*/apps.py")}


def test_what_gunicorn_says_itself_is_one_line_of_json_each(tmp_path):
    """A line of words, or a traceback of forty, would be lost on whoever gathers the others."""
    (tmp_path / "static").mkdir()
    command = ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "-b", "127.0.0.1:0", "config.wsgi"]
    ended = run(command, GOOD | {"SITE_URL": "http://bills.example.com", "WEB_CONCURRENCY": "1"}, tmp_path)
    [printed] = [line for line in ended.stderr.splitlines() if line[0] != "{"]
    assert ended.returncode and printed.startswith("SITE_URL is http://bills"), "why it ended, beside the log"
    lines = [json.loads(line) for line in ended.stderr.splitlines() if line != printed]
    told = {line["event"].partition(":")[0]: line for line in lines}
    assert {"Listening at", "Booting worker with pid", "Reason"} < set(told)
    failed = told["Exception in worker process"]
    assert failed["level"] == "error" and "SITE_URL is http://bills" in failed["exception"]


@pytest.mark.parametrize("name", ["web", "worker", "beat", "migrate", "backup", "db", "queue", "proxy"])
def test_no_log_fills_the_disk(name):
    """Docker's usual driver keeps all that was ever said; this one keeps the last hundred megabytes of each."""
    assert "logging: { driver: local }" in service(name)


# Written by their makers so that they can be found: keys, and the tokens of some who give them out.
SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{36}|\bxox[abpr]-\d{6}|\bsk_live_"
)


def test_no_secret_lies_in_the_repository():
    """R144."""
    assert SECRETS.search(b"-----BEGIN RSA " + b"PRIVATE KEY-----")
    tops = [top for top in ROOT.iterdir() if top.name not in (".git", ".venv", "var") and "_cache" not in top.name]
    files = [path for top in tops for path in (top, *top.rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    assert ROOT / "deploy/compose.yaml" in files
    assert not [path for path in files if SECRETS.search(path.read_bytes())]


# What the image is built from


def is_left_out(path: str) -> bool:
    """As .dockerignore is read; of its patterns we use names anywhere (`**/`) and paths from the root."""
    there = PurePath(path)
    places = [there, *there.parents]
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    return any(
        fnmatch(place.name, line[3:]) if line.startswith("**/") else str(place) == line
        for line in lines
        for place in places
    )


@pytest.mark.parametrize(
    "path",
    [
        *("deploy/.env", ".env", "deploy/.env.old", "deploy/tls.key", "var/secret-key", "var/files/attachments/00/00"),
        *("backups/2026-11-29/database.dump", "elsewhere/plumbline.sqlite3-wal", ".git/config", "tests/conftest.py"),
    ],
)
def test_no_secret_and_nothing_of_a_sites_gets_into_the_image(path):
    assert is_left_out(path)


@pytest.mark.parametrize("path", ["manage.py", "requirements.txt", "deploy/gunicorn.conf.py", "static/css/site.css"])
def test_what_runs_does(path):
    assert (ROOT / path).is_file() and not is_left_out(path)
