"""The local stack: the tenant's packaged template on an AWS that runs on this machine.

`run` is one foreground process: the emulator is its child, SMTP is answered in it. The other two
speak to a stack that runs. What the emulator gets wrong is mended in `shims/`.
"""

from __future__ import annotations

from pathlib import Path


def run(root: Path) -> int:
    """Serve the desk of that project until it is told to stop; the exit code."""
    from infra.local.running import run as run_stack

    return run_stack(root)


def mail(root: Path, file: Path) -> int:
    """Send a file as mail to the running desk, to the recipients its header names."""
    from infra.local.feeding import mail as feed

    return feed(root, file)


def redeliver(root: Path, file: Path) -> int:
    """Hand the desk once more the SES event of a mail that it already had."""
    from infra.local.feeding import redeliver as feed_again

    return feed_again(root, file)
