"""What every store must do, as tests: subclass `StoreContract` and supply the fixture `store`.

`reopen` gives a second store on the same database, as another thread or process would have it.
"""

from __future__ import annotations

from sluiceway.testing.store_audit_contract import StoreAuditContract
from sluiceway.testing.store_changes_contract import StoreChangesContract
from sluiceway.testing.store_claims_contract import StoreClaimsContract
from sluiceway.testing.store_data_contract import StoreDataContract
from sluiceway.testing.store_experiments_contract import StoreExperimentsContract
from sluiceway.testing.store_flags_contract import StoreFlagsContract
from sluiceway.testing.store_history_contract import StoreHistoryContract
from sluiceway.testing.store_people_contract import StorePeopleContract
from sluiceway.testing.store_points_contract import StorePointsContract
from sluiceway.testing.store_releases_contract import StoreReleasesContract
from sluiceway.testing.store_rollouts_contract import StoreRolloutsContract
from sluiceway.testing.store_runs_contract import StoreRunsContract


class StoreContract(
    StoreRolloutsContract,
    StoreClaimsContract,
    StoreAuditContract,
    StoreDataContract,
    StoreHistoryContract,
    StorePointsContract,
    StorePeopleContract,
    StoreReleasesContract,
    StoreChangesContract,
    StoreRunsContract,
    StoreFlagsContract,
    StoreExperimentsContract,
):
    """The whole contract; its parts are by subject."""
