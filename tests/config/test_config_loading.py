from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.config import load
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.policy import Policy, Worse
from greenroom.domain.project import App, DatabaseLimits, Edge, Project, ProvePaths
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.rules import default_rules

SHOP = """
name = "shop"
[app]
wsgi = "wsgi:app"
static = "shop/static"
[roles.web]
processes = 2
[roles.mailer]
kind = "worker"
command = "python -m shop.worker"
[roles.cleanup]
kind = "cron"
command = "flask --app shop cleanup-carts"
schedule = "0 4 * * *"
singleton = true
[prove]
pages = ["/", "/search?q=lamp"]
slow = "/slow?s=2"
echo = "/api/echo"
"""
WSGI = 'must be module:callable, such as "wsgi:app" or "shop:create_app()", not "wsgi.py"'
KIND = 'must be "web" or "worker" or "cron", not "wroker"; did you mean "worker"?'
SMALL = 'name = "shop"\n[app]\nwsgi = "wsgi:app"\n'

ON_CLUSTER = (
    '[kubernetes]\nedge.gateway = "edge/public"\n[[environments]]\nname = "dev"\ntarget = "kubernetes"\n'
)
ASKED = (
    '[kubernetes.edge]\ngateway = "edge/public"\nranges = ["192.0.2.0/24"]\n'
    'auth_url = "http://sign.in/auth"\nsign_in_url = "/start"\n'
    '[[environments]]\nname = "dev"\ntarget = "kubernetes"\n'
)
OF_STAGING = '[image]\nrepository = "r.example/shop"\n[[environments]]\nname = "staging"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "greenroom.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(GreenroomError) as raised:
        load(write(folder, text))
    assert raised.value.code == "config"
    assert raised.value.exit is Exit.USAGE
    return raised.value.details.splitlines()


def test_the_marketplace(tmp_path: Path) -> None:
    assert load(write(tmp_path, SHOP)) == Project(
        name="shop",
        app=App(wsgi="wsgi:app", static="shop/static"),
        roles=(
            Role("web", RoleKind.WEB, processes=2),
            Role("mailer", RoleKind.WORKER, ("python", "-m", "shop.worker")),
            Role(
                "cleanup",
                RoleKind.CRON,
                ("flask", "--app", "shop", "cleanup-carts"),
                schedule="0 4 * * *",
                singleton=True,
            ),
        ),
        rules=default_rules("shop.localhost"),
        prove=ProvePaths(("/", "/search?q=lamp"), "/slow?s=2", "/api/echo"),
    )


def test_a_small_file_gets_a_web_role_and_the_domain_defaults(tmp_path: Path) -> None:
    project = load(write(tmp_path, SMALL))
    assert project.web == Role("web", RoleKind.WEB)
    assert project.policy == Policy()
    assert project.edge == Edge()
    assert project.database == DatabaseLimits()


def test_policy_edge_database_and_env(tmp_path: Path) -> None:
    text = SMALL + (
        '[policy]\nwatch = "1m30s"\nkeep_warm = 5\ndrain_timeout = "500 ms"\n[policy.worse]\np95_factor = 4\n'
        '[edge]\nbind = "::1"\nport = 8443\nmax_body = "1MiB"\n[database]\nreserve = 3\n'
        '[env]\nB = "x y"\nA = 2\n'
    )
    project = load(write(tmp_path, text))
    assert project.policy == Policy(watch=90.0, keep_warm=5.0, drain_timeout=0.5, worse=Worse(p95_factor=4.0))
    assert project.edge == Edge("::1", 8443, 2**20)
    assert project.database.reserve == 3
    assert project.app.env == (("A", "2"), ("B", "x y"))


def test_the_host_can_be_given_by_file_and_by_caller(tmp_path: Path) -> None:
    path = write(tmp_path, 'host = "shop.example.org"\n' + SMALL)
    assert load(path).rules[0].like.host == "shop.example.org"
    assert load(path, host="other.example.org").rules[0].like.host == "other.example.org"
    with pytest.raises(GreenroomError, match="one mistake"):
        load(path, host="https://x")


