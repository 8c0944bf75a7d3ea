"""From keys to buckets: whom a percentage reaches, which variant a split gives.

Pure arithmetic on hashes, in two versions that are stored with every flag. Known answers stand in the tests:
changing a number here moves real users. Who fits a rule at all is the business of `targeting`.
Source: docs/flags.md, "Bucketing".
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final, TypeAlias, assert_never

from mmh3 import mmh3_32_uintdigest

from sluiceway.domain.flags.model import BUCKETS, HashVersion

REACH_SEED: Final = 0
VARIANT_SEED: Final = 0x5_1C1E  # another than REACH_SEED, so that variants don't follow from who is reached
UNLEASH_VARIANT_SEED: Final = 86_028_157  # of Unleash's client specification
_UNLEASH_BUCKETS: Final = 100
_HASHES: Final = 1 << 32

Reaches: TypeAlias = Callable[[str], bool]
Picks: TypeAlias = Callable[[str], int]


def bucket(key: str, salt: str, version: HashVersion = HashVersion.SLUICE_1) -> int:
    """Return the bucket of `key`, 0 to 99 999: a reach of `n` is the buckets below `n`.

    In `UNLEASH`, whose hundred buckets are numbered from 1, it is a thousandfold: 0, 1 000, ... 99 000.
    """
    hashed = _hash(f"{salt}:", key, REACH_SEED)
    match version:
        case HashVersion.SLUICE_1:
            return hashed * BUCKETS >> 32
        case HashVersion.UNLEASH:
            return hashed % _UNLEASH_BUCKETS * (BUCKETS // _UNLEASH_BUCKETS)
        case _:
            assert_never(version)


def reaches(salt: str, reach: int, version: HashVersion) -> Reaches:
    """Return a function that tells whether a key is among the first `reach` buckets of 100 000.

    A key keeps its bucket, so a larger reach only ever adds keys. In `UNLEASH` a reach counts in whole
    percent: parts of one are not reached, as there.
    """
    prefix = f"{salt}:"
    match version:
        case HashVersion.SLUICE_1:
            limit = _first_hash_at(reach, BUCKETS)

            def is_reached(key: str) -> bool:
                try:
                    return mmh3_32_uintdigest((prefix + key).encode(), REACH_SEED) < limit
                except UnicodeEncodeError:
                    return _hash(prefix, key, REACH_SEED) < limit

            return is_reached
        case HashVersion.UNLEASH:
            percent = reach * _UNLEASH_BUCKETS // BUCKETS
            return lambda key: _hash(prefix, key, REACH_SEED) % _UNLEASH_BUCKETS < percent
        case _:
            assert_never(version)


def picks(salt: str, weights: Sequence[int], version: HashVersion) -> Picks:
    """Return a function that gives a key's place in `weights`, each with its part of their sum.

    `weights` are whole numbers of which one at least is above 0; a weight of 0 is never picked.
    """
    prefix = f"{salt}:"
    ends = list(accumulate(weights))
    total = ends[-1]
    match version:
        case HashVersion.SLUICE_1:
            limits = [_first_hash_at(end, total) for end in ends]
            return lambda key: bisect_right(limits, _hash(prefix, key, VARIANT_SEED))
        case HashVersion.UNLEASH:
            return lambda key: bisect_left(ends, _hash(prefix, key, UNLEASH_VARIANT_SEED) % total + 1)
        case _:
            assert_never(version)


def _first_hash_at(part: int, whole: int) -> int:
    """Return the least hash for which `hash * whole >> 32` is `part` or more."""
    return -(-part * _HASHES // whole)


def _hash(prefix: str, key: str, seed: int) -> int:
    # Encoded here, as the C code of mmh3 ends the process over text with half a surrogate pair.
    return mmh3_32_uintdigest((prefix + key).encode("utf-8", "surrogatepass"), seed)
