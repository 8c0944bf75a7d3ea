"""Signatures by an Ed25519 key that is kept beside the data (RFC 8032), readable by its owner only."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from sluiceway.errors import StoreError


class KeySigner:
    """Signs with one private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public: Ed25519PublicKey = key.public_key()

    def sign(self, text: str) -> str:
        return base64.b64encode(self._key.sign(text.encode())).decode()

    def is_signed(self, text: str, signature: str) -> bool:
        try:
            self._public.verify(base64.b64decode(signature, validate=True), text.encode())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True

    @property
    def public_key(self) -> str:
        return base64.b64encode(self._public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def open_signer(path: Path) -> KeySigner:
    """Return the signer of this key file (PEM), made when there is none yet.

    Raises StoreError when the file can't be read or written, or holds something else.
    """
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            made = Ed25519PrivateKey.generate()
            file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
        return KeySigner(made)
    except FileExistsError:
        pass
    except OSError as failure:
        path.unlink(missing_ok=True)
        raise StoreError(f"can't write the signing key {path} ({failure.strerror}); make room") from failure
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as failure:
        raise StoreError(f"can't read the signing key {path} ({failure.strerror})") from failure
    except (ValueError, TypeError) as failure:
        raise StoreError(
            f"{path} holds no signing key; restore it from a copy, or move it away to begin with a new key "
            "(earlier signatures can't be checked with that one)"
        ) from failure
    if not isinstance(key, Ed25519PrivateKey):
        raise StoreError(f"{path} holds a key of another kind than Ed25519; restore it from a copy")
    return KeySigner(key)
