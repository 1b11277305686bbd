"""How to trust the certificate authority of this machine's edge."""

from __future__ import annotations

from pathlib import Path

from greenroom.domain.errors import GreenroomError


def certificate(ca: Path) -> str:
    """The root certificate in PEM. Raises when the edge has not run yet."""
    try:
        return ca.read_text()
    except FileNotFoundError:
        raise GreenroomError("no-ca", "there is no certificate authority yet", "greenroom up") from None


def explain(where: Path) -> str:
    """What to do with it, per program. Greenroom itself changes no trust store."""
    return f"""The edge signs its certificates with an authority of its own, whose root is in
  {where}
Nothing on this machine trusts it until you say so:
  curl      curl --cacert {where} URL
  Firefox   Settings, Privacy & Security, View Certificates, Authorities, Import
  Chromium  mkdir -p ~/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n greenroom -i {where}
            (certutil is in libnss3-tools)
  Debian    sudo cp {where} /usr/local/share/ca-certificates/greenroom.crt && sudo update-ca-certificates
  macOS     sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {where}
Undo it the same way. The private key never leaves the state folder."""
