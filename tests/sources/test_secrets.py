"""Keys come from the environment or a private file, and no one sees them."""

import dataclasses
import os

import orjson
import pytest

from etl.secrets import Secret, read_secret
from hub.errors import ConfigurationError

SETTING = "sources.requests.credentials"


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "keys" / "city.key"
    path.parent.mkdir()
    path.touch(mode=0o600)
    return path


def test_a_key_is_read_from_the_environment_first_and_else_from_a_file(monkeypatch, tmp_path, key_file):
    key_file.write_text(" from-the-file \n")
    assert read_secret(SETTING, "keys/city.key", tmp_path).reveal() == "from-the-file"
    assert read_secret(SETTING, str(key_file), tmp_path / "elsewhere").reveal() == "from-the-file"
    monkeypatch.setenv("keys/city.key", "from-the-environment")
    assert read_secret(SETTING, "keys/city.key", tmp_path).reveal() == "from-the-environment"


def test_a_key_is_never_shown():
    secret = Secret(SETTING, "s3cr3t")
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        "".join(map(str, [secret])),
        repr([secret]),
        orjson.dumps(secret).decode(),
    ]
    assert not any("s3cr3t" in text for text in shown) and repr(secret) == "***"
    with pytest.raises(dataclasses.FrozenInstanceError):
        secret.setting = "another"


def test_several_values_are_read_by_name(monkeypatch, tmp_path, key_file):
    key_file.write_text("tenant: contoso\n\nclient_id:  4-2\nclient_secret: a:b=\n")
    wanted = {"tenant": "contoso", "client_id": "4-2", "client_secret": "a:b="}
    assert read_secret(SETTING, "keys/city.key", tmp_path).values() == wanted
    monkeypatch.setenv("CITY", "tenant: contoso; client_id: 4-2; client_secret: a:b=")
    assert read_secret(SETTING, "CITY", tmp_path).values() == wanted


def test_one_value_is_not_several(monkeypatch, tmp_path):
    monkeypatch.setenv("CITY", "only;one")
    secret = read_secret(SETTING, "CITY", tmp_path)
    assert secret.reveal() == "only;one"
    with pytest.raises(ConfigurationError, match="several values") as caught:
        secret.values()
    assert "only" not in str(caught.value)


def test_every_part_is_blotted_out_of_a_text():
    secret = Secret(SETTING, "tenant: contoso\nclient_secret: p/q+r==")
    text = "contoso p/q+r== p%2Fq%2Br%3D%3D p/q%2Br%3D%3D fine"
    assert secret.redacted(text) == "*** *** *** *** fine"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_file_that_others_can_read_is_refused(tmp_path, key_file, mode):
    key_file.write_text("s3cr3t")
    key_file.chmod(mode)
    with pytest.raises(ConfigurationError, match=SETTING) as caught:
        read_secret(SETTING, "keys/city.key", tmp_path)
    assert f"chmod 600 {key_file}" in caught.value.cure and "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b" \n", b"caf\xe9", "schlüssel".encode(), b"a\x07b", b"a\x00b"])
def test_what_can_be_no_key_is_refused(tmp_path, key_file, content):
    key_file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=SETTING):
        read_secret(SETTING, "keys/city.key", tmp_path)


@pytest.mark.parametrize("name", ["MISSING", "no/file.key", "keys", "s3cr3t\x00", "a" * 5000])
def test_a_key_that_is_not_there_names_the_setting_and_not_what_was_written(tmp_path, key_file, name):
    with pytest.raises(ConfigurationError, match=SETTING) as caught:
        read_secret(SETTING, name, tmp_path)
    assert name not in str(caught.value).replace("folder of city.yml", "") and caught.value.cure


def test_an_empty_variable_is_no_key(monkeypatch, tmp_path):
    monkeypatch.setitem(os.environ, "CITY", " ")
    with pytest.raises(ConfigurationError, match="is empty"):
        read_secret(SETTING, "CITY", tmp_path)


def test_what_was_made_of_a_key_is_blotted_out_too():
    told = Secret("sources.requests.credentials", "client_id: client-7\nclient_secret: b-c").redacted(
        "403: rejected header Bearer eyJ-SECRET.ACCESS-TOKEN, and Basic MTI3OkFQSUtFWTEyMzQ1="
    )
    assert told == "403: rejected header Bearer ***, and Basic ***"
