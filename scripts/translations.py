"""Collect the texts of the interface into `locale/`, and compile their translations.

`python -m scripts.translations` (or `make messages`) needs GNU gettext. It prints the texts without
a translation, and exits with 1 if there are any.
"""

import os
import subprocess
import sys
from pathlib import Path

from scripts.installed_programs import gettext

PROJECT = Path(__file__).resolve().parent.parent
LANGUAGES = ("ar", "de")
# Folders without texts of the interface.
IGNORED = ("tests", "benchmarks", "scripts", "docs", "data", "demo-data", "node_modules", ".venv")


def catalogue(language: str, project: Path = PROJECT) -> Path:
    return project / "locale" / language / "LC_MESSAGES" / "django.po"


def collect(project: Path = PROJECT) -> None:
    """Update the catalogues from the code and the templates below `project`."""
    arguments = [f"--locale={language}" for language in LANGUAGES]
    arguments += [f"--ignore={name}" for name in IGNORED]
    subprocess.run(
        # Without line numbers, which change with every line that is added above.
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
    """Compile a catalogue.

    Raises:
        CalledProcessError: placeholders or plural forms of a translation are wrong.
    """
    source = str(catalogue(language, project))
    command = ["msgfmt", "--check", "--output-file", str(compiled), source]
    subprocess.run(command, check=True, capture_output=True, text=True)


def untranslated(language: str, project: Path = PROJECT) -> list[str]:
    """The texts without a translation, or with one that was guessed from a similar text."""
    missing = []
    for which in ("--untranslated", "--only-fuzzy"):
        answer = subprocess.run(
            ["msgattrib", which, "--no-obsolete", "--no-wrap", str(catalogue(language, project))],
            check=True,
            capture_output=True,
            text=True,
        )
        # The empty one is the header of the file.
        lines = [line for line in answer.stdout.splitlines() if line.startswith("msgid ")]
        missing += [line.removeprefix("msgid ") for line in lines if line != 'msgid ""']
    return missing


def main() -> int:
    if gettext() is None:
        print("Nothing was collected: GNU gettext is not installed.")
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
