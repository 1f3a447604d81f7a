"""Redaction: planted secrets of many kinds are gone, ordinary code stays as it is.

Secrets are put together here from random parts, so that nothing in this file looks like one.
"""

from __future__ import annotations

import base64
import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.traces.redaction import Redactor, entropy, looks_random

chance = random.Random(3)
LETTERS = string.ascii_letters
ALNUM = LETTERS + string.digits
HEX = "0123456789abcdef"


def made(alphabet: str, length: int) -> str:
    return "".join(chance.choice(alphabet) for _ in range(length))


def b64(length: int) -> str:
    return base64.b64encode(chance.randbytes(length)).decode()


def jwt() -> str:
    return ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890"}', chance.randbytes(32))
    )


DASHES = "-" * 5
# kind: (secret, the text it stands in)
PLANTED: dict[str, tuple[str, str]] = {
    name: (secret, text.replace("@@", secret))
    for name, (secret, text) in {
        "aws access key": ("AKI" + "A" + made(string.ascii_uppercase + string.digits, 16), "key = @@"),
        "aws secret key": (made(ALNUM + "/+", 40), "aws_secret_access_key = '@@'"),
        "github token": ("gh" + "p_" + made(ALNUM, 36), "git clone https://@@/x"),
        "github fine-grained": ("github" + "_pat_" + made(ALNUM, 40), "token = '@@'"),
        "gitlab token": ("gl" + "pat-" + made(ALNUM, 20), "PRIVATE-TOKEN: @@"),
        "slack bot token": ("xox" + "b-" + made(string.digits, 12) + "-" + made(ALNUM, 24), "client('@@')"),
        "slack webhook": ("T" + made(ALNUM, 9) + "/B" + made(ALNUM, 9), "https://hooks.slack" + ".com/services/@@"),
        "stripe key": ("sk" + "_live_" + made(ALNUM, 24), "stripe.api_key = '@@'"),
        "google api key": ("AI" + "za" + made(ALNUM, 35), "maps?k=@@"),
        "google oauth": ("ya" + "29." + made(ALNUM, 40), "x = '@@'"),
        "openai style key": ("s" + "k-" + made(ALNUM, 20) + "T3BlbkFJ" + made(ALNUM, 20), "Client('@@')"),
        "hub token": ("h" + "f_" + made(ALNUM, 34), "login('@@')"),
        "npm token": ("np" + "m_" + made(ALNUM, 36), "//registry/:_authToken=@@"),
        "pypi token": ("py" + "pi-AgEIcHlwaS5vcmc" + made(ALNUM, 60), "twine -p @@"),
        "sendgrid": ("S" + "G." + made(ALNUM, 22) + "." + made(ALNUM, 43), "SendGrid('@@')"),
        "twilio": ("A" + "C" + made(HEX, 32), "Client('@@', x)"),
        "telegram": (made(string.digits[1:], 9) + ":" + made(ALNUM, 35), "Bot('@@')"),
        "discord": ("M" + made(ALNUM, 23) + "." + made(ALNUM, 6) + "." + made(ALNUM, 27), "run('@@')"),
        "mailchimp": (made(HEX, 32) + "-us" + "12", "mc('@@')"),
        "square": ("sq0" + "csp-" + made(ALNUM, 43), "q('@@')"),
        "jwt": (jwt(), "cookie: session=@@"),
        "private key": (
            b64(48) + "\n" + b64(48),
            f"x = '''{DASHES}BEGIN RSA PRIVATE KEY{DASHES}\n@@\n{DASHES}END RSA PRIVATE KEY{DASHES}'''",
        ),
        "private key cut off": (b64(48), f"{DASHES}BEGIN OPENSSH PRIVATE KEY{DASHES}\n@@\n"),
        "azure storage": (b64(64), "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=@@;"),
        "password in an address": ("horse" + made(ALNUM, 5), "postgres://admin:@@@db.internal:5432/x"),
        "bearer": (made(ALNUM, 24), "curl -H 'Authorization: Bearer @@'"),
        "digitalocean": ("dop" + "_v1_" + made(HEX, 64), "do('@@')"),
        "databricks": ("da" + "pi" + made(HEX, 32), "dbx('@@')"),
        "shopify": ("shp" + "at_" + made(HEX, 32), "s('@@')"),
        "vault": ("hv" + "s." + made(ALNUM, 24), "v('@@')"),
        "age key": ("AGE-SECRET" + "-KEY-1" + made(string.ascii_uppercase + string.digits, 58), "age @@"),
        "quoted password": ("correct horse battery", 'password = "@@"'),
        "password in a dictionary": ("tr0ub4dor", "{'db_password': '@@'}"),
        "escaped quote in a password": ('a\\"quoted bit', 'pwd = "@@"'),
        "annotated password": ("hunter-two", "password: str = '@@'"),
        "password in yaml": ("plainword", "db:\n  password: @@\n"),
        "environment": ("justwords", "export DB_PASSWORD=@@"),
        "environment dump": (made(ALNUM, 12), "PATH=/usr/bin\nAPI_TOKEN=@@\nSHELL=/bin/sh"),
        "flag": ("letmein99", "mysql --password=@@ -u root"),
        "flag with a space": ("letmeinnow", "login --token @@"),
        "random base64": (b64(33), "blob = '@@'"),
        "random hex": (made(HEX, 40), "digest '@@'"),
    }.items()
}

