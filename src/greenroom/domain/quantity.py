"""Amounts of memory and CPU as Kubernetes writes them."""

from __future__ import annotations

import math
import re
from decimal import Decimal

_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?", re.ASCII)
_UNITS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** n for n, unit in enumerate("kMGTP", 1)},
    **{f"{unit}i": Decimal(1024) ** n for n, unit in enumerate("KMGTP", 1)},
}


def quantity(text: str) -> Decimal:
    """Bytes or CPUs of ``"512Mi"``, ``"250m"``, ``"1.5"``. Raises ValueError with a phrase that completes the sentence ``"key" ...``."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError('must be an amount as Kubernetes writes it, such as "250m" or "512Mi"')
    return Decimal(match[1]) * _UNITS[match[2] or ""]


def mebibytes(amount: Decimal) -> str:
    """Bytes in Kubernetes' notation, rounded up."""
    return f"{math.ceil(amount / 1024**2)}Mi"
