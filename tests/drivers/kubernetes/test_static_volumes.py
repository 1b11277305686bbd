"""Volumes whose data nobody removes: which they are, what is told of them, and that no other is touched."""

from __future__ import annotations

from typing import Any

import pytest
from small_server import Server, serving_at

from greenroom.drivers.kubernetes import static_volumes
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.reaching import Cluster
from greenroom.drivers.kubernetes.static_volumes import StaticVolumes, was_bound_in
from greenroom.drivers.system.clock import SystemClock

Json = dict[str, Any]


def volume(name: str, phase: str, policy: str = "Retain", where: str = "shop-fb-1", **source: Any) -> Json:
    claim = {"namespace": where, "name": f"of-{name}"}
    spec = {"claimRef": claim, "persistentVolumeReclaimPolicy": policy, **source}
    return {"metadata": {"name": name}, "spec": spec, "status": {"phase": phase}}


class Volumes(Server):
    """Volumes, and a pod that uses one of them; those that are removed are gone at once."""

    def __init__(self, *there: Json) -> None:
        super().__init__("v1.36.0", [])
        self.kept = {one["metadata"]["name"]: one for one in there}

    def answer(self, method: str, target: str, body: Json | None) -> tuple[int, Json]:
        if method == "DELETE":
            return (200, {}) if self.kept.pop(target.rpartition("/")[2], None) else (404, {})
        if "/pods" in target:
            claims = [{"name": "data", "persistentVolumeClaim": {"claimName": "of-folder"}}]
            pod = {"metadata": {"name": "p"}, "spec": {"nodeName": "n1", "volumes": claims}}
            return 200, {"items": [pod] if "shop-fb-1" in target else []}
        return 200, {"items": list(self.kept.values())}


ELSEWHERE = volume("theirs", "Released", where="shop-fb-10", hostPath={"path": "/srv/theirs"})
RESERVED = volume("reserved", "Available", hostPath={"path": "/srv/reserved"})


def test_it_is_told_where_the_data_stays() -> None:
    pinned = {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "h", "values": ["n2"]}]}]}}
    server = Volumes(
        volume("folder", "Bound", hostPath={"path": "/srv/folder"}),
        volume("disk", "Bound", local={"path": "/mnt/disk"}, nodeAffinity=pinned),
        volume("share", "Bound", nfs={"server": "nas", "path": "/share"}),
        volume("cloud", "Bound", csi={"driver": "csi.example", "volumeHandle": "vol-7"}),
        volume("old", "Failed", "Delete", hostPath={"path": "/srv/old"}),
        volume("made", "Bound", "Delete", csi={"driver": "csi.example", "volumeHandle": "vol-8"}),
        ELSEWHERE,
        RESERVED,
    )
    with serving_at(server) as port:
        api = Api(lambda: Cluster("127.0.0.1", port, None, {}), SystemClock(), print)
        assert StaticVolumes(api, Names("shop"), SystemClock()).stays("fb-1") == (
            "volume folder (of-folder): /srv/folder on node n1",
            "volume disk (of-disk): /mnt/disk on node n2",
            "volume share (of-share): nas:/share",
            "volume cloud (of-cloud): vol-7 of csi.example",
            "volume old (of-old): /srv/old on the node where its pod ran",
        )
        api.close()


def test_only_what_the_environment_left_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static_volumes, "END_SECONDS", 0.5)
    server = Volumes(
        volume("left", "Released", hostPath={"path": "/srv/left"}),
        volume("old", "Failed", "Delete", hostPath={"path": "/srv/old"}),
        volume("going", "Released", "Delete", csi={"driver": "csi.example"}),
        volume("used", "Bound", hostPath={"path": "/srv/used"}),
        ELSEWHERE,
        RESERVED,
    )
    with serving_at(server) as port:
        api = Api(lambda: Cluster("127.0.0.1", port, None, {}), SystemClock(), print)
        StaticVolumes(api, Names("shop"), SystemClock()).let_go("fb-1")
        api.close()
    assert set(server.kept) == {"going", "used", "theirs", "reserved"}
    assert [name for name, one in server.kept.items() if was_bound_in(one, "shop-fb-1")] == ["going", "used"]
