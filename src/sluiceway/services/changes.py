"""The use cases of change requests. Rules are the domain's; here they meet the store."""

from __future__ import annotations

from sluiceway.services.change_deciding import ChangeWords
from sluiceway.services.change_requests import ChangeRequests


class ChangeService(ChangeRequests, ChangeWords):
    """Everything that people do with change requests; each family of use cases has its own module."""
