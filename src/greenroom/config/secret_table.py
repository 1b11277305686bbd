"""The table ``[secrets]``."""

from __future__ import annotations

from greenroom.config.fields import Inside, Table, VariableName, key


class SecretsTable(Table):
    """Secrets of the app: which it needs, and where they come from beside: greenroom secrets set."""

    required: list[VariableName] = key(
        [],
        "What the app needs; greenroom secrets check says what is missing. Default: none.",
        ["SMTP_PASSWORD"],
        max_length=200,
    )
    file: Inside | None = key(
        None,
        "An encrypted file in the repository: lines NAME=value in *.age, or whatever SOPS opens.",
        "secrets.age",
    )
    key_file: str | None = key(None, "The age key that opens it.", "~/.config/age/keys.txt")
    from_environment: list[VariableName] = key(
        [],
        "Taken from the environment of the command that deploys, such as a CI's variables. Default: none.",
        ["SMTP_PASSWORD"],
        max_length=200,
    )
