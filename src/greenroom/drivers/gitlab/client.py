"""Requests to one project of GitLab, through python-gitlab: asked again where that may help, lists read to their end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.gitlab.refusing import GitLabError, refusal, unread
from greenroom.drivers.gitlab.waiting import Failed, Patience, retry_after, skew
from greenroom.ports import Clock

if TYPE_CHECKING:
    import gitlab
    import requests

TIMEOUT = 20.0
"""Seconds that one request may take."""

READINGS = 3
"""So often a list is read that changes while it is read."""

AGAIN = (500, 502, 503, 504, 520, 521, 522, 523, 524)


@dataclass(frozen=True, slots=True)
class Where:
    """``project``: its number or path; ``source``: where the token comes from, for messages; ``ca_file``: empty: the usual ones."""

    url: str
    project: str
    source: str
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A whole answer: what its JSON says (None: no body), its headers, the query of the page that follows."""

    body: Any
    headers: Mapping[str, str]
    next_query: dict[str, str] | None


class Client:
    """``say`` is told of every wait. ``page``: items of a list asked for at once. ``session``: how requests travel."""

    def __init__(
        self,
        where: Where,
        token: Secret | None,
        clock: Clock,
        say: Callable[[str], None],
        patience: float = 120.0,
        page: int = 100,
        session: requests.Session | None = None,
    ) -> None:
        self.where = where
        self.clock = clock
        self.skew = 0.0
        self._token = token
        self._patience = Patience(clock, say, patience)
        self._page = page
        self._session = session
        self._last: requests.Response | None = None

    @property
    def project(self) -> str:
        """The path of the project."""
        return f"/projects/{quote(self.where.project, safe='')}"

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        again: bool = True,
        own: bool = True,
    ) -> Said:
        """One request to a path of the project, unless it is no ``own`` one of it; ``again``: it may be sent twice without harm.

        Raises GitLabError when GitLab refuses, or stays away for longer than there is patience.
        """
        while True:
            began, started = self.clock.now(), self.clock.monotonic()
            answer = self._try(method, f"{self.project if own else ''}{path}", query or {}, body)
            if not isinstance(answer, Failed):
                self._patience.tries = 0
                self.skew = skew(answer.headers.get("date", ""), began, self.clock.now())
                return answer
            if not again and answer.done is not False:
                raise self._away(answer.why)
            if not self._patience.wait(answer, self.clock.monotonic() - started):
                raise self._away(f"{answer.why}, {self._patience.told}")

    def every(self, path: str, *key: str, **query: Any) -> list[dict[str, Any]]:
        """All items of a list of the project, each once by its ``key`` (without one: its id), or an error: never a part of them."""
        what = path.rpartition("/")[2].replace("_", " ")
        for _ in range(READINGS):
            found = self._read(path, what, key or ("id",), {**query, "per_page": self._page})
            if found is not None:
                return found
        raise unread(f"the list of {what}", f"it changed {READINGS} times while it was read")

    def _read(
        self, path: str, what: str, key: tuple[str, ...], query: Mapping[str, Any]
    ) -> list[dict[str, Any]] | None:
        """One reading; None when the list changed meanwhile, so that an item may have slipped from page to page."""
        found: dict[Any, dict[str, Any]] = {}
        totals: set[str] = set()
        asked: list[Mapping[str, Any]] = []
        count, following = 0, dict(query)
        while following:
            if following in asked:
                raise unread(f"the list of {what}", "a page leads to itself")
            asked.append(following)
            said = self.ask("get", path, following)
            items = _items(said.body, what, key)
            count += len(items)
            found |= {tuple(one[k] for k in key): one for one in items}
            totals |= {said.headers["x-total"]} if "x-total" in said.headers else set()
            following = said.next_query or {}
            short = query.get("pagination") == "keyset" and len(items) < self._page
            if not (following or short or _paged(said.headers)):
                raise unread(f"the list of {what}", "nothing tells whether another page follows")
        whole = count == len(found) and totals <= {str(count)}
        return list(found.values()) if whole else None

    def _try(self, method: str, path: str, query: Mapping[str, Any], body: Any) -> Said | Failed:
        lab = self._lab
        import requests
        from gitlab.exceptions import GitlabError

        self._last = None
        try:
            # Its own waits know no bound: they would last as long as a header says.
            response = lab.http_request(
                method, path, query_data=dict(query), post_data=body, obey_rate_limit=False
            )
            return _said(response)
        except GitlabError as error:
            return self._refused(f"{method.upper()} {path}", error)
        except requests.JSONDecodeError:
            return Failed("the answer is no JSON", done=None)
        except requests.exceptions.SSLError as error:
            raise self._unasked("is not trusted, or speaks no TLS", error) from error
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            return Failed(f"no answer ({type(error).__name__})", done=None)
        except (OSError, ValueError) as error:
            raise self._unasked("cannot be asked", error) from error

    def _unasked(self, what: str, error: Exception) -> GitLabError:
        hint = (
            "[gitlab] url must be its https address, and ca_file hold the certificate of who signed its own"
        )
        return GitLabError("gitlab-url", f"{self.where.url} {what}: {str(error)[:200]}", hint)

    def _refused(self, asked: str, error: gitlab.exceptions.GitlabError) -> Failed:
        status = error.response_code or 0
        headers = self._last.headers if self._last is not None else {}
        if status == 429:
            return Failed("it has had too many requests", retry_after(headers, self.clock.now()), done=False)
        if status in AGAIN:
            return Failed(f"it answers {status}", retry_after(headers, self.clock.now()), done=None)
        if status == 0:
            hint = "[gitlab] url must be the address that it redirects to"
            raise GitLabError("gitlab-url", f"{self.where.url} leads elsewhere: {error}", hint)
        place = f"the project {self.where.project} of {self.where.url}"
        raise refusal(status, error.response_body or b"", asked, place, self.where.source) from error

    def _away(self, why: str) -> GitLabError:
        return GitLabError(
            "gitlab-away", f"GitLab does not answer: {why}", f"is {self.where.url} up? Do it again later"
        )

    @cached_property
    def _lab(self) -> gitlab.Gitlab:
        try:
            import gitlab
        except ImportError:
            raise GreenroomError(
                "no-gitlab",
                "there is no python-gitlab library",
                "pip install 'greenroom[gitlab]'",
                Exit.USAGE,
            ) from None
        missing = "" if self.where.url and self.where.project else "project" if self.where.url else "url"
        if missing:
            raise GitLabError(
                "gitlab-unknown",
                f"nothing says which GitLab this is: [gitlab] has no {missing}, and this is no CI job",
                f"set {missing} in [gitlab] of greenroom.toml",
            )
        if self._token is None:
            raise GitLabError(
                "gitlab-token",
                f"there is no token for GitLab: {self.where.source} gives none",
                f"make a project access token with the scope api and put it into {self.where.source}",
            )
        more: dict[str, Any] = {} if self._session is None else {"session": self._session}
        made = gitlab.Gitlab(
            self.where.url,
            private_token=self._token.reveal(),
            ssl_verify=self.where.ca_file or True,
            timeout=TIMEOUT,
            user_agent="greenroom",
            **more,
        )
        made.session.hooks["response"].append(self._remember)
        return made

    def _remember(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._last = response


def _said(response: requests.Response) -> Said:
    body = response.json() if response.content else None
    link = response.links.get("next", {}).get("url", "")
    page = response.headers.get("x-next-page", "")
    following = dict(parse_qsl(urlsplit(link).query, keep_blank_values=True)) if link else None
    if following is None and page:
        asked = dict(parse_qsl(urlsplit(response.url).query, keep_blank_values=True))
        following = {**asked, "page": page}
    return Said(body, response.headers, following)


def _paged(headers: Mapping[str, str]) -> bool:
    return "x-next-page" in headers or "link" in headers


def _items(body: Any, what: str, key: tuple[str, ...]) -> list[dict[str, Any]]:
    if not isinstance(body, list) or not all(isinstance(one, dict) and set(key) <= set(one) for one in body):
        raise unread(f"the list of {what}", "the answer is no list of them")
    return body
