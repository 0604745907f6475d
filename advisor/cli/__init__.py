"""The command line: a thin shell over the three functions that do the work (advise, probe, render).

Data goes to standard output, messages to standard error. Exit status: 0 done, 1 a check says no, 2 the input was wrong,
3 an optional extra is missing, 4 a job failed, 130 interrupted. Heavy imports happen inside the commands.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from collections.abc import Iterable
from types import FrameType

from advisor.errors import AdvisorError

INTERRUPTED = 130
FAILED = 4


def main() -> None:
    """Runs the command line and exits with the documented status."""
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # matrices are small here; threads would only wait for each other
    gc.set_threshold(100_000)  # thousands of values are made at the start and kept; looking among them finds nothing
    from advisor.cli.commands import app

    signal.signal(signal.SIGINT, _interrupted)
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        app()
    except AdvisorError as error:
        say(error.problems)
        sys.exit(error.exit_status)
    except OSError as error:  # what is left: standard output that is full or closed, a disk that fails in between
        say([f"{error.filename or 'standard output'}: found {error.strerror or error}"])
        os._exit(FAILED)
    finally:
        gc.freeze()  # what is there at the end goes with the process; to look through it took a tenth of a second


def say(lines: Iterable[object]) -> None:
    """Prints messages on standard error, each with the program's name; control characters are shown, not sent."""
    for line in lines if sys.stderr is not None else ():
        text = "".join(character if character.isprintable() else repr(character)[1:-1] for character in str(line))
        sys.stderr.write(f"advisor: {text}\n")


def out(data: bytes | str) -> None:
    """Writes data to standard output as it is. Raises OSError where that is closed or full."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "a closed stream")
    sys.stdout.flush()
    sys.stdout.buffer.write(data.encode() if isinstance(data, str) else data)
    sys.stdout.buffer.flush()


def _interrupted(signum: int, frame: FrameType | None) -> None:
    say(["interrupted"])
    raise SystemExit(INTERRUPTED)
