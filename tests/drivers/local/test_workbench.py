"""What containers offer to people who prefer them is what the command expects."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from greenroom.drivers.local.workbench import COMPOSE

FILE = Path(__file__).parents[3] / "examples" / "marketplace" / "compose.yaml"


def test_the_compose_file_and_the_values_are_one() -> None:
    text = FILE.read_text()
    database, store = urlsplit(COMPOSE["DATABASE_URL"]), urlsplit(COMPOSE["S3_ENDPOINT_URL"])
    said = dict(re.findall(r"([A-Z_]+): ([\w-]+)", text))
    assert (said["POSTGRES_USER"], said["POSTGRES_PASSWORD"]) == (database.username, database.password)
    assert said["POSTGRES_DB"] == database.path.lstrip("/")
    assert said["AWS_ACCESS_KEY_ID"] == COMPOSE["AWS_ACCESS_KEY_ID"]
    assert said["AWS_SECRET_ACCESS_KEY"] == COMPOSE["AWS_SECRET_ACCESS_KEY"]
    assert f"-bucket={COMPOSE['S3_BUCKET']}" in text
    ports = re.findall(r'"127\.0\.0\.1:(\d+):(\d+)"', text)
    assert ports == [(str(database.port), "5432"), (str(store.port), "8333")]
    assert text.count('ports: ["127.0.0.1:') == text.count("ports:"), "loopback only"
