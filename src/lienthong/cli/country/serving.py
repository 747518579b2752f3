"""``lienthong country up``: the country runs in the foreground; its addresses, and lines to try."""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path

from lienthong.cli.country.plan import read_personae
from lienthong.cli.country.running import Country, Ended, Options, running, shown
from lienthong.cli.country.story.questions import (
    CONFIRM,
    DA_NANG,
    LOOK_UP,
    ONE_STOP,
    PARCEL,
    PURPOSE,
    TRANSFER,
    person,
)
from lienthong.cli.country.transcript import Transcript

_WATCH_S = 0.5


def serve(options: Options, transcript: Transcript) -> None:
    """Run until a signal asks for the end; raises the errors of `running`, StartFailed where a process ends."""
    transcript.heading("Đất nước thu nhỏ khởi động", "The miniature country comes up")
    try:
        with running(options, transcript) as country:
            _show(country, options, transcript)
            while True:
                time.sleep(_WATCH_S)
                country.processes.require_running()
    except Ended:
        transcript.heading("Đã dừng mọi tiến trình", "Every process is stopped")


def _show(country: Country, options: Options, transcript: Transcript) -> None:
    plan, places = country.plan, country.places
    transcript.heading("Địa chỉ", "Addresses")
    rows = [
        (node.id, f"http://{node.host}:{node.client_port}", f"https://{node.host}:{node.client_tls_port}",
         f"{node.host}:{node.exchange_port}", f"http://{node.host}:{node.admin_port}/health")
        for node in plan.nodes
    ]  # fmt: skip
    transcript.table(("nút / node", "hệ thống / systems", "HTTPS", "nút khác / nodes", "quản trị / admin"), rows)
    transcript.value("hệ thống đăng ký", "registry", plan.registry.url)
    transcript.value("mã truy cập", "its access token", shown(places.token))
    transcript.value("chứng thư CA", "CA certificates", shown(places.authorities))
    transcript.value("nhật ký", "logs", shown(places.logs))
    transcript.heading("Thử ngay ở cửa sổ khác", "Try in another window")
    transcript.plain(lines_to_try(country, options))
    transcript.heading("Ctrl-C để dừng", "Ctrl-C stops it")


def lines_to_try(country: Country, options: Options) -> str:
    """Shell lines that work as they stand: what a system lists, asks, may not ask; the proof; the registry."""
    plan, places = country.plan, country.places
    personae = read_personae(options.source, plan)
    node, provider = plan.node_of(DA_NANG), plan.node_of(CONFIRM)
    door = f"http://{node.host}:{node.client_port}"
    body = shlex.quote(json.dumps(person(personae, "transferor"), ensure_ascii=False))
    said = _headers(DA_NANG)
    parcel = "/".join(str(personae["parcel"][name]) for name in ("maXa", "soHieuToBanDo", "soThuTuThua"))
    one_stop = plan.node_of(ONE_STOP)
    https = f"https://{one_stop.host}:{one_stop.client_tls_port}"
    ca, secret = _short(places.authorities), _short(places.secret(plan.system(ONE_STOP)))
    data = _short(places.node_data(provider))
    tool = _short(Path(sys.executable).with_name("lienthong"))
    json_type = "-H 'Content-Type: application/json'"
    return f"""\

# 1. hỏi và được trả lời / ask and be answered
curl -iw '\\n' {said} {json_type} -d {body} {door}/r1/{CONFIRM}/xac-nhan

# 2. thửa đất, chỉ các trường được cấp / a parcel, only the granted fields
curl -iw '\\n' {said} {door}/r1/{PARCEL}/thua-dat/{parcel}

# 3. bị từ chối: quyền đã hết hạn / refused: the grant has ended
curl -iw '\\n' {said} {json_type} -d {body} {door}/r1/{LOOK_UP}/cong-dan

# 4. một cửa Hà Nội qua HTTPS với OAuth2 / the Hà Nội one-stop system by HTTPS with OAuth2
TOKEN=$(curl -s --cacert {ca} -d grant_type=client_credentials --data-urlencode client_id={ONE_STOP} \
--data-urlencode client_secret="$(cat {secret})" {https}/oauth2/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl -iw '\\n' --cacert {ca} -H "Authorization: Bearer $TOKEN" {_headers(ONE_STOP)} \
{https}/r1/{PARCEL}/thua-dat/{parcel}

# 5. những dịch vụ được phép gọi / the services that may be called
curl -sw '\\n' -H 'X-Road-Client: {DA_NANG}' -H 'Accept: application/json' {door}/r1/VN/GOV/G01/dan-cu/allowedMethods

# 6. bằng chứng (thay MESSAGE_ID bằng x-road-id ở trên) / the proof (put the x-road-id from above)
{tool} evidence show MESSAGE_ID --data-dir {data}
{tool} evidence fsck --data-dir {data}

# 7. hệ thống đăng ký / the registry
{tool} registry --url {plan.registry.url} --token-file {_short(places.token)} grant list
"""


def _headers(system: str) -> str:
    case = f"{system.split('/')[2]}-210310-0002"
    stated = {
        "X-Road-Client": system,
        "X-Road-UserId": "cb-0007",
        "Lienthong-Purpose": PURPOSE,
        "Lienthong-Procedure": TRANSFER,
        "Lienthong-Case": case,
    }
    return " ".join(f"-H '{name}: {value}'" for name, value in stated.items())


def _short(path: Path) -> str:
    return shlex.quote(str(shown(path)))
