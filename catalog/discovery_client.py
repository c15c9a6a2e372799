"""Asks a live Course Discovery server for its programs."""

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from catalog.discovery import Node

PROGRAMS_PATH = "/api/v1/programs/"
TOKEN_PATH = "/oauth2/access_token"  # noqa: S105 -- a path
LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}
RETRIED_STATUSES = (429, 500, 502, 503, 504)
MAX_WAIT_SECONDS = 60
MAX_URL_CHARACTERS = 2000


class DiscoveryUnavailable(Exception):
    """The server could not be asked, or refused; the text says what it was asked and what came back."""


class DiscoveryClient:
    """One server and the credentials for it.

    `token_url` is where the client id and secret are exchanged for a token (None: the server itself does it). Each
    request may take `timeout_seconds` to connect and as long between two pieces of the answer. A request that finds no
    connection, or an answer 429 or 5xx, is repeated up to `retries` times, after waits that double.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        client_secret: str,
        token_url: str | None = None,
        timeout_seconds: float = 30,
        retries: int = 4,
    ) -> None:
        self._programs_url = url.rstrip("/") + PROGRAMS_PATH
        self._token_url = token_url or urljoin(url, TOKEN_PATH)
        self._client_id = client_id
        self._client_secret = client_secret
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        retry = Retry(
            total=retries,
            status_forcelist=RETRIED_STATUSES,
            allowed_methods=("GET", "POST"),  # asking twice for a token is harmless
            backoff_factor=0.5,
            backoff_max=MAX_WAIT_SECONDS,
            retry_after_max=MAX_WAIT_SECONDS,
            raise_on_status=False,
        )
        self._session.mount("http://", HTTPAdapter(max_retries=retry))
        self._session.mount("https://", HTTPAdapter(max_retries=retry))

    def iter_program_pages(self) -> Iterator[Node]:
        """Yield the pages of the list of programs, each with its number as path.

        Raises: DiscoveryUnavailable, MalformedAnswer.
        """
        with self._session:
            self._session.headers["Authorization"] = self._fetch_authorization()
            url: str | None = self._programs_url
            seen: set[str] = set()
            while url is not None:
                seen.add(url)
                page = Node.from_json(self._ask("GET", url), f"page {len(seen)}")
                yield page
                url = self._next_url(page)
                if url in seen:
                    raise page["next"].refuse("leads back to a page that was read before")

    def _next_url(self, page: Node) -> str | None:
        link = page["next"]
        if not link.value:
            return None
        own_address = urlsplit(self._programs_url)
        try:
            address = urlsplit(urljoin(self._programs_url, link.text(MAX_URL_CHARACTERS)))
        except ValueError as error:
            raise link.refuse(f"not a url: {error}") from error
        if address.netloc != own_address.netloc:
            raise link.refuse("leads to another host")
        # Behind a TLS proxy a server may believe that it speaks plain http; the token stays on ours.
        return address._replace(scheme=own_address.scheme).geturl()

    def _fetch_authorization(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "token_type": "jwt",  # Open edX then gives the token that its other services take
        }
        answer = Node.from_json(self._ask("POST", self._token_url, form), "token")
        token = answer["access_token"].value
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise answer["access_token"].refuse("no token")
        word = "JWT" if answer["token_type"].text().lower() == "jwt" else "Bearer"
        return f"{word} {token}"

    def _ask(self, method: str, url: str, form: dict[str, str] | None = None) -> bytes:
        address = urlsplit(url)
        if address.scheme != "https" and address.hostname not in LOOPBACK_HOSTS:
            raise DiscoveryUnavailable(f"{url} is not https: credentials would travel in the clear.")
        try:
            # A redirect could carry the credentials elsewhere.
            response = self._session.request(
                method, url, data=form, timeout=self._timeout_seconds, allow_redirects=False
            )
        except requests.RequestException as error:
            raise DiscoveryUnavailable(f"{url} could not be asked: {error}") from error
        if response.status_code != requests.codes.ok:
            raise DiscoveryUnavailable(f"{url} answered {response.status_code} {response.reason}.")
        return response.content
