"""What the Python scripts share: where the server is, and counting checks."""

import os
import sys

HOST = os.environ["PGHOST"]
PORT = int(os.environ["PGPORT"])
DATABASE = os.environ["PGDATABASE"]
USER = os.environ["PGUSER"]
PASSWORD = os.environ["PGPASSWORD"]

# Settings that differ from client to client: each must find its own again.
ZONES = ["UTC", "Asia/Tokyo", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Perth"]

_count = 0


def name(suffix):
    """A table of this run only: scripts may run side by side."""
    script = os.path.basename(sys.argv[0]).split(".")[0]
    return f"drv_{script}_{os.getpid()}_{suffix}"


def check(what, got, want=True):
    global _count
    if got != want:
        print(f"FAILED {what}: got {got!r}, want {want!r}", flush=True)
        os._exit(1)
    _count += 1


def refused(what, sqlstate, call, state_of):
    """call must raise an error with this SQLSTATE."""
    try:
        call()
    except Exception as e:  # noqa: BLE001 - each driver has a class of its own
        check(f"{what}: SQLSTATE of {e!r}", state_of(e), sqlstate)
    else:
        check(f"{what} is refused", "no error", sqlstate)


def done():
    print(f"ok {_count} checks")
