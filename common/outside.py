"""heed_environment: the way out of a company's network, without credentials from .netrc.

`requests` looks at proxies, certificates and .netrc together or not at all (`trust_env`), and would
do so at every call. The first two belong to the network and are read once; .netrc belongs to a
person, and would put a password into a call that has its own
(https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification and #proxies).
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests


def heed_environment(session: requests.Session, url: str) -> None:
    """Take proxies (`HTTPS_PROXY`, `NO_PROXY`) and certificates for calls to this address.

    Certificates are those of `REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE`, else of `SSL_CERT_FILE` or
    `SSL_CERT_DIR`, else the ones that come with `requests`.
    """
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies = dict(found["proxies"])
    session.verify = found["verify"]
    if session.verify is True:
        session.verify = _of_openssl() or True
    session.trust_env = False


def _of_openssl() -> str | None:
    """Return what OpenSSL's own variables name, None where they are unset or lead nowhere."""
    now = ssl.get_default_verify_paths()
    if now.cafile and now.cafile != now.openssl_cafile:
        return now.cafile
    return now.capath if now.capath and now.capath != now.openssl_capath else None
