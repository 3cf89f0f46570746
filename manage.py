#!/usr/bin/env python3
"""Django's manage.py, with two commands that need nothing but Python:

python3 manage.py demo       install, load a demo company, start the site and its worker
python3 manage.py selftest   install, run every test

Every other command runs in the `.venv` that one of them made, unless the Python it is called with has Django.
"""

import hashlib
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
NEEDS = {"demo": ["requirements.txt"], "selftest": ["requirements.txt", "requirements-dev.txt"]}


def bootstrap(command: str) -> None:
    """Make `.venv` hold what this command needs, then run the command again inside it."""
    if sys.version_info < (3, 11):
        sys.exit(f"Plumbline needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    locks = [ROOT / name for name in NEEDS[command]]
    stamp = VENV / f".{command}-installed"
    wanted = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()
    if not PYTHON.exists():
        print("Creating .venv ...", flush=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(VENV, ignore_errors=True)  # a half-made environment would be taken for a whole one
            sys.exit("Could not make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv")
    if not stamp.exists() or stamp.read_text() != wanted:
        print("Installing packages (the first time only, about a minute) ...", flush=True)
        wants = [word for lock in locks for word in ("-r", str(lock))]
        pip = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
        if subprocess.run([*pip, *wants]).returncode:
            sys.exit("The packages could not be installed; pip says why above. Mend that and run the command again.")
        stamp.write_text(wanted)
    run_inside()


def run_inside() -> None:
    """The same command, in `.venv`; this process ends."""
    again = [str(PYTHON), str(ROOT / "manage.py"), *sys.argv[1:]]
    if os.name == "nt":
        sys.exit(subprocess.call(again))
    os.execv(again[0], again)


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    inside = pathlib.Path(sys.prefix).resolve() == VENV.resolve()
    if command in NEEDS and not inside and not os.environ.get("NO_BOOTSTRAP"):
        bootstrap(command)
    if command == "selftest":
        sys.exit(subprocess.call([sys.executable, "-m", "pytest", *sys.argv[2:]], cwd=ROOT))
    if importlib.util.find_spec("django") is None:
        if inside or not PYTHON.exists():
            sys.exit("The packages are not installed. `python3 manage.py demo` installs them (`selftest`: all).")
        run_inside()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line  # only there once the packages are

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
