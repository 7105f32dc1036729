"""`minion action`: prove who this job is, claim the round, carry it out, hand the result over."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from minion.domain.errors import Outage
from minion.domain.protocol import ClaimRefused, RoundAccepted, RoundGrant
from minion.domain.secret import Secret
from minion.ports.control_plane import ControlPlane
from minion.runner.actions_log import ActionsLog
from minion.runner.journal import Journal
from minion.runner.round import OpenSite, Round
from minion.runner.stream import TraceStream

PR_SET_DUMPABLE: Final = 4


@dataclass(frozen=True)
class Ended:
    """What became of the job: `result` is the action's output (accepted, refused, cancelled, failed)."""

    result: str
    exit_code: int
    text: str
    follow_url: str = ""


@dataclass(frozen=True)
class Job:
    """`identity` asks for the job's OIDC token; it is asked once, right before the claim."""

    nonce: str
    identity: Callable[[], Secret]
    plane: ControlPlane
    open_site: OpenSite
    out: ActionsLog


def carry_out(job: Job) -> Ended:
    """A refused claim is no failure: another run has the round, or nobody needs it any more."""
    claimed = job.plane.claim(job.identity().reveal(), job.nonce)
    if isinstance(claimed, ClaimRefused):
        job.out.notice(f"Nothing to do here: {claimed.reason}")
        return Ended("refused", 0, claimed.reason)
    job.out.mask(claimed.run_token)
    job.out.mask(claimed.clone_token)
    job.out.notice(f"Task {claimed.task_id}, round {claimed.round} of {claimed.repository}#{claimed.number}")
    return _granted(job, claimed)


def _granted(job: Job, grant: RoundGrant) -> Ended:
    stream = TraceStream(lambda events: job.plane.send(grant, events))
    journal = Journal([stream.listen, job.out.listen])
    round_ = Round(grant, journal, lambda: stream.cancelled)
    stream.start()
    try:
        round_.carry_out(job.open_site)
    finally:
        stream.close()
        accepted = job.plane.finish(grant, round_.result())
    return replace(_ended(job, round_, accepted, stream.cancelled), follow_url=grant.follow_url)


def _ended(job: Job, round_: Round, accepted: RoundAccepted, cancelled: str | None) -> Ended:
    if cancelled is not None:
        job.out.notice(f"Stopped: {cancelled}")
        return Ended("cancelled", 0, cancelled)
    if not accepted.accepted:
        job.out.error(f"The App did not take the result: {accepted.reason}")
        return Ended("refused", 1, accepted.reason)
    if round_.error:
        job.out.error(round_.error)
        return Ended("failed", 1, round_.error)
    job.out.notice("The round is handed over; the App goes on from here.")
    return Ended("accepted", 0, "")


def hide_from_children() -> None:
    """Keeps other processes of this user from reading this one's memory and environment under /proc, where the tokens
    are (`PR_SET_DUMPABLE`, https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html). Raises `Outage`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise Outage(f"prctl(PR_SET_DUMPABLE) failed with errno {ctypes.get_errno()}")
