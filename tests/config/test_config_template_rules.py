"""template-rules.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.config.template_rules import load_rules
from greenroom.domain.anonymise import Kind, Rule
from greenroom.domain.errors import Exit, GreenroomError


def write(folder: Path, text: str) -> Path:
    file = folder / "template-rules.toml"
    file.write_text(text)
    return file


def test_rules_are_read(tmp_path: Path) -> None:
    (tmp_path / "more.sql").write_text("select 1")
    text = 'script = "more.sql"\n[tables]\ncarts = "empty"\n[tables.users]\nemail = "fake:email"\n'
    text += '[tables."billing.invoices"]\niban = "null"\n'
    rules = load_rules(write(tmp_path, text))
    assert rules.columns == {
        "users.email": Rule(Kind.FAKE, "email"),
        "billing.invoices.iban": Rule(Kind.NULL),
    }
    assert rules.emptied == {"carts"}
    assert rules.script == "select 1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tables = 1\n", "tables"),
        ("x = 1\n", "unknown key"),
        ("[tables]\nusers = 1\n", "tables.users"),
        ('[tables.users]\nemail = "drop"\n', "tables.users.email"),
        ("[tables.users]\nemail = 1\n", "tables.users.email"),
        ("[tables\n", "cannot be read"),
        ('script = "nothing.sql"\n', "nothing.sql"),
        ('script = "../../etc/passwd\\u0000"\n', "cannot be read"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(GreenroomError) as caught:
        load_rules(write(tmp_path, text))
    assert caught.value.exit is Exit.USAGE
    assert told in caught.value.message + caught.value.details


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(GreenroomError, match="there is no template-rules") as caught:
        load_rules(tmp_path / "template-rules.toml")
    assert caught.value.exit is Exit.USAGE
