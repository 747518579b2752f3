"""Settings are strict: every wrong one is refused and named."""

from __future__ import annotations

import pytest

from lienthong.domain.errors import Malformed
from lienthong.node.config import node_settings

GOOD = """
[node]
id = "VN/PROV/H26/nut-1"
data_dir = "data"
[directory]
source = "https://directory.example"
trusted_root = "root.json"
[front]
listen = "127.0.0.1:8080"
[peer]
listen = "0.0.0.0:5500"
tls_certificate = "tls.crt"
tls_key = "tls.key"
[admin]
listen = "127.0.0.1:9090"
[[signing]]
member = "VN/PROV/H26"
certificate = "sign.crt"
key = "file:sign.key"
[[systems]]
id = "VN/PROV/H26/mot-cua"
addresses = ["127.0.0.1/32"]
[[services]]
id = "VN/PROV/H26/mot-cua/ho-so"
url = "http://127.0.0.1:8000/v1"
"""


def test_good_settings() -> None:
    settings = node_settings(GOOD)
    assert settings.node.workers == 1
    assert settings.limits.body_max == settings.limits.body_mib_max << 20
    assert settings.limits.masked_body_max == settings.limits.masked_body_mib_max << 20
    assert settings.services[0].answer_s == 30.0


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('data_dir = "data"', 'data_dir = "data"\ncolour = "red"', "colour"),
        ('data_dir = "data"', "", "data_dir"),
        ('data_dir = "data"', 'data_dir = "data"\nworkers = 0', "node.workers"),
        ('data_dir = "data"', 'data_dir = "data"\nworkers = "2"', "node.workers"),
        ('data_dir = "data"', 'data_dir = "data"\nerror_style = "loud"', "node.error_style"),
        ("[admin]", "[limits]\nheader_s = 0\n[admin]", "limits.header_s"),
        ("[admin]", "[limits]\nwindow_s = 100000\n[admin]", "limits.window_s"),
        ("[admin]", "[limits]\nbody_mib_max = 0\n[admin]", "limits.body_mib_max"),
        ("[admin]", "[ledger]\nsegment_mib = 3\n[admin]", "ledger.segment_mib"),
        ("[admin]", "[nobody]\n[admin]", "nobody"),
        ('listen = "127.0.0.1:8080"', 'listen = "127.0.0.1"', "front.listen"),
        ('listen = "127.0.0.1:8080"', "", "front"),
        ('listen = "127.0.0.1:8080"', 'listen_tls = "0.0.0.0:8443"', "front"),
        ('addresses = ["127.0.0.1/32"]', "", "VN/PROV/H26/mot-cua"),
        ('url = "http://127.0.0.1:8000/v1"', 'url = "ftp://x"', "VN/PROV/H26/mot-cua/ho-so"),
        ("[node]", "[node", "not valid"),
    ],
)
def test_wrong_settings_are_named(old: str, new: str, named: str) -> None:
    assert old in GOOD
    with pytest.raises(Malformed) as wrong:
        node_settings(GOOD.replace(old, new, 1))
    assert named in wrong.value.message


@pytest.mark.parametrize(
    ("listen", "inside"),
    [
        ("localhost:1", True),
        ("127.0.0.1:1", True),
        ("[::1]:1", True),
        ("10.1.2.3:1", True),
        ("172.16.0.1:1", True),
        ("172.31.0.1:1", True),
        ("192.168.0.1:1", True),
        ("[fd00::1]:1", True),
        ("172.32.0.1:1", False),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("8.8.8.8:1", False),
        ("10.example.com:1", False),
        ("127.0.0.1.example.com:1", False),
    ],
)
def test_plain_http_stays_inside(listen: str, inside: bool) -> None:
    text = GOOD.replace("127.0.0.1:8080", listen)
    if inside:
        assert node_settings(text).front.listen == listen
    else:
        with pytest.raises(Malformed, match="plain HTTP"):
            node_settings(text)


@pytest.mark.parametrize(
    "database",
    [
        "",
        "postgresql:///lienthong",
        "postgres://lienthong@/lienthong?host=/run/postgresql&passfile=/etc/lienthong/nut-1/pgpass",
        "postgresql://lienthong@%2Frun%2Fpostgresql/lienthong",
        "postgresql://localhost:5433,127.0.0.1:5434,[::1]:5435/lienthong",
        "postgresql:///?service=lienthong",
        "postgresql://lienthong@db-1.example,db-2.example:5433/lienthong?sslmode=verify-full&sslrootcert=ca.pem",
    ],
)
def test_an_index_may_be_in_a_database(database: str) -> None:
    text = GOOD.replace("[admin]", f'[index]\ndatabase = "{database}"\n[admin]')
    assert node_settings(text).index.database == database


SECRET = "bi-mat-khong-ke"


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("mysql://localhost/x", "begins with postgresql://"),
        (f"host=localhost password={SECRET}", "begins with postgresql://"),
        (f"postgresql://lienthong:{SECRET}@/x", "must not hold a password"),
        (f"postgresql://lienthong:{SECRET}?@/x", "must not hold a password"),
        (f"postgresql:///x?password={SECRET}", "must not hold a password"),
        (f"postgresql:///x?pass%77ord={SECRET}", "must not hold a password"),
        (f"postgresql:///x?sslpassword={SECRET}&sslmode=verify-full", "must not hold a password"),
        ("postgresql://10.1.2.3/x", "sslmode=verify-full"),
        ("postgresql://localhost,db.example/x?sslmode=require", "sslmode=verify-full"),
        ("postgresql://localhost.example/x", "sslmode=verify-full"),
        ("postgresql://127.0.0.1.example:5432/x", "sslmode=verify-full"),
        ("postgresql:///x?host=db.example", "sslmode=verify-full"),
        ("postgresql://localhost/x?hostaddr=10.1.2.3", "sslmode=verify-full"),
        ("postgresql://[fd00::1]:5432/x", "sslmode=verify-full"),
    ],
)
def test_a_database_is_named_without_a_password_and_far_ones_with_tls(database: str, said: str) -> None:
    with pytest.raises(Malformed) as wrong:
        node_settings(GOOD.replace("[admin]", f'[index]\ndatabase = "{database}"\n[admin]'))
    assert "index: database" in wrong.value.message
    assert said in wrong.value.message
    assert SECRET not in wrong.value.message