@pytest.mark.parametrize(
    ("files", "requirements", "alembic", "migrate"),
    [
        ((), "requirements.txt", None, ()),
        (("pyproject.toml",), "pyproject.toml", None, ()),
        (("pyproject.toml", "requirements.txt"), "requirements.txt", None, ()),
        (("alembic.ini",), "requirements.txt", "alembic.ini", ("alembic", "upgrade", "heads")),
        (
            ("migrations/alembic.ini",),
            "requirements.txt",
            "migrations/alembic.ini",
            ("flask", "--app", "wsgi:app", "db", "upgrade", "heads"),
        ),
    ],
)
def test_what_lies_in_the_folder_is_found(
    tmp_path: Path, files: tuple[str, ...], requirements: str, alembic: str | None, migrate: tuple[str, ...]
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    app = load(write(tmp_path, SMALL)).app
    assert (app.requirements, app.alembic, app.migrate) == (requirements, alembic, migrate)


def test_a_stated_alembic_elsewhere(tmp_path: Path) -> None:
    app = load(write(tmp_path, SMALL + 'alembic = "db/alembic.ini"\n')).app
    assert app.migrate == ("alembic", "-c", "db/alembic.ini", "upgrade", "heads")
    assert load(write(tmp_path, SMALL + "migrate = ['x', 'a b']\n")).app.migrate == ("x", "a b")


def test_all_mistakes_at_once_each_with_its_line(tmp_path: Path) -> None:
    text = """\
nam = "Shop"
[app]
wsgi = "wsgi.py"
static = "../x"
[roles.web]
proceses = 2
[roles.m]
kind = "wroker"
[policy]
watch = nan
worse = { min_requests = -1, p95 = 3 }
"""
    assert mistakes(tmp_path, text) == [
        'greenroom.toml:1: missing key "name"',
        'greenroom.toml:1: unknown key "nam"; did you mean "name"?',
        'greenroom.toml:3: [app] "wsgi" ' + WSGI,
        'greenroom.toml:4: [app] "static" must be a relative path inside the project\'s folder, not "../x"',
        'greenroom.toml:6: [roles.web] unknown key "proceses"; did you mean "processes"?',
        'greenroom.toml:8: [roles.m] "kind" ' + KIND,
        'greenroom.toml:10: [policy] "watch" must be between 0 and 30 days, not NaN',
        'greenroom.toml:11: [policy.worse] "min_requests" must be at least 1, not -1',
        'greenroom.toml:11: [policy.worse] unknown key "p95"',
    ]


@pytest.mark.parametrize(
    ("more", "line", "expected"),
    [
        ('[roles.a]\nkind = "web"\n[roles.b]\nkind = "web"', 6, "second web role"),
        ('[roles.web]\nkind = "worker"\ncommand = "x"', 5, "must be the web role"),
        ('[roles.c]\nkind = "cron"\ncommand = "x"', 4, 'missing key "schedule"'),
        ('[roles.c]\nkind = "cron"\nschedule = "* * * * *"', 4, 'missing key "command"'),
        ('[roles.c]\ncommand = "x"\nschedule = "61 * * * *"', 6, "wrong minute field '61'"),
        ('[roles.c]\ncommand = "x"\nschedule = "1 2 3 4"', 6, "five fields"),
        ('[roles.w]\nkind = "worker"\ncommand = "x"\nschedule = "0 4 * * *"', 7, "belongs to cron"),
        ('[roles.w]\ncommand = "x"\nthreads = 2', 6, "belongs to the web role"),
        ('[roles.w]\ncommand = "x"\nprocesses = 2\nsingleton = true', 6, "must be 1 for a singleton"),
        ("[roles.web]\nprocesses = 0", 5, "must be at least 1, not 0"),
        ('[roles.web]\ncommand = "x"', 5, "belongs to worker and cron"),
        ("[roles.web]\nsingleton = true", 5, "cannot be for the web role"),
        ('[roles.Big]\ncommand = "x"', 4, "must be 1 to 30 of a-z"),
        ('[roles.w]\ncommand = "x \'y"', 5, "cannot be split"),
        ("[roles.w]\ncommand = []", 5, "must name a program"),
        ("[roles]\nweb = 3", 5, "must be a table, not 3"),
        ("[edge]\nport = 70000", 5, "must be at most 65535"),
        ('[edge]\nbind = "here"', 5, "must be an IP address"),
        ("[edge]\nmax_body = 0", 5, "at least 1 byte"),
        ("[database]\nmax_connections = 20\nreserve = 20", 6, "must be smaller"),
        ("[prove]\npages = []", 5, "at least one entry"),
        ('[prove]\npages = [\n  "/",\n  "shop",\n]', 7, "must be a path that begins with /"),
        ("[policy.worse]\np95_factor = inf", 5, "must be a finite number"),
        ('[policy]\nprobe_timeout = "31d"', 5, "between 0 and 30 days"),
        (
            ON_CLUSTER + 'sleep_after = "2h"',
            9,
            '"sleep_after" belongs to target = "local"',
        ),
        (ON_CLUSTER + 'users = ["ada"]', 9, '"users" belongs to target = "local"'),
        (ON_CLUSTER + 'groups = ["shop"]', 9, '"groups" belongs to target = "local"'),
        (ON_CLUSTER + 'emails = ["@example.org"]', 9, '"emails" belongs to target = "local"'),
        (ON_CLUSTER + 'allow_ips = ["192.0.2.1"]', 9, '"allow_ips" needs [kubernetes.edge] ranges'),
        (ON_CLUSTER + '[policy]\nprobe_path = "/ready?deep=1"', 10, "plain path"),
        (ON_CLUSTER + '[policy]\nliveness_path = "/alive?x"', 10, "plain path"),
        (ON_CLUSTER + '[roles.migrate]\ncommand = "x"', 9, "name of pods of Greenroom's own"),
        (
            ON_CLUSTER + 'database = "chart"\n[roles.database]\ncommand = "x"',
            10,
            "name of pods of Greenroom's own",
        ),
        ('[[environments]]\nname = "dev"\ntarget = "kubernetes"', 1, '"gateway" is missing'),
        (ASKED + 'allow_ips = ["192.0.2.1"]', 12, "does not count beside [kubernetes.edge] auth_url"),
        ('[kubernetes.requests]\nmemory = "2 GB"', 5, "must be an amount as Kubernetes writes it"),
        (
            '[kubernetes]\nrequests = { memory = "2Gi" }\nlimits = { memory = "512Mi" }',
            6,
            "less than what [kubernetes] requests asks for",
        ),
        ('[kubernetes.edge]\nhttp_section = "web"', 5, '"http_section" needs "section"'),
        ('[kubernetes.network]\nedge_namespaces = ["Edge"]', 5, "must be a namespace"),
        ('[kubernetes.network]\ncontrol_plane = ["nodes"]', 5, "must be"),
        ('[env]\n"A B" = "x"', 5, "must be a variable's name"),
        ("[env]\nA = true", 5, "must be text or a whole number"),
        ('[env]\nA = "a\\u0000b"', 5, "without NUL"),
        (
            OF_STAGING + 'database = "shared"',
            8,
            '"database" is about environments with target = "kubernetes"',
        ),
        (ON_CLUSTER + 'database = "mine"', 9, "must be"),
        (
            ON_CLUSTER + 'database = "chart"\ntemplate = "demo"',
            10,
            "is a copy of nothing",
        ),
    ],
)
def test_mistakes(tmp_path: Path, more: str, line: int, expected: str) -> None:
    (found,) = mistakes(tmp_path, SMALL + more + "\n")
    assert found.startswith(f"greenroom.toml:{line}: ")
    assert expected in found


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b'name = "shop"\n[app\n', 2),
        (b'name = "shop"\nname = "x"\n', 2),
        (b'name = "shop"\n[app]\nwsgi = "\xff"\n', 3),
        (b"a = " + b"[" * 3000, 1),
        (b"a = " + b"9" * 6000, 1),
        (b"a = '''\n\n", 3),
    ],
)
def test_text_that_is_not_toml(tmp_path: Path, raw: bytes, line: int) -> None:
    path = tmp_path / "greenroom.toml"
    path.write_bytes(raw)
    with pytest.raises(GreenroomError) as raised:
        load(path)
    assert raised.value.details.startswith(f"greenroom.toml:{line}: ")
    assert "greenroom.toml" in raised.value.message


