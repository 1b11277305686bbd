"""Secrets from an encrypted file."""

from greenroom.drivers.secrets.encrypted import read_encrypted

__all__ = ["read_encrypted"]
