"""Collect what the interface says into `locale/`, and compile what is translated of it.

`python -m scripts.messages` (or `make messages`) needs GNU gettext. It prints what has no
translation yet, and answers 1 if there is any.
"""

import os
import subprocess
import sys
from pathlib import Path

from scripts.what_is_here import gettext

PROJECT = Path(__file__).resolve().parent.parent
LANGUAGES = ("ar", "de")
# Programs, and what people see only who run the tests.
IGNORED = ("tests", "benchmarks", "scripts", "docs", "data", "demo-data", "node_modules", ".venv")


def catalogue(language: str, project: Path = PROJECT) -> Path:
    return project / "locale" / language / "LC_MESSAGES" / "django.po"


def collect(project: Path = PROJECT) -> None:
    """Bring the catalogues up to date with the code and the templates below `project`."""
    arguments = [f"--locale={language}" for language in LANGUAGES]
    arguments += [f"--ignore={name}" for name in IGNORED]
    subprocess.run(
        # Without line numbers: those of a file change with every line that is added above.
        [
            sys.executable,
            "manage.py",
            "makemessages",
            "--no-location",
            "--no-wrap",
            "--no-obsolete",
            *arguments,
        ],
        cwd=project,
        env=os.environ
        | {
            "ENV_FILE": os.devnull,
            "SECRET_KEY": "only for collecting",
            "DATABASE_URL": "sqlite://:memory:",
            "DJANGO_SETTINGS_MODULE": "messaging_app.settings",
        },
        check=True,
        capture_output=True,
    )


def compile_to(compiled: Path, language: str, project: Path = PROJECT) -> None:
    """Compile a catalogue; one whose placeholders or plural forms are wrong is refused."""
    source = str(catalogue(language, project))
    command = ["msgfmt", "--check", "--output-file", str(compiled), source]
    subprocess.run(command, check=True, capture_output=True, text=True)


def untranslated(language: str, project: Path = PROJECT) -> list[str]:
    """What has no translation, or only one that was guessed from a similar text."""
    missing = []
    for which in ("--untranslated", "--only-fuzzy"):
        answer = subprocess.run(
            ["msgattrib", which, "--no-obsolete", "--no-wrap", str(catalogue(language, project))],
            check=True,
            capture_output=True,
            text=True,
        )
        # The first is the head of the file.
        lines = [line for line in answer.stdout.splitlines() if line.startswith("msgid ")]
        missing += [line.removeprefix("msgid ") for line in lines if line != 'msgid ""']
    return missing


def main() -> int:
    if gettext() is None:
        print("GNU gettext is not installed.")
        return 1
    collect()
    missing = {language: untranslated(language) for language in LANGUAGES}
    for language, texts in missing.items():
        compile_to(catalogue(language).with_suffix(".mo"), language)
        print(f"{language}: {len(texts) or 'nothing'} without a translation")
        print("".join(f"  {text}\n" for text in texts), end="")
    return 1 if any(missing.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
