"""The installation's own signatures."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sluiceway.adapters.signing import open_signer
from sluiceway.errors import StoreError


def test_a_signature_holds_for_its_text_only(tmp_path: Path) -> None:
    signer = open_signer(tmp_path / "signing.key")
    signature = signer.sign("gate security passed")

    assert signer.is_signed("gate security passed", signature)
    assert not signer.is_signed("gate security failed", signature)


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64!", "A" * 88])
def test_what_is_no_signature_is_refused(tmp_path: Path, signature: str) -> None:
    assert not open_signer(tmp_path / "signing.key").is_signed("text", signature)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    first = open_signer(path)
    again = open_signer(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert again.public_key == first.public_key
    assert again.is_signed("text", first.sign("text"))


def test_another_installation_signs_differently(tmp_path: Path) -> None:
    ours, theirs = open_signer(tmp_path / "a.key"), open_signer(tmp_path / "b.key")

    assert not ours.is_signed("text", theirs.sign("text"))


def test_a_damaged_key_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    path.write_text("nonsense")

    with pytest.raises(StoreError, match=r"signing\.key holds no signing key"):
        open_signer(path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    other = generate_private_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    with pytest.raises(StoreError, match="another kind"):
        open_signer(path)


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't write the signing key"):
        open_signer(tmp_path / "missing" / "signing.key")
