"""The Dockerfiles that Greenroom writes, and nginx's configuration in the static image."""

from __future__ import annotations

import json
from collections.abc import Sequence

from greenroom.domain.image import USER, Base
from greenroom.domain.project import App
from greenroom.domain.roles import Role

PORT = 8000
"""gunicorn listens there on the loopback of the pod; nginx beside it is who the world talks to."""

_APP = """\
FROM {base} AS build
USER 0
COPY requirements.txt /build/requirements.txt
RUN --mount=type=secret,id=pip,target=/run/secrets/pip.conf --mount=type=secret,id=ca,target=/run/secrets/ca.pem \\
    python3 -m venv /build/tools && python3 -m venv --without-pip /venv && \\
    PIP_CONFIG_FILE=/run/secrets/pip.conf PYTHONDONTWRITEBYTECODE=1 \\
    /build/tools/bin/python -m pip --python /venv/bin/python install --quiet --no-input --no-compile --no-cache-dir \\
    --no-deps {hashes}--disable-pip-version-check --root-user-action=ignore -r /build/requirements.txt

FROM {base}
USER 0
RUN find / -xdev -perm /6000 -type f -exec chmod a-s {{}} +
COPY --from=build /venv /venv
COPY server /app/server
COPY manifest.json /app/manifest.json
COPY src /app/src
ENV PATH=/venv/bin:$PATH VIRTUAL_ENV=/venv PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1 PYTHONDONTWRITEBYTECODE=1 \\
    STATIC_MANIFEST=/app/manifest.json STATIC_URL={static_url} GREENROOM_RELEASE={release}
WORKDIR /app/src
USER {user}
ENTRYPOINT []
CMD {command}
"""

_STATIC = """\
FROM {base}
USER 0
RUN find / -xdev -perm /6000 -type f -exec chmod a-s {{}} +
COPY nginx.conf /etc/nginx/nginx.conf
COPY static /static
USER {user}
EXPOSE 8080
STOPSIGNAL SIGQUIT
ENTRYPOINT []
CMD ["nginx", "-e", "/dev/stderr", "-g", "daemon off;"]
"""

_NGINX = """\
# Serves the release's static files by themselves. On Kubernetes the chart's own configuration takes its place.
pid /tmp/nginx.pid;
worker_processes 1;
error_log /dev/stderr warn;
events {{ worker_connections 512; }}
http {{
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log off;
  server_tokens off;
  sendfile on;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  server {{
    listen 8080;
    add_header X-Release "{release}" always;
    location {static_url} {{ alias /static/; gzip_static on; }}
    location = /healthz {{ return 204; }}
    location / {{ return 404; }}
  }}
}}
"""


def app(base: Base, settings: App, web: Role, release: str, hashed: bool) -> str:
    """The app's Dockerfile: packages are installed in a stage of their own, which leaves no pip and no cache behind."""
    return _APP.format(
        base=base.pinned,
        hashes="--require-hashes " if hashed else "",
        static_url=json.dumps(settings.static_url),
        release=release,
        user=USER,
        command=json.dumps(command(settings, web)),
    )


def command(settings: App, web: Role) -> Sequence[str]:
    """gunicorn as the local target runs it, on a port of the loopback; ``/tmp`` is the one place that it may write to."""
    return (
        *("/venv/bin/python", "-m", "gunicorn", "--config", "/app/server/gunicorn_conf.py"),
        *("--no-control-socket", "--worker-tmp-dir", "/tmp", "--bind", f"127.0.0.1:{PORT}"),  # noqa: S108 - in the image
        *("--workers", str(web.processes), "--threads", str(web.threads), settings.wsgi),
    )


def static(base: Base) -> str:
    """The static image's Dockerfile."""
    return _STATIC.format(base=base.pinned, user=USER)


def nginx(settings: App, release: str) -> str:
    """nginx's configuration in the static image."""
    return _NGINX.format(static_url=settings.static_url, release=release)