def test_a_missing_file_names_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(GreenroomError) as raised:
        load(tmp_path / "greenroom.toml")
    assert "greenroom init" in raised.value.hint
    with pytest.raises(GreenroomError):
        load(tmp_path)


def test_windows_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "greenroom.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SHOP.replace("\n", "\r\n").encode())
    assert load(path).name == "shop"


def test_a_cluster_takes_what_holds_there(tmp_path: Path) -> None:
    text = (
        '[kubernetes]\nquota = { pods = "40" }\n[kubernetes.edge]\ngateway = "edge/public"\nsection = "https"\n'
        'http_section = "http"\nread_timeout = "2m"\nranges = ["192.0.2.0/24"]\n[kubernetes.network]\n'
        'monitoring_namespaces = ["metrics"]\negress = [{ to = [{ ipBlock = { cidr = "192.0.2.9/32" } }] }]\n'
        '[[environments]]\nname = "dev"\ntarget = "kubernetes"\naccess = "private"\nallow_ips = ["192.0.2.1"]\n'
        '[roles.database]\ncommand = "x"\n'
    )
    cluster = load(write(tmp_path, SMALL + text)).cluster
    assert cluster.quota == {"pods": "40"}
    assert (cluster.edge.http_section, cluster.edge.read_timeout) == ("http", 120.0)
    assert cluster.network.monitoring_namespaces == ("metrics",)
    assert cluster.network.egress == ({"to": [{"ipBlock": {"cidr": "192.0.2.9/32"}}]},)
