"""Ids made of texts, for things that people write as a plain text and that others refer to by id."""

from __future__ import annotations

import hashlib
import re
import unicodedata

MAX_CHARS = 63


def slug(text: str) -> str:
    """Return the id of a text: its words in small letters and digits, joined by hyphens, at most 63 long.

    Accents are dropped, a long text is cut after a whole word. A text without any Latin letter or digit gets
    `item-` and the beginning of its SHA-256, so that it has an id that never changes.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words: list[str] = re.findall(r"[a-z0-9]+", plain)
    if not words:
        return f"item-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    found = words[0][:MAX_CHARS]
    for word in words[1:]:
        if len(found) + 1 + len(word) > MAX_CHARS:
            break
        found = f"{found}-{word}"
    return found
