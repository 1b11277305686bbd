"""The chart's nginx.conf, run: the door, what the public never reaches, files of other releases, the log."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chart_of import PRODUCTION, merged
from nginx_stand import Nginx, nginx_binary, serve_echo

Make = Callable[..., Nginx]
PASSWORD = "Basic " + base64.b64encode(b"anna:secret").decode()
CLOSED = {"access": {"mode": "basic", "htpasswdSecret": "door"}}
HASHED = "/static/site.0123456789.css"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    if nginx_binary() is None:
        pytest.skip("nginx with realip, auth_request, gzip_static is not there: PATH, or GREENROOM_NGINX")
    app = serve_echo()
    made: list[Nginx] = []

    def one(values: dict[str, Any], color: str = "blue", app_port: int = 0, other: int = 1) -> Nginx:
        port = app_port or int(app.server_address[1])
        made.append(Nginx(tmp_path / str(len(made)), merged(PRODUCTION, values), color, port, other))
        return made[-1]

    yield one
    for nginx in made:
        nginx.end()
    app.shutdown()
    app.server_close()


def test_pages_say_once_whose_they_are(make: Make) -> None:
    nginx = make({})
    status, headers, text = nginx.get("/cart?token=1", X_Greenroom_Probe="1", X_Forwarded_Proto="https")
    assert (status, headers["x-release"]) == (200, "000000000001-1")
    told = json.loads(text)
    assert told["path"] == "/cart?token=1"
    assert "x-greenroom-probe" not in told["headers"]
    assert told["headers"]["x-forwarded-proto"] == "https"
    assert nginx.get("/cart", X_Forwarded_Proto="http")[1]["location"] == "https://shop.example/cart"


@pytest.mark.parametrize(
    "path", ["/readyz", "/healthz", "/metrics", "/.greenroom/about", "/%2egreenroom/about", "//readyz"]
)
def test_the_public_never_reaches_what_is_the_clusters(make: Make, path: str) -> None:
    nginx = make({})
    status, headers, _ = nginx.get(path)
    assert (status, headers["x-release"]) == (404, "000000000001-1")
    told = json.loads(nginx.get(path, 8081, X_Greenroom_Probe="1", X_Forwarded_For="192.0.2.1")[2])
    assert told["headers"]["x-greenroom-probe"] == "1"
    assert nginx.get("/", 8082)[0] == 404
    assert nginx.get("/metrics", 8082)[0] == 200


def test_greenroom_says_which_host_it_means(make: Make) -> None:
    nginx = make({})
    asked = {"Host": "10.0.0.9:8081", "X_Forwarded_Host": "api.internal", "X_Greenroom_Host": "shop.example"}
    for port, host in ((8081, "shop.example"), (8080, "10.0.0.9:8081")):
        told = json.loads(nginx.get("/cart", port, **asked)[2])["headers"]
        assert (told["host"], told["x-forwarded-host"].split(":")[0]) == (host, host.split(":")[0])
        assert "x-greenroom-host" not in told
    assert json.loads(nginx.get("/", 8081, Host="a.example")[2])["headers"]["host"] == "a.example"


def test_each_question_of_greenroom_has_a_connection_of_its_own(make: Make) -> None:
    """Kept ones would all lead to one worker process."""
    nginx = make({})
    assert json.loads(nginx.get("/readyz", 8081)[2])["headers"]["connection"] == "close"
    assert "connection" not in json.loads(nginx.get("/")[2])["headers"]


def test_nginx_tells_what_it_is_answering(make: Make) -> None:
    nginx = make({})
    status, _, text = nginx.get("/.nginx/status", 8081)
    assert status == 200
    assert "Writing: 1 " in text
    assert json.loads(nginx.get("/.nginx/status")[2])["path"] == "/.nginx/status"
    nginx.end()
    assert [line["u"] for line in nginx.log()] == ["/.nginx/status"]


def test_a_closed_environment_wants_its_password(make: Make) -> None:
    nginx = make(CLOSED)
    status, headers, _ = nginx.get("/")
    assert (status, headers["x-robots-tag"]) == (401, "noindex, nofollow")
    assert nginx.get("/static/any.css")[0] == 401
    status, _, text = nginx.get("/", Authorization=PASSWORD)
    assert status == 200
    assert "authorization" not in json.loads(text)["headers"]


@pytest.mark.parametrize("edge", ["10.0.0.0/8", "127.0.0.0/8"])
def test_a_forged_address_opens_nothing(make: Make, edge: str) -> None:
    door = {"mode": "basic", "htpasswdSecret": "door", "allow": ["192.0.2.0/24"], "edgeRanges": [edge]}
    nginx = make({"access": door})
    from_the_edge = edge.startswith("127.")
    assert nginx.get("/", X_Forwarded_For="192.0.2.7")[0] == (200 if from_the_edge else 401)
    # An edge adds what it saw; only that counts.
    assert nginx.get("/", X_Forwarded_For="192.0.2.7, 198.51.100.1")[0] == 401
    assert nginx.get("/", X_Real_IP="192.0.2.7")[0] == 401
    assert nginx.get("/", Authorization=PASSWORD)[0] == 200


def test_given_addresses_without_a_password(make: Make) -> None:
    nginx = make({"access": {"mode": "addresses", "allow": ["192.0.2.0/24"], "edgeRanges": ["127.0.0.0/8"]}})
    assert nginx.get("/", X_Forwarded_For="198.51.100.1")[0] == 403
    status, _, text = nginx.get("/", X_Forwarded_For="192.0.2.7")
    assert (status, json.loads(text)["headers"]["x-forwarded-for"]) == (200, "192.0.2.7")


def test_sign_in_is_asked_about_each_request(make: Make) -> None:
    door = serve_echo()
    url = f"http://door.test.svc:{door.server_address[1]}/oauth2/auth"
    nginx = make({"access": {"mode": "oidc", "authUrl": url, "signInUrl": "/oauth2/start"}})
    status, headers, _ = nginx.get("/cart?x=1", Host="shop.example", X_Forwarded_Proto="https")
    assert (status, headers["location"]) == (302, "/oauth2/start?rd=https://shop.example/cart")
    status, headers, _ = nginx.get("/cart", Cookie="in")
    assert (status, headers["set-cookie"]) == (200, "renewed=1")
    assert json.loads(nginx.get("/oauth2/start?rd=x")[2])["path"] == "/oauth2/start?rd=x"
    assert nginx.get("/.greenroom/door")[0] == 404
    door.shutdown()
    door.server_close()
    assert nginx.get("/cart", Cookie="in")[0] >= 500


def test_machines_pass_the_sign_in_with_a_password(make: Make) -> None:
    door = serve_echo()
    url = f"http://door.test.svc:{door.server_address[1]}/oauth2/auth"
    access = {"mode": "oidc", "authUrl": url, "signInUrl": "/oauth2/start"}
    nginx = make({"access": {**access, "htpasswdSecret": "access"}})
    assert nginx.get("/cart", Authorization=PASSWORD)[0] == 200
    assert nginx.get("/cart", Authorization="Basic d3Jvbmc6d3Jvbmc=")[0] == 302
    assert nginx.get("/cart")[1]["location"].startswith("/oauth2/start")
    assert nginx.get("/cart", Cookie="in")[0] == 200
    assert nginx.get("/oauth2/start")[0] == 200
    door.shutdown()
    door.server_close()
    assert nginx.get("/cart", Authorization=PASSWORD)[0] == 200


@pytest.mark.parametrize("values", [{}, CLOSED], ids=["open", "closed"])
def test_files_of_the_other_release_are_found(make: Make, values: dict[str, Any]) -> None:
    green = make(values, "green")
    blue = make(values, other=green.ports[8083])
    (green.folder / "static" / "site.0123456789.css").write_text("of green")
    (green.folder / "static" / "site.css").write_text("of green")
    status, headers, text = blue.get(HASHED, Authorization=PASSWORD)
    assert (status, text, headers["x-release"]) == (200, "of green", "000000000001-1")
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert blue.get("/static/site.css", Authorization=PASSWORD)[0] == 404
    assert green.get("/static/site.css", Authorization=PASSWORD)[1]["cache-control"] == "no-cache"
    assert blue.get("/static/none.0123456789.css", Authorization=PASSWORD)[0] == 404


def test_the_bucket_is_asked_last(make: Make) -> None:
    bucket = serve_echo()
    place = f"http://minio.test.svc:{bucket.server_address[1]}/shop-production"
    nginx = make({"assets": {"bucketUrl": f"{place}/static/", "mediaUrl": f"{place}/public/"}})
    status, headers, text = nginx.get(HASHED, Cookie="session=1")
    assert (status, headers["x-release"]) == (200, "000000000001-1")
    told = json.loads(text)
    assert told["path"] == "/shop-production/static/site.0123456789.css"
    assert told["headers"]["host"].startswith("minio.test.svc.cluster.test:")  # nginx tries no search domains
    assert "cookie" not in told["headers"]
    status, headers, text = nginx.get("/media/a%20b.png", Cookie="session=1")
    assert json.loads(text)["path"] == "/shop-production/public/a%20b.png"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert nginx.get("/media/../media/x")[0] == 404
    assert nginx.get("/media/nothing")[0] == 404
    assert nginx.get("/static/nothing.0123456789.css")[0] == 404
    bucket.shutdown()
    bucket.server_close()


def test_an_app_that_is_not_there_is_told_politely_and_logged(make: Make) -> None:
    nginx = make({}, app_port=1)
    status, headers, text = nginx.get("/cart?token=secret")
    assert (status, headers["retry-after"]) == (503, "10")
    assert "Back in a moment" in text
    nginx.get("/healthz", 8081, User_Agent="kube-probe/1.36")
    nginx.get("/", 8081, X_Greenroom_Probe="1")
    nginx.end()
    public, ours = nginx.log()
    assert (public["s"], public["m"], public["u"], public["slot"]) == (503, "GET", "/cart", "000000000001-1")
    assert (public["g"], ours["g"]) == (False, True)
    assert public["rt"] >= 0
    assert public["t"] > 1e9
