"""A city's system is asked politely and stubbornly: what is tried again, how long, and what is never done."""

import gzip
import hashlib
import io
import logging
import shutil
import socket
import ssl
import subprocess
from base64 import b64encode
from contextlib import closing
from itertools import chain, count, repeat
from threading import Event

import httpcore
import orjson
import pytest

from etl import dial, download, http
from etl.http import Gone, Http, Paused, Refused, Retry, Unreachable, Unsafe
from etl.secrets import Secret
from etl.wire import Limits
from hub.errors import IncompleteError, SourceError
from tests.sources.misbehaving import HANGS, Misbehaving, Time, endless, says

ROWS = [{"id": "001"}, {"id": "002"}]
GOOD = says(orjson.dumps(ROWS))
GOOD_XML = says("<service_requests><request/></service_requests>", content_type="text/xml")
HTML = says("<!DOCTYPE html><html><body>We will be back soon</body></html>", content_type="text/html")
LAST_DAY = "Fri, 31 Dec 9999 23:59:59 -0500"  # in UTC there is no such day
KEY = "s3cr3t+key/=="


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def city():
    with Misbehaving() as server:
        yield server


@pytest.fixture
def ask(city, time):
    """An Http for the city. Its sleep is noted, not slept."""
    secret = Secret("sources.requests.credentials (CITY_KEY)", KEY)
    hosts = frozenset({city.host})
    one = Http("requests", hosts, "it@city.example", secret, sleep=time.sleep, clock=time.clock, now=lambda: time.now)
    with closing(one):
        yield one


def chunked(*pieces: bytes, ended: bool = True) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if ended else b"")
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + body


# A server that stumbles


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 429, 408, 202, 204])
def test_a_server_that_stumbles_once_is_asked_again(city, ask, time, status):
    city.answers = [says("", status) if status != 204 else b"HTTP/1.1 204 Said\r\nConnection: close\r\n\r\n", GOOD]
    assert ask.json(city.url) == ROWS
    assert ask.requests == len(city.log) == 2 and len(time.slept) == 1


def test_the_waits_grow_and_end_after_five_tries(city, ask, time):
    city.answers = [says("", 503)]
    with pytest.raises(
        Unreachable, match=r"requests\.json \(source 'requests'\) answers with 503 \(5 tries\)"
    ) as caught:
        ask.json(city.url)
    assert caught.value.data["status"] == 503 and caught.value.cure
    assert len(city.log) == 5 and len(time.slept) == 4
    assert all(0.5 * 2**n <= wait <= 1.5 * 2**n for n, wait in enumerate(time.slept))


NOT_WHOLE = {
    "cut under its length": GOOD[:-9],
    "cut between chunks": chunked(orjson.dumps(ROWS)[:9], ended=False),
    "cut without a length": b"HTTP/1.1 200 OK\r\n\r\n" + orjson.dumps(ROWS)[:-1],
    "cut in the head": GOOD[:20],
    "not a word": b"",
    "not HTTP": b"220 mail.city.example ESMTP\r\n",
    "HTML": HTML,
    "XHTML": says('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" ""><html/>'),
    "an empty body": says(""),
    "blanks": says(" \n"),
    "null": says("null"),
    "no JSON": says('[{"service_code":001}]'),
    "a number that is none": says("[NaN]"),
    "bytes that are no character": says(b'["caf\xe9"]'),
    "an unknown compression": says(b"\x1b\x05", content_encoding="br"),
    "cut compression": says(b"\x1f\x8b\x08\0\0\0\0\0\0\xff", content_encoding="gzip"),
}


