"""What the tests of the release share."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))
PATIENCE_SECONDS = 120


def run(*command, **options):
    """The finished process, with its output as text."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=PATIENCE_SECONDS, **options)


def git(directory, *arguments):
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    result = run("git", *identity, "-C", directory, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def executable(path, script):
    path.write_text(script)
    path.chmod(0o755)
    return path
