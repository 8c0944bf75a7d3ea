"""New ids: UUIDv7 text, which sorts by time of creation (RFC 9562, section 5.7)."""

from __future__ import annotations

import uuid_utils

from sluiceway.domain.rollouts.model import RolloutId


def new_rollout_id() -> RolloutId:
    return RolloutId(str(uuid_utils.uuid7()))
