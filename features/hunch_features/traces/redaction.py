"""Redaction: secrets, e-mail addresses and home folder names are replaced before text is stored.

Known kinds of secrets come from detect-secrets and from the table below; what looks random is found by its entropy.
Redaction is careful rather than exact: it may replace a harmless hash. Work is bounded by the length of a text field.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path

EMAIL = "<email>"
HOME = "~"

MIN_RANDOM = 20
"""Shortest token judged by entropy, code points."""
BASE64_BITS = 4.0
"""Entropy in bits per character above which a mixed token counts as random (detect-secrets: 4.5 for quoted strings)."""
HEX_BITS = 3.0
"""The same for tokens of hexadecimal digits (detect-secrets: 3.0)."""

_DETECTORS = (
    ("artifactory", "ArtifactoryDetector"),
    ("aws", "AWSKeyDetector"),
    ("azure_storage_key", "AzureStorageKeyDetector"),
    ("cloudant", "CloudantDetector"),
    ("discord", "DiscordBotTokenDetector"),
    ("github_token", "GitHubTokenDetector"),
    ("gitlab_token", "GitLabTokenDetector"),
    ("ibm_cloud_iam", "IbmCloudIamDetector"),
    ("ibm_cos_hmac", "IbmCosHmacDetector"),
    ("jwt", "JwtTokenDetector"),
    ("mailchimp", "MailchimpDetector"),
    ("npm", "NpmDetector"),
    ("openai", "OpenAIDetector"),
    ("pypi_token", "PypiTokenDetector"),
    ("sendgrid", "SendGridDetector"),
    ("slack", "SlackDetector"),
    ("softlayer", "SoftlayerDetector"),
    ("square_oauth", "SquareOAuthDetector"),
    ("stripe", "StripeDetector"),
    ("telegram_token", "TelegramBotTokenDetector"),
    ("twilio", "TwilioKeyDetector"),
)

_PREFIXED = "|".join(
    (
        r"github_pat_\w{20,}",
        r"gh[oprsu]_\w{20,}",
        r"gl(?:pat|dt|rt|ptt|soat|cbt|ft|imt|agent)-[\w-]{16,}",
        r"AIza[\w-]{30,}",
        r"ya29\.[\w-]{16,}",
        r"GOCSPX-[\w-]{16,}",
        r"[srp]k_(?:live|test)_\w{10,}",
        r"whsec_\w{16,}",
        r"sk-[\w-]{16,}",
        r"hf_[A-Za-z0-9]{16,}",
        r"r8_[A-Za-z0-9]{20,}",
        r"do[por]_v1_[0-9a-f]{20,}",
        r"dapi[0-9a-f]{20,}",
        r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,}",
        r"lin_api_\w{20,}",
        r"PMAK-[\w-]{20,}",
        r"npm_\w{20,}",
        r"pypi-[\w-]{16,}",
        r"ATATT3[\w=-]{16,}",
        r"SG\.[\w-]{10,}\.[\w-]{10,}",
        r"(?:SK|AC)[0-9a-f]{32}",
        r"xox[a-z]-[\w-]{10,}",
        r"xapp-[\w-]{10,}",
        r"key-[0-9a-f]{32}",
        r"[\w-]{32}-us\d{1,2}\b",
        r"(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA)[A-Z0-9]{16}",
        r"AGE-SECRET-KEY-1[A-Z0-9]{20,}",
        r"hv[sbr]\.[\w-]{20,}",
        r"[\w-]{10,40}\.atlasv1\.[\w-]{20,}",
        r"sntry[su]_[\w=+/-]{20,}",
        r"NR(?:AK|JS|II|RA)-[\w-]{16,}",
        r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.]{20,}",
        r"glsa_\w{20,}",
        r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?",
        r"\d{8,10}:[\w-]{35}",
        r"sq0(?:atp|csp|idp)-[\w-]{20,}",
        r"EAAA[\w-]{40,}",
    )
)
_TOKENS = re.compile(rf"(?<![A-Za-z0-9])(?:{_PREFIXED})")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*KEY[A-Z ]*-----|\Z)"
)
_WEBHOOK = re.compile(r"https://(?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/[\w/-]+")
_PASSWORD_IN_ADDRESS = re.compile(r"(?<=://)[^\s/:@'\"]{0,80}:[^\s@'\"]{1,200}(?=@)")
_AUTHORIZATION = re.compile(
    r"(?i)(?<=\bbearer )[\w.~+/=-]{8,}|(?<=\bbasic )[\w+/]{8,}={0,2}|(?<=\btoken )[\w.-]{20,}"
    r"|(?<=accountkey=)[\w+/=]{8,}|(?<=sharedaccesskey=)[\w+/=]{8,}|(?<=[?&]sig=)[\w%+/=-]{16,}"
)
_TELLING_NAME = (
    r"[\w.-]{0,40}(?:passw(?:or)?d|passphrase|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|auth[_-]?key|encryption[_-]?key|credential|client[_-]?id|dsn)[\w.-]{0,20}"
)
_QUOTED = re.compile(
    rf"(?i)(?P<name>{_TELLING_NAME}[\"']?\]?\s{{0,4}}(?::[^=\n]{{0,20}}=|:=|=>|={{1,3}}|:|,)\s{{0,4}}[a-z]{{0,2}}"
    r"(?P<quote>[\"'`]))(?P<value>(?:\\.|(?!(?P=quote))[^\n\\]){4,400})"
)
_UNQUOTED = re.compile(
    rf"(?im)(?P<name>(?:^|[\s;])(?:export\s+|-{{1,2}})?{_TELLING_NAME}(?:=|:\s|\s(?=\S+$)))"
    r"(?P<value>[^\s\"'()\[\]{},;<>]{6,200})"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_TOKEN = re.compile(rf"[A-Za-z0-9+/_=-]{{{MIN_RANDOM},}}")
_HEX = re.compile(r"[0-9a-fA-F-]+")
_WORDY = re.compile(r"[A-Za-z][a-z]{3,}")
# What each group of patterns needs at least; most text has none of it, and then costs a few microseconds.
_LONG_TOKEN = re.compile(r"(?=[A-Za-z_+/=.:~-]{0,200}\d)[A-Za-z0-9_+/=.:~-]{14}")
_TELLING = re.compile(
    r"(?i)passw|pwd|passphrase|secret|token|api.?key|access.?key|private.?key|auth.?key|ion.?key|credential|client.?id|dsn"
)
_AUTHORIZING = re.compile(r"(?i)bearer|basic|token|accountkey|sharedaccesskey|sig=")
_HOMES = re.compile(
    r"(?i:(?:[a-z]:)?[\\/]{1,2}users|/home|/var/home|/export/home)[\\/]{1,2}[^\\/\s:'\"<>|*?,;()]{1,64}"
)


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values()) if total else 0.0


def looks_random(token: str) -> bool:
    """Whether a token is more like a key than like words: mixed character classes and high entropy."""
    if _HEX.fullmatch(token):
        return entropy(token) >= HEX_BITS and any(map(str.isdigit, token)) and any(map(str.isalpha, token))
    digits = sum(char.isdigit() for char in token)
    upper = any(char.isupper() for char in token)
    lower = any(char.islower() for char in token)
    if digits < 2 or not (upper or lower) or entropy(token) < (BASE64_BITS if upper and lower else BASE64_BITS - 0.3):
        return False
    # Names made of words (`test_utf16_position_2`, paths) are long too; words make up most of them.
    return sum(map(len, _WORDY.findall(token))) < len(token) * 0.5


def _marked(kind: str) -> str:
    return f"<secret: {kind}>"


class Redactor:
    """Replaces what must not be stored. `homes` are this person's home folders, as absolute paths."""

    def __init__(self, homes: tuple[str, ...] | None = None) -> None:
        given = homes if homes is not None else _home_folders()
        escaped = sorted({re.escape(home) for home in given if len(home) > 3}, key=len, reverse=True)
        self._home = re.compile(rf"(?:{'|'.join(escaped)})(?![\w-])|{_HOMES.pattern}" if escaped else _HOMES.pattern)
        self._detectors: list[tuple[str, Callable[[str], Iterator[str]]]] | None = None
        self.redact_name = lru_cache(maxsize=8192)(self.redact)
        """The same, remembered, for paths and names, which come again and again."""

    def redact(self, text: str) -> str:
        """The text without secrets, e-mail addresses and home folder names."""
        if "PRIVATE KEY" in text:
            text = _PRIVATE_KEY.sub(_marked("private key"), text)
        if "://" in text:
            text = _WEBHOOK.sub(_marked("webhook"), text)
            text = _PASSWORD_IN_ADDRESS.sub(_marked("password in address"), text)
        if _AUTHORIZING.search(text):
            text = _AUTHORIZATION.sub(_marked("authorization"), text)
        if _LONG_TOKEN.search(text):
            text = self._tokens(text)
        if _TELLING.search(text):
            text = _QUOTED.sub(lambda found: f"{found['name']}{_marked('value')}", text)
            text = _UNQUOTED.sub(_unquoted, text)
        if "@" in text:
            text = _EMAIL.sub(EMAIL, text)
        if "/" in text or "\\" in text:
            text = self._home.sub(HOME, text)
        return text

    def _tokens(self, text: str) -> str:
        text = _TOKENS.sub(_marked("token"), text)
        for kind, find in self._library():
            for secret in set(find(text)):
                if len(secret) >= 6 and not secret.startswith("<secret"):
                    text = text.replace(secret, _marked(kind))
        return _TOKEN.sub(lambda found: _marked("random") if looks_random(found[0]) else found[0], text)

    def _library(self) -> list[tuple[str, Callable[[str], Iterator[str]]]]:
        # Imported when first needed: it takes 0.2 s and a person without consent never needs it.
        if self._detectors is None:
            self._detectors = []
            for module, name in _DETECTORS:
                detector = getattr(import_module(f"detect_secrets.plugins.{module}"), name)()
                self._detectors.append((str(detector.secret_type).lower(), detector.analyze_string))
        return self._detectors


def _unquoted(found: re.Match[str]) -> str:
    name, value = found["name"].strip().removeprefix("export").lstrip(), found["value"]
    # `token=next_token` assigns a name; `TOKEN=…`, `token: …` and `--token …` give a value.
    if name.endswith("=") and re.fullmatch(r"[A-Za-z_][A-Za-z_.]*", value) and not (name.isupper() or name[0] == "-"):
        return found[0]
    return f"{found['name']}{_marked('value')}"


def _home_folders() -> tuple[str, ...]:
    try:
        home = Path.home()
    except RuntimeError:
        return ()
    return (str(home), home.as_posix())
