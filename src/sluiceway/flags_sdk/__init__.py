"""Feature flags for applications: decided here, kept up to date by the server, whose code is not needed.

    from sluiceway.flags_sdk import Context, FlagClient

The provider for OpenFeature is in `sluiceway.flags_sdk.openfeature`.
"""

from sluiceway.domain.flags.model import ErrorCode, Evaluation, Reason
from sluiceway.flags_sdk.client import FlagClient
from sluiceway.flags_sdk.context import Context
from sluiceway.flags_sdk.counting import Exposure
from sluiceway.flags_sdk.evaluations import Flags
from sluiceway.flags_sdk.status import Source, State, Status
from sluiceway.flags_sdk.timing import Timing

__all__ = [
    "Context",
    "ErrorCode",
    "Evaluation",
    "Exposure",
    "FlagClient",
    "Flags",
    "Reason",
    "Source",
    "State",
    "Status",
    "Timing",
]
