"""What Envoy is started with: its admin socket, where its configuration files are, how it keeps statistics.

The listener, the clusters and the routes come from files that Envoy watches (file xDS), so that nothing
that changes later needs a restart. Source: Envoy docs, "xDS configuration API overview", "File system".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

Config = Mapping[str, object]

CLUSTERS_FILE = "clusters.json"
LISTENERS_FILE = "listeners.json"
ROUTES_FILE = "routes.json"

# Upper bounds of the latency buckets in ms, about 1.15 apart. Envoy counts whole ms and keeps two
# significant digits, so only bounds of two digits count exactly.
LATENCY_BOUNDS_MS = (
    *range(1, 16), 17, 19, 22, 25, 28, 32, 36, 41, 47, 54, 62, 71, 82, 94, 110, 120, 140, 160, 180, 210, 240,
    270, 310, 350, 400, 460, 530, 610, 700, 800, 920, 1100, 1200, 1400, 1600, 1800, 2100, 2400, 2700, 3100,
    3500, 4000, 4600, 5300, 6100, 7000, 8000, 9200, 11000, 12000, 14000, 16000, 18000, 21000, 24000, 27000,
    31000, 41000, 62000,
)  # fmt: skip


def bootstrap(node_id: str, admin_socket: Path, folder: Path) -> Config:
    """Return the bootstrap configuration of one ingress's Envoy."""
    return {
        "node": {"id": node_id, "cluster": "sluiceway"},
        # 0o600: whoever reaches the admin interface rules the proxy.
        "admin": {"address": {"pipe": {"path": str(admin_socket), "mode": 0o600}}},
        "stats_flush_on_admin": True,  # figures are fresh whenever they are read
        "stats_config": {
            "histogram_bucket_settings": [
                {"match": {"prefix": "cluster."}, "buckets": list(LATENCY_BOUNDS_MS)},
            ]
        },
        "dynamic_resources": {
            "lds_config": config_source(folder / LISTENERS_FILE),
            "cds_config": config_source(folder / CLUSTERS_FILE),
        },
    }


def config_source(path: Path) -> Config:
    """Return how Envoy follows one file that is replaced by renaming."""
    return {
        "resource_api_version": "V3",
        "path_config_source": {"path": str(path)},
    }
