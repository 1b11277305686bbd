"""HorizontalPodAutoscalers of autoscaling/v2beta1, whose metrics had another shape."""

from __future__ import annotations

from greenroom.domain.objects import Json

_ALSO = ("container",)


def from_v2beta1(found: Json) -> tuple[str, ...]:
    """Its metrics in the shape of v2: what is measured under ``metric``, what is wanted under ``target``."""
    spec = found.get("spec") or {}
    if "metrics" in spec:
        spec["metrics"] = [_metric(metric) for metric in spec["metrics"]]
    return ()


def _metric(old: Json) -> Json:
    kind = old["type"]
    key = kind[0].lower() + kind[1:]
    told = old.get(key) or {}
    new: Json = {name: told[name] for name in _ALSO if name in told}
    if key in ("resource", "containerResource"):
        new["name"] = told["name"]
    else:
        new["metric"] = _measured(told)
    if key == "object":
        new["describedObject"] = told["target"]
    return {"type": kind, key: {**new, "target": _target(told)}}


def _measured(told: Json) -> Json:
    selector = told.get("selector") or told.get("metricSelector")
    return {"name": told["metricName"], **({"selector": selector} if selector else {})}


def _target(told: Json) -> Json:
    if "targetAverageUtilization" in told:
        return {"type": "Utilization", "averageUtilization": told["targetAverageUtilization"]}
    average = told.get("targetAverageValue", told.get("averageValue"))
    if average is not None:
        return {"type": "AverageValue", "averageValue": average}
    return {"type": "Value", "value": told["targetValue"]}