@pytest.mark.parametrize("answer", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_what_is_no_answer_is_asked_for_again_and_never_kept(city, ask, answer):
    city.answers = [answer, answer, GOOD]
    assert ask.json(city.url) == ROWS and len(city.log) == 3


@pytest.mark.parametrize("answer", NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_what_stays_no_answer_is_an_error_and_not_nothing(city, ask, answer):
    city.answers = [answer]
    with pytest.raises(Unreachable, match="5 tries"):
        ask.json(city.url)


@pytest.mark.parametrize("body", ["<service_requests><request>", HTML.partition(b"\r\n\r\n")[2], "", "<a>\x07</a>"])
def test_xml_that_is_cut_or_something_else_is_asked_for_again(city, ask, body):
    city.answers = [says(body, content_type="text/xml"), GOOD_XML]
    assert ask.xml(city.url).tag == "service_requests" and len(city.log) == 2


def test_text_that_is_a_page_for_people_is_asked_for_again(city, ask):
    city.answers = [HTML, says("id;name\n1;é\n", content_type="text/csv; charset=utf-8")]
    assert ask.text(city.url) == "id;name\n1;é\n"


def test_an_error_object_under_200_is_final_or_tried_again_as_the_adapter_says(city, ask):
    error = says('{"error": {"code": 400, "message": "no such field"}}')

    def wrong(said):
        return said["error"]["message"] if "error" in said else None

    city.answers = [error]
    with pytest.raises(SourceError, match="says: no such field"):
        ask.json(city.url, wrong=lambda said: wrong(said) if isinstance(said, dict) else None)
    assert len(city.log) == 1
    city.answers = [error, GOOD]
    assert ask.json(city.url, wrong=lambda said: Retry("busy") if isinstance(said, dict) else None) == ROWS
    assert len(city.log) == 3


# Retry-After


@pytest.mark.parametrize(
    "said, least, most",
    [
        ("7", 7, 7),
        ("899", 899, 899),
        ("Fri, 15 Jan 2027 08:00:42 GMT", 42, 42),
        ("Fri, 15 Jan 2027 08:00:42 -0000", 42, 42),
        ("Mon, 01 Jan 2024 00:00:00 GMT", 0.5, 1.5),
        ("soon", 0.5, 1.5),
        ("-3", 0.5, 1.5),
        ("²", 0.5, 1.5),
        ("Fri, 99 Foo 2027", 0.5, 1.5),
        ("", 0.5, 1.5),
    ],
)
def test_retry_after_is_obeyed(city, ask, time, said, least, most):
    city.answers = [says("", 429, retry_after=said), GOOD]
    assert ask.json(city.url) == ROWS
    assert least <= time.slept[0] <= most


@pytest.mark.parametrize("said", ["1000000000", "901", "9" * 5000, "Sat, 16 Jan 2027 08:00:00 GMT", LAST_DAY])
def test_a_wait_of_more_than_a_quarter_of_an_hour_pauses_the_run(city, ask, time, said):
    city.answers = [says("", 429, retry_after=said)]
    with pytest.raises(Paused, match="until 2") as caught:
        ask.json(city.url)
    assert isinstance(caught.value, IncompleteError) and time.slept == [] and len(city.log) == 1


def test_many_waits_of_less_than_a_quarter_of_an_hour_pause_it_too(city, ask, time):
    city.answers = [says("", 503, retry_after="600")]
    with pytest.raises(Paused, match="2027-01-15 08:20 UTC"):
        ask.json(city.url)
    assert time.slept == [600]


def test_a_wait_that_was_asked_for_does_not_count_as_slowness(city, ask):
    city.answers = [says("", 503, retry_after="800"), GOOD]
    assert ask.json(city.url) == ROWS


# Silence


def test_nobody_listens(ask, time):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{bound.getsockname()[1]}"
        ask.hosts |= {host}
        with pytest.raises(Unreachable, match="refuses connections"):
            ask.json(f"http://{host}/")
    assert ask.requests == 5


def test_a_name_that_nobody_knows(monkeypatch, time):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with closing(Http("requests", frozenset({"311.city.example"}), sleep=time.sleep)) as ask:
        with pytest.raises(Unreachable, match=r"311\.city\.example/a .*cannot be looked up \(DNS\)"):
            ask.json("https://311.city.example/a")


def test_a_server_that_falls_silent(city, ask, monkeypatch):
    monkeypatch.setitem(http.TIMEOUT, "read", 0.05)
    city.answers = [HANGS, GOOD]
    assert ask.json(city.url) == ROWS
    city.answers = [HANGS]
    with pytest.raises(Unreachable, match="fell silent"):
        ask.json(city.url)


def in_drops(pieces):
    for piece in pieces:
        yield piece
        Event().wait(0.005)


@pytest.mark.parametrize(
    "answer",
    [
        endless(in_drops(repeat(b" "))),
        lambda: in_drops(repeat(b"HTTP/1.1 100 Continue\r\n\r\n")),
        lambda: in_drops(chain([b"HTTP/1.1 200 OK\r\n"], (b"X-%d: 1\r\n" % n for n in count()))),
    ],
    ids=["its body", "its promises", "its head"],
)
def test_a_few_bytes_a_second_do_not_hold_a_run(city, ask, time, answer):
    city.answers = [answer]
    time.each_look = 10.0  # whenever we look at the clock so much has passed
    start = time.now
    with pytest.raises(Unreachable, match="within 300 seconds"):
        ask.json(city.url)
    assert 300 <= time.now - start < 340 and len(city.log) == 1


def test_slow_tries_share_one_deadline(city, ask, time):
    def fails_late():
        time.now += 100
        yield says("", 500)

    city.answers = [fails_late]
    with pytest.raises(Unreachable, match="within 300 seconds"):
        ask.json(city.url)
    assert len(city.log) == 3


# Answers that are final


@pytest.mark.parametrize("status", [400, 405, 406, 409, 414, 422, 304, 300])
def test_a_refusal_is_not_asked_again(city, ask, status):
    city.answers = [says("", status)]
    with pytest.raises(Refused, match=f"answers with {status}") as caught:
        ask.json(city.url, params={"where": "name='Doe'"})
    assert len(city.log) == 1 and caught.value.data["status"] == status and "Doe" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_its_setting(city, ask, status):
    city.answers = [says("", status)]
    with pytest.raises(Refused, match=r"sources\.requests\.credentials \(CITY_KEY\)"):
        ask.json(city.url)
    assert len(city.log) == 1
    ask.secret = None
    with pytest.raises(Refused, match=r"sources\.requests\.credentials"):
        ask.json(city.url)


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_is_gone_unless_that_is_allowed(city, ask, status):
    city.answers = [says('{"code": 404}', status)]
    with pytest.raises(Gone):
        ask.json(city.url)
    assert ask.json(city.url, allowed=(404, 410)) is None
    assert ask.xml(city.url, allowed=(404, 410)) is None
    assert ask.answer(city.url, allowed=(404, 410)) is None
    assert len(city.log) == 4


def test_a_refusal_says_what_the_platform_says(city, ask):
    city.answers = [says('{"message": "Unrecognized column: zip"}', 400)]
    with pytest.raises(Refused, match="answers with 400: Unrecognized column: zip"):
        ask.json(city.url, wrong=lambda said: said["message"])
    with pytest.raises(Refused, match="answers with 400: Unrecognized column: zip"):
        ask.json(city.url, wrong=lambda said: Retry(said["message"]))
    assert len(city.log) == 2
    city.answers = [says("<html>", 400)]
    with pytest.raises(Refused, match="answers with 400"):
        ask.json(city.url, wrong=lambda said: said["message"])


def test_an_answer_has_its_headers(city, ask):
    city.answers = [says("[]", x_result_count="2058")]
    answer = ask.answer(city.url)
    assert (answer.status, answer.headers["X-Result-Count"], answer.body) == (200, "2058", b"[]")


def test_an_answer_that_is_empty_is_none_except_to_head(city, ask):
    city.answers = [says(""), says("[]")]
    assert ask.answer(city.url).body == b"[]" and len(city.log) == 2
    city.answers = [says("")]
    assert ask.answer(city.url, method="HEAD").body == b""


# What is sent


def test_a_question_is_signed_and_keeps_no_cookies(city, ask):
    city.answers = [says("[1]", set_cookie="a=b")]
    ask.json(city.url)
    ask.json(city.url)
    heads = [head.lower() for head in city.log]
    assert all(b"user-agent: cityglass/" in head and b"(+it@city.example)" in head for head in heads)
    assert not any(b"cookie" in head for head in heads)


def test_a_next_link_is_sent_as_it_came(city, ask):
    city.answers = [GOOD]
    ask.json(f"{city.url}?$skiptoken=%3Ccookie%20a=%22b%22%2F%3E&x=a%2Bb")
    ask.json(f"{city.url}?a=1", params={"$where": "zip > 'a b+&'", "none": None})
    assert city.log[0].startswith(b"GET /requests.json?$skiptoken=%3Ccookie%20a=%22b%22%2F%3E&x=a%2Bb HTTP")
    assert city.log[1].startswith(b"GET /requests.json?a=1&$where=zip%20%3E%20%27a%20b%2B%26%27 HTTP")


def test_a_body_goes_as_json_or_as_a_form(city, ask):
    city.answers = [GOOD]
    ask.json(city.url, body={"query": "SELECT *"})
    ask.json(city.url, body="q=SELECT")
    ask.json(city.url, body="SELECT", headers={"content-type": "text/plain"}, method="PUT")
    post, form, put = (said.lower() for said in city.log)
    assert post.startswith(b"post") and b"content-type: application/json" in post and post.endswith(b'"select *"}')
    assert b"content-type: application/x-www-form-urlencoded" in form and form.endswith(b"q=select")
    assert put.startswith(b"put") and b"content-type: text/plain" in put and put.count(b"content-type") == 1


@pytest.mark.parametrize("word", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_no_proxy_of_the_machine_is_used(city, ask, monkeypatch, word):
    monkeypatch.setenv(word, "http://127.0.0.1:9")
    city.answers = [GOOD]
    assert ask.json(city.url) == ROWS


def test_a_host_is_asked_no_faster_than_it_wants(city, time, monkeypatch):
    monkeypatch.setattr(dial, "addresses", lambda host, port: ["127.0.0.1"])
    city.answers = [GOOD]
    hosts = frozenset({f"a.example:{city.port}", f"b.example:{city.port}"})
    with closing(Http("requests", hosts, per_second=10 / 60, sleep=time.sleep, clock=time.clock)) as ask:
        for name in "aabab":
            ask.json(f"http://{name}.example:{city.port}/")
    assert time.slept == [pytest.approx(6)] * 2  # the second a after the first, the third after the second


def test_this_machine_is_asked_as_fast_as_it_answers(city, ask, time):
    city.answers = [GOOD]
    for _ in range(5):
        ask.json(city.url)
    assert time.slept == []


# Where it may go


@pytest.mark.parametrize(
    "place",
    "http://evil.example/ http://127.0.0.1:1/ http://127.0.0.1/ file:///etc/passwd ftp://{host}/ http://[::1]/ http:// "
    "//evil.example/x http://{host}@evil.example/ http://{host}.evil.example/".split(),
)
def test_only_the_citys_own_hosts_are_asked(city, ask, place):
    place = place.replace("{host}", city.host)
    city.answers = [GOOD]
    with pytest.raises(Unsafe):
        ask.json(place)
    city.answers = [says("", 302, location=place)]
    with pytest.raises((Unsafe, Unreachable)):
        ask.json(city.url)
    assert {said.split(b" ")[1] for said in city.log} <= {b"/requests.json"}


@pytest.mark.parametrize("where", ["http://169.254.169.254/latest", "http://127.0.0.1:22/", "file:///etc/passwd"])
def test_a_redirect_to_a_foreign_place_is_refused_at_once_and_by_name(city, ask, where):
    city.answers = [says("", 302, location=where)]
    with pytest.raises(Unsafe, match=r"where city\.yml does not send it") as caught:
        ask.json(city.url)
    assert len(city.log) == 1 and "hosts" in caught.value.cure


def test_three_redirects_are_followed_and_not_four(city, ask):
    move = says("", 302, location="/moved?b=2")
    city.answers = [move, move, move, GOOD]
    assert ask.json(city.url) == ROWS
    assert city.log[-1].startswith(b"GET /moved?b=2 ")
    city.answers = [move]
    with pytest.raises(Unsafe, match="more than 3"):
        ask.json(city.url)


def test_after_see_other_nothing_is_posted(city, ask):
    city.answers = [says("", 303, location="/result"), GOOD]
    assert ask.json(city.url, body={"query": "x"}) == ROWS
    assert city.log[1].startswith(b"GET /result") and b"query" not in city.log[1] and b"json\r\n" not in city.log[1]


def test_keys_and_bodies_do_not_follow_to_another_host(city, ask):
    with Misbehaving([GOOD]) as other:
        ask.hosts |= {other.host}
        city.answers = [says("", 307, location=other.url)]
        assert ask.json(city.url, headers={"X-App-Token": KEY, "Authorization": "Basic czNj"}) == ROWS
        assert KEY.encode() in city.log[0] and b"Basic" in city.log[0]
        assert KEY.encode() not in other.log[0] and b"Basic" not in other.log[0] and b"Cityglass" in other.log[0]
        with pytest.raises(Unsafe, match="another host"):
            ask.json(city.url, body=f"client_secret={KEY}")
        assert len(other.log) == 1


def resolving(monkeypatch, *answers: list[str]) -> list[tuple]:
    """Make names resolve to these addresses, one answer after the other; what is then dialled is noted and fails."""
    said, dialled = list(answers), []

    def lookup(host, port, *_, **__):
        found = said.pop(0) if len(said) > 1 else said[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    def connect(self, host, port, *_, **__):
        dialled.append((host, port))
        raise httpcore.ConnectError("not from here")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    return dialled


@pytest.mark.parametrize(
    "address",
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 ::1 fe80::1%eth0 fd00::1 "
    "::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: ::127.0.0.1".split(),
)
def test_a_name_that_leads_into_a_private_network_is_not_dialled(monkeypatch, time, address):
    dialled = resolving(monkeypatch, ["93.184.215.14", address])
    with closing(Http("requests", frozenset({"311.city.example"}), sleep=time.sleep)) as ask:
        with pytest.raises(Unsafe, match="private network"):
            ask.json("https://311.city.example/")
    assert dialled == [] and ask.requests == 1


def test_the_address_that_was_checked_is_the_one_that_is_dialled(monkeypatch, time):
    public = ["93.184.215.14", "2606:4700::1", "64:ff9b::5db8:d70e"]  # the last is the first, as IPv6 writes it
    dialled = resolving(monkeypatch, public, ["127.0.0.1"])
    with closing(Http("requests", frozenset({"311.city.example"}), sleep=time.sleep)) as ask:
        with pytest.raises(Unsafe, match="private network"):
            ask.json("https://311.city.example/")
    assert dialled == [(address, 443) for address in public]


def test_localhost_may_be_meant(city, ask):
    ask.hosts |= {f"LOCALHOST:{city.port}"}
    city.answers = [GOOD]
    assert ask.json(f"http://localhost:{city.port}/") == ROWS


# Encryption


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost, with its key in the same file."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    about = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", path, "-out", f"{path}.crt"]
    subprocess.run(["openssl", *about.split(), *names], check=True, capture_output=True)
    with path.open("ab") as file:
        file.write(path.with_name("localhost.pem.crt").read_bytes())
    return path


@pytest.fixture
def safe_city(certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with Misbehaving(tls=tls) as server:
        yield server


@pytest.fixture
def believing(certificate, monkeypatch):
    """As if that certificate were one of those that every machine knows."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    http.certificates.cache_clear()
    yield
    http.certificates.cache_clear()


def test_a_certificate_is_checked_against_the_name(safe_city, believing, time):
    safe_city.answers = [GOOD]
    hosts = frozenset({f"localhost:{safe_city.port}", safe_city.host})
    with closing(Http("requests", hosts, sleep=time.sleep)) as ask:
        assert ask.json(f"https://localhost:{safe_city.port}/") == ROWS
        with pytest.raises(Unreachable, match="certificate that is not valid"):
            ask.json(f"https://{safe_city.host}/")


def test_an_unknown_certificate_is_not_believed(safe_city, ask):
    safe_city.answers = [GOOD]
    ask.hosts |= {f"localhost:{safe_city.port}"}
    with pytest.raises(Unreachable, match="certificate that is not valid"):
        ask.json(f"https://localhost:{safe_city.port}/")


def test_encryption_is_not_given_up_on_the_way(safe_city, believing, city, time):
    safe_city.answers = [says("", 302, location=city.url)]
    city.answers = [GOOD]
    hosts = frozenset({f"localhost:{safe_city.port}", city.host})
    with closing(Http("requests", hosts, sleep=time.sleep)) as ask:
        with pytest.raises(Unsafe, match="without encryption"):
            ask.json(f"https://localhost:{safe_city.port}/")
    assert city.log == []


# Compression


def test_after_broken_compression_none_is_asked_for(city, ask):
    packed = gzip.compress(orjson.dumps(ROWS))
    city.answers = [says(packed, content_encoding="gzip"), says(packed[::-1], content_encoding="gzip"), GOOD]
    assert ask.json(city.url) == ROWS and ask.json(city.url) == ROWS and ask.json(city.url) == ROWS
    asked = [b"accept-encoding: identity" in said.lower() for said in city.log]
    assert asked == [False, False, True, True]


# Secrets


def test_no_message_and_no_log_holds_a_key_or_a_query(city, ask, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    where = f"{city.url}?token={KEY}&name=Doe"
    refusals = [
        says(f'{{"message": "bad key {KEY}"}}', 403),
        says("", 302, location=f"http://evil.example/?token={KEY}"),
        says(f"<html>{KEY}"),
        says("", 500, x_echo=KEY),
        says("", 302, location=f"{KEY}"),
        says(f'{{"message": "bad key {KEY}"}}'),
    ]
    told = []
    for answer in refusals:
        city.answers = [answer]
        for wrong in (None, lambda said: said["message"]):
            try:
                ask.json(where, headers={"Authorization": f"Bearer {KEY}"}, wrong=wrong)
            except (SourceError, IncompleteError) as error:
                told += [str(error), repr(error), repr(error.data)]
    city.answers = [GOOD]
    with pytest.raises(Refused) as caught:
        ask.json(where, headers={"Authorization": f"Bearer {KEY}\nX: y"})
    told += [str(caught.value), repr(ask), caplog.text, *map(str, capfd.readouterr())]
    assert caplog.records == []  # a library that logs a retry would not say of what
    assert len(told) > 30 and any("***" in text for text in told)
    for text in told:
        assert KEY not in text and "Doe" not in text and "s3cr3t%2Bkey" not in text


def test_a_password_in_an_address_is_not_used(city, ask):
    with pytest.raises(Unsafe, match="password") as caught:
        ask.json(f"http://joe:letmein@{city.host}/")
    assert "letmein" not in str(caught.value) and city.log == []


# Files


def fetched(ask, city, **options) -> tuple[bytes, http.Downloaded]:
    into = io.BytesIO(b"kept")
    into.seek(4)
    told = ask.download(city.url, into, **options)
    assert into.getvalue().startswith(b"kept")
    return into.getvalue()[4:], told


def test_a_file_is_written_whole_and_described(city, ask):
    city.answers = [says(b"a,b\n", content_type="text/csv", etag='"7"', last_modified="Mon, 01 Jan 2024 00:00:00 GMT")]
    body, told = fetched(ask, city)
    assert body == b"a,b\n" and told.whole and told.size == 4
    assert (told.name, told.kind, told.etag, told.modified[:3]) == ("requests.json", "text/csv", '"7"', "Mon")
    assert told.sha256 == hashlib.sha256(b"a,b\n").hexdigest()


@pytest.mark.parametrize(
    "disposition, name",
    [
        ('attachment; filename="311 of 2024.csv"', "311_of_2024.csv"),
        ("attachment; filename*=UTF-8''a%20b.csv", "a_20b.csv"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="..\\\\.bashrc"', "bashrc"),
        ('attachment; filename=".."', "download"),
        ("inline", "requests.json"),
    ],
)
def test_a_file_gets_a_harmless_name(city, ask, disposition, name):
    city.answers = [says(b"a", content_disposition=disposition)]
    assert fetched(ask, city)[1].name == name


CUT = {
    "cut": says(b"id\n1\n2\n")[:-2],
    "another check sum": says(b"id\n1\n2\n", content_md5="1B2M2Y8AsgTpgAmY7PhCfg=="),
    "another digest": says(b"id\n1\n", digest="SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    "another content digest": says(b"id\n1\n", content_digest="sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
    "a page for people": HTML,
    "nothing": says(""),
}


@pytest.mark.parametrize("answer", CUT.values(), ids=CUT)
def test_a_file_that_is_not_what_it_says_is_fetched_again_from_its_start(city, ask, answer):
    city.answers = [answer]
    with pytest.raises(Unreachable):
        fetched(ask, city)
    md5 = b64encode(hashlib.md5(b"id\n1\n").digest()).decode()
    city.answers = [answer, says(b"id\n1\n", content_md5=md5, digest=f"md5={md5}, unixsum=30637")]
    assert fetched(ask, city)[0] == b"id\n1\n"


def test_a_file_whose_end_nobody_marked_is_not_called_whole(city, ask):
    city.answers = [b"HTTP/1.1 200 OK\r\n\r\nid\n1\n"]
    assert not fetched(ask, city)[1].whole
    city.answers = [chunked(b"id\n", b"1\n")]
    assert fetched(ask, city)[1].whole


def test_a_zipped_file_loses_its_ending_if_it_is_unzipped_on_the_way(city, ask):
    packed = gzip.compress(b"id\n1\n")
    named = {"content_disposition": "attachment; filename=a.csv.gz"}
    city.answers = [says(packed, content_encoding="gzip", **named)]
    body, told = fetched(ask, city)
    assert (body, told.name, told.whole) == (b"id\n1\n", "a.csv", True)
    city.answers = [says(packed, **named)]
    body, told = fetched(ask, city)
    assert (body, told.name) == (packed, "a.csv.gz")


def test_a_file_has_more_room_than_an_answer_but_not_all(city, ask, monkeypatch):
    small = Limits(1000, 2000, 60)
    monkeypatch.setattr(http, "FILE", small)
    monkeypatch.setattr(download, "FILE", small)
    city.answers = [endless(repeat(b"x" * 100))]
    with pytest.raises(Unsafe):
        fetched(ask, city)
    assert len(city.log) == 1
