"""Stands beside the proxy while a canary runs, and puts the champion back when its controller is gone."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import mlops_ci
from mlops_ci.errors import MlopsCiError
from mlops_ci.ports import Clock, Progress
from mlops_ci.process import spawn
from mlops_ci.release.leases import RENEW_EVERY, RemoteLease
from mlops_ci.rollout.lease import Lease

if TYPE_CHECKING:
    from mlops_ci.rollout.assembly import Assembly

_LOOK_EVERY = 1.0  # seconds
_TRIES = 40
_LAST_RENEWAL = 10.0  # seconds that a renewal under way may take before the lease is released


def start(parts: "Assembly") -> None:
    """Start the supervisor of this canary, in a session of its own; it ends when the lease is released."""
    options, folder = parts.settings, parts.engine().folder
    place = {"environment": options.environment, "host": options.host, "port": options.port, "runtime": options.runtime}
    flags = [word for name, value in place.items() for word in (f"--{name}", str(value))]
    if parts.settings_path:
        flags += ["--settings", str(parts.settings_path)]
    if parts.chosen_model:
        flags += ["--model", parts.chosen_model]
    if options.rehearse:
        flags.append("--rehearse")
    argv = [sys.executable, "-m", "mlops_ci", "canary", "supervise", *flags]
    source = str(Path(mlops_ci.__file__).parents[1])
    spawn(argv, cwd=parts.root, env={"PYTHONPATH": source}, log=folder / "supervisor.log")


def supervise(
    lease: Lease,
    remote: RemoteLease,
    put_back: Callable[[], object],
    clock: Clock,
    log: Progress,
    healthy: Callable[[], bool] = lambda: True,
) -> None:
    """Stand by until the canary ends or is handed over; meanwhile the lease on origin tells other machines so.

    A lease that cannot be released on origin expires there, and a canary that nobody steers is found by the watchdog.
    Where one stands by already, it makes room: the newest belongs to the command that steers.
    """
    ended = Event()
    renewing = Thread(target=_renew, args=(lease, remote, ended, clock, log), daemon=True)
    with lease.watched() as first:
        if not first:
            return
        renewing.start()  # beside the watch: an origin that does not answer must not keep the champion waiting
        try:
            watch(lease, put_back, clock, log, healthy)
        finally:
            ended.set()
    renewing.join(_LAST_RENEWAL)
    with suppress(MlopsCiError):
        if (seconds := lease.handed()) is not None:
            remote.leave(clock.now(), seconds, anywhere=True)
        elif not lease.held():
            remote.release()


def _renew(lease: Lease, remote: RemoteLease, ended: Event, clock: Clock, log: Progress) -> None:
    """Renew the lease on origin until the canary has ended; an origin out of reach ends none."""
    while lease.held():  # what is said of a canary that was handed over must stand
        left = lease.left()
        try:
            if left is None:
                remote.renew(clock.now())
            else:
                remote.leave(clock.now(), left)
        except MlopsCiError as failure:
            log.note(f"The lease on origin was not renewed: {failure}")
        changed_meanwhile = lease.promised() != (left is not None)  # and perhaps said on origin before this
        if ended.wait(0.0 if changed_meanwhile else RENEW_EVERY):
            return


def watch(
    lease: Lease,
    put_back: Callable[[], object],
    clock: Clock,
    progress: Progress,
    healthy: Callable[[], bool] = lambda: True,
) -> None:
    """Wait until the lease is released; when it is lost instead, put the champion back and record it.

    Args:
        lease: the controller's.
        put_back: does what `mlops-ci rollback` does; tried again while it fails.
        clock: the machine's.
        progress: the supervisor's log.
        healthy: says whether what gets traffic runs; asked while nobody else looks, between a canary's commands.
    """
    while lease.held() and not lease.lost() and (healthy() or not lease.promised()):
        if lease.succeeded():
            return
        clock.sleep(_LOOK_EVERY)
    if not lease.held():
        return
    lease.take()  # should the controller wake up, its next renewal tells it that it is not in charge any more
    progress.note("The canary's controller is gone, or its challenger: all traffic goes back to the champion.")
    for _ in range(_TRIES):
        try:
            put_back()
        except Exception as failure:  # noqa: BLE001 - whatever it is, trying again is all that is left
            progress.note(f"Not done yet: {failure!r}")
            clock.sleep(_LOOK_EVERY)
        else:
            lease.release()
            progress.note("The champion has all traffic, and the record says so.")
            return
    progress.note("Gave up. Run: mlops-ci rollback.")
