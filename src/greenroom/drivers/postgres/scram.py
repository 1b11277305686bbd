"""What PostgreSQL keeps of a password (RFC 5802, 7677): made here, so that the password itself never stands in a statement."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from greenroom.domain.secret import Secret

ITERATIONS = 4096
"""PostgreSQL's own number; what Greenroom makes are passwords of 192 random bits, which no number of rounds protects better."""


def scram_verifier(password: Secret, salt: bytes | None = None) -> str:
    """``SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>``. The password is ASCII: nothing is prepared (RFC 4013)."""
    salt = os.urandom(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.reveal().encode("ascii"), salt, ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = (salt, hashlib.sha256(client).digest(), server)
    kept, stored, own = (base64.b64encode(part).decode() for part in parts)
    return f"SCRAM-SHA-256${ITERATIONS}:{kept}${stored}:{own}"
