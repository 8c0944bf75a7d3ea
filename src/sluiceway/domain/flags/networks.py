"""Networks in CIDR notation, and whether an address is in one of them. IPv4 and IPv6."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final, TypeAlias

# Version, mask, and the address under the mask.
Network: TypeAlias = tuple[int, int, int]

_LONGEST: Final = 100  # characters; longer is no address


def network(text: str) -> Network | None:
    """Return the network that a text such as `10.0.0.0/8` or `2001:db8::1` names, None if it names none.

    Bits of the host are let pass: `10.1.2.3/8` is `10.0.0.0/8`.
    """
    if len(text) > _LONGEST:
        return None
    try:
        found = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    return found.version, int(found.netmask), int(found.network_address)


def is_in(text: str, networks: Iterable[Network]) -> bool:
    """Return whether an address is in one of the networks; what is no address is in none.

    An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as the IPv4 address it is.
    """
    if len(text) > _LONGEST:
        return False
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    number, version = int(address), address.version
    return any(version == each and number & mask == base for each, mask, base in networks)
