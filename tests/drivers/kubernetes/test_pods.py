"""When a pod that does not run is given up."""

from __future__ import annotations

import pytest

from greenroom.drivers.kubernetes.pods import PATIENCE_SECONDS, first_trouble

NOW = 1_800_000_000.0
SINCE = "2027-01-15T08:00:00Z"
"""``NOW``, as the API writes it."""


@pytest.mark.parametrize("waited", [0.0, PATIENCE_SECONDS - 1, PATIENCE_SECONDS])
def test_room_on_a_node_is_waited_for_a_little(waited: float) -> None:
    """Pods of before are just ending; what has not come by then does not come by waiting."""
    condition = {"type": "PodScheduled", "status": "False", "message": "no cpu", "lastTransitionTime": SINCE}
    found = first_trouble({"metadata": {"name": "p"}, "status": {"conditions": [condition]}}, NOW + waited)
    assert (found is not None) == (waited >= PATIENCE_SECONDS)


def test_an_image_that_cannot_be_pulled_is_not_waited_for() -> None:
    waiting = {"name": "web", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}
    found = first_trouble({"metadata": {"name": "p"}, "status": {"containerStatuses": [waiting]}}, NOW)
    assert found is not None
    assert "cannot be pulled" in found.why
