"""New ids: UUIDv7 text, which sorts by time of creation (RFC 9562, section 5.7)."""

from __future__ import annotations

import uuid_utils

from sluiceway.domain.checklists.model import RunId
from sluiceway.domain.rollouts.model import RolloutId


def new_rollout_id() -> RolloutId:
    return RolloutId(str(uuid_utils.uuid7()))


def new_run_id() -> RunId:
    return RunId(str(uuid_utils.uuid7()))


def new_proposal_id() -> str:
    return str(uuid_utils.uuid7())