redactor = Redactor(homes=("/srv/people/jdoe", "C:\\Users\\J Doe"))


def test_at_least_twenty_kinds() -> None:
    assert len(PLANTED) >= 20


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("around", ["@@", "def f():\n    @@\n    return 1\n"], ids=["alone", "within code"])
def test_planted_secrets_are_gone(kind: str, around: str) -> None:
    secret, text = PLANTED[kind]
    kept = redactor.redact(around.replace("@@", text))
    for piece in secret.split("\n"):
        assert piece not in kept
        if len(piece) >= 16 and " " not in piece:
            assert piece[4:14] not in kept, "not even part of it"
    assert "<secret" in kept


@pytest.mark.parametrize(
    "code",
    [
        "for item in range(10):\n    total += item * 2\n",
        "def convert_utf16_position_to_code_points(self, line: int) -> Position:",
        "self.assertEqual(response.status_code, 200)",
        "from hunch_features.completion.multiline import continue_multi_line_block",
        "token = next(tokens)\nsecret = load_secret(path)\n",
        "def login(user, password):\n    return check(password)",
        "x = 1234567890123456789012345",
        "class AbstractSingletonProxyFactoryBean2Test(BaseTestCase):",
        "https://example.org/docs/reference/api/v2/endpoints",
        "@decorator\nasync def main() -> None: ...",
        "====================================================",
        "key=lambda item: item.name, reverse=True",
        "naïve = '日本語のテキスト、長い文章ですがもちろん秘密ではありません'",
    ],
)
def test_ordinary_code_is_left_alone(code: str) -> None:
    assert redactor.redact(code) == code


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("mail ann.lee+x@mail.example.co.uk now", "mail <email> now"),
        ("# Author: Ann <ann@example.org>", "# Author: Ann <<email>>"),
        ("/srv/people/jdoe/src/a.py", "~/src/a.py"),
        ("/srv/people/jdoe-two/a.py", "/srv/people/jdoe-two/a.py"),
        ("open('/home/ann/notes.txt')", "open('~/notes.txt')"),
        ("/Users/ann/Library", "~/Library"),
        (r"C:\Users\J Doe\x.py", r"~\x.py"),
        (r"'C:\\Users\\ann\\x.py'", r"'~\\x.py'"),
        ("d:/users/ann/x", "~/x"),
        ("src/home.py", "src/home.py"),
    ],
)
def test_addresses_and_home_folders(text: str, kept: str) -> None:
    assert redactor.redact(text) == kept


@given(st.text(max_size=400))
def test_any_text_is_taken_and_redacting_again_changes_nothing(text: str) -> None:
    once = redactor.redact(text)
    assert redactor.redact(once) == once


@pytest.mark.parametrize(
    "unit", ["a", "password", "password=", "aA1", "a@", "://", "-", "-----BEGIN ", "\n", "eyJ", "/home/", "token: "]
)
def test_time_is_bounded(unit: str) -> None:
    text = (unit * 20_000)[:20_000]
    start = time.perf_counter()
    redactor.redact(text)
    assert time.perf_counter() - start < 2.0


def test_entropy() -> None:
    assert entropy("") == entropy("aaaa") == 0.0
    assert entropy("abcd") == 2.0
    assert looks_random(made(ALNUM, 40) + "1a2B")
    assert not looks_random("test_position_of_character_12_in_line")
