"""Order messages: over SMTP, or as files in a folder."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy.orm import Session

from shop.config import Settings
from shop.models import Order, OutboxJob
from shop.services.outbox import Handler


def money(cents: int) -> str:
    """Cents as euros."""
    return f"€{cents / 100:,.2f}"


def send(settings: Settings, message: EmailMessage, name: str) -> None:
    """Send a message. In a folder the same name is the same message, however often it is sent."""
    if settings.smtp_url:
        _send_smtp(settings.smtp_url, message)
    else:
        _write(Path(settings.mail_dir or "var/mail"), message, name)


def _send_smtp(url: str, message: EmailMessage) -> None:
    parts = urlsplit(url)
    host, tls = parts.hostname or "localhost", parts.scheme == "smtps"
    port = parts.port or (465 if tls else 25)
    context = ssl.create_default_context()
    server = (
        smtplib.SMTP_SSL(host, port, timeout=20, context=context)
        if tls
        else smtplib.SMTP(host, port, timeout=20)
    )
    with server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _write(folder: Path, message: EmailMessage, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.eml"
    draft = folder / f".{name}.{os.getpid()}.tmp"
    draft.write_bytes(bytes(message))
    draft.replace(target)


def _message(
    settings: Settings, job: OutboxJob, order: Order, subject: str, lines: list[str]
) -> EmailMessage:
    host = urlsplit(settings.public_url).hostname or "localhost"
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = order.buyer.email
    message["Subject"] = subject
    message["Message-ID"] = f"<job-{job.id}@{host}>"
    link = f"{settings.public_url}/orders/{order.number}"
    message.set_content("\n".join([f"Dear {order.buyer.name},", "", *lines, "", f"Your order: {link}", ""]))
    return message


def handlers(settings: Settings) -> Mapping[str, Handler]:
    """The kinds of jobs this release can do."""

    def confirm(db: Session, job: OutboxJob) -> None:
        order = db.get_one(Order, job.payload["order_id"])
        lines = [f"thank you for your order {order.number} at {order.seller.name}.", ""]
        lines += [f"  {i.quantity} × {i.name}  {money(i.quantity * i.unit_price_cents)}" for i in order.items]
        lines += ["", f"  Total: {money(order.total_cents)}"]
        message = _message(settings, job, order, f"Your order {order.number}", lines)
        send(settings, message, f"{job.id:08d}-order-confirmation")

    def tell(db: Session, job: OutboxJob) -> None:
        order = db.get_one(Order, job.payload["order_id"])
        state = str(job.payload["state"])
        lines = [f"your order {order.number} at {order.seller.name} was {state}."]
        message = _message(settings, job, order, f"Order {order.number} {state}", lines)
        send(settings, message, f"{job.id:08d}-order-update")

    return {"order-confirmation": confirm, "order-update": tell}
