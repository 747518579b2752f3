"""The registry's errors on one page: HTTP status, cause and remedy in Vietnamese and English.

A test holds the codes used in the source against this table, both ways.
"""

from __future__ import annotations

from typing import NamedTuple


class Explanation(NamedTuple):
    """What an error code means and what to do, for a person."""

    status: int
    cause_vi: str
    cause_en: str
    remedy_vi: str
    remedy_en: str


_E = Explanation

ERRORS: dict[str, Explanation] = {
    "AccessDenied": _E(
        403,
        "Vai trò của mã truy cập không được làm việc này.",
        "The role of the access token may not do this.",
        "Dùng mã truy cập của đúng vai trò, đúng thành viên.",
        "Use a token of the right role and member.",
    ),
    "AlreadyExists": _E(
        409,
        "Đã có trong hệ thống đăng ký.",
        "It is already in the register.",
        "Kiểm tra lại mã; dùng mã khác hoặc bản đã có.",
        "Check the code; use another one, or what is there.",
    ),
    "AuthorityUnavailable": _E(
        503,
        "Không đọc được khóa của CA nội bộ.",
        "The key of the embedded CA cannot be read.",
        "Đơn vị vận hành kiểm tra thư mục ca.",
        "The operator checks the folder ca.",
    ),
    "BadRequest": _E(
        400,
        "Yêu cầu sai định dạng.",
        "The request is not well formed.",
        "Sửa theo thông báo rồi gửi lại.",
        "Correct what the message names and send again.",
    ),
    "DatabaseUnavailable": _E(
        503,
        "Cơ sở dữ liệu đăng ký không trả lời.",
        "The register's database does not answer.",
        "Thử lại sau ít phút.",
        "Try again in a few minutes.",
    ),
    "FourEyes": _E(
        403,
        "Việc này cần người thứ hai quyết định.",
        "A second person must decide this.",
        "Nhờ người khác có thẩm quyền duyệt.",
        "Ask another person with the role.",
    ),
    "Incomplete": _E(
        422,
        "Nội dung còn thiếu so với quy định (NĐ 47/2020 Đ24.3, Đ35.2).",
        "Content that the law asks for is missing (NĐ 47/2020 Đ24.3, Đ35.2).",
        "Bổ sung phần được nêu.",
        "Add what the message names.",
    ),
    "Internal": _E(
        500,
        "Lỗi của hệ thống đăng ký.",
        "The registry has failed.",
        "Báo đơn vị vận hành, kèm mã lỗi này.",
        "Tell the operator, with this code.",
    ),
    "InvalidAddress": _E(
        422,
        "Địa chỉ nút không hợp lệ.",
        "The address of the node is not valid.",
        "Ghi tên máy hoặc địa chỉ IP và cổng 1-65535.",
        "Give a host name or IP address and a port 1-65535.",
    ),
    "InvalidCertificate": _E(
        422,
        "Chứng thư không đọc được.",
        "The certificate cannot be read.",
        "Gửi chứng thư X.509 dạng PEM.",
        "Send X.509 in PEM.",
    ),
    "InvalidCertificateRequest": _E(
        422,
        "Yêu cầu cấp chứng thư (CSR) không hợp lệ.",
        "The certificate request (CSR) is not valid.",
        "Tạo lại khóa P-256 và CSR, mỗi thành viên một CSR.",
        "Make P-256 keys and requests again, one for each member served.",
    ),
    "InvalidContract": _E(
        422,
        "Tài liệu OpenAPI của dịch vụ không hợp lệ.",
        "The OpenAPI document of the service is not valid.",
        "Sửa tài liệu tại chỗ được nêu.",
        "Correct the document at the place named.",
    ),
    "InvalidDate": _E(
        422,
        "Ngày tháng không hợp lệ.",
        "A date is not valid.",
        "Ghi YYYY-MM-DD hoặc thời điểm ISO 8601 có múi giờ.",
        "Write YYYY-MM-DD, or ISO 8601 with an offset.",
    ),
    "InvalidDocument": _E(
        422,
        "Nội dung không đúng cấu trúc.",
        "The content has not the right structure.",
        "Xem cấu trúc trong /openapi.json; bỏ khóa lạ.",
        "See /openapi.json; leave out unknown keys.",
    ),
    "InvalidIdentifier": _E(
        422,
        "Mã định danh không hợp lệ.",
        "An identifier is not valid.",
        "Dùng mã theo QĐ 20/2020/QĐ-TTg.",
        "Use a code by QĐ 20/2020/QĐ-TTg.",
    ),
    "InvalidRequest": _E(
        422,
        "Một mã hoặc mẫu đường dẫn không hợp lệ.",
        "A code or path glob is not valid.",
        "Sửa theo thông báo.",
        "Correct what the message names.",
    ),
    "InvalidSettings": _E(
        500,
        "Tệp cấu hình sai.",
        "The settings file is wrong.",
        "Sửa registry.toml.",
        "Correct registry.toml.",
    ),
    "InvalidTerms": _E(
        422,
        "Điều kiện không hợp lệ.",
        "The terms are not valid.",
        "Sửa điều kiện được nêu.",
        "Correct the term named.",
    ),
    "InvalidText": _E(
        422,
        "Văn bản quá dài hoặc có ký tự điều khiển.",
        "A text is too long or has control characters.",
        "Rút ngắn, bỏ ký tự lạ.",
        "Shorten it; leave out control characters.",
    ),
    "InvalidToken": _E(
        422,
        "Không thể cấp mã truy cập như vậy.",
        "Such a token cannot be given.",
        "Kiểm tra người giữ, vai trò, thành viên.",
        "Check holder, role and member.",
    ),
    "LevelTooLow": _E(
        403,
        "Hệ thống khai thác chưa được phê duyệt cấp độ an toàn cần có.",
        "The consumer system has no approved security level, or one that is too low.",
        "Hoàn thành hồ sơ cấp độ (NĐ 85/2016) rồi xin lại.",
        "Have the level approved (NĐ 85/2016), then ask again.",
    ),
    "MalformedGlobalConf": _E(
        500,
        "Không lập được danh bạ từ dữ liệu đăng ký.",
        "The register cannot be said as a directory.",
        "Báo đơn vị vận hành.",
        "Tell the operator.",
    ),
    "MethodNotAllowed": _E(
        405,
        "Địa chỉ này không nhận phương thức đó.",
        "This address does not take that method.",
        "Xem /openapi.json.",
        "See /openapi.json.",
    ),
    "MoreThanAsked": _E(
        422,
        "Quyền cấp vượt quá nội dung yêu cầu (NĐ 47/2020 Đ35).",
        "The grant would give more than was asked for (NĐ 47/2020 Đ35).",
        "Cấp trong phạm vi yêu cầu, hoặc trả lại yêu cầu.",
        "Grant within the request, or return the request.",
    ),
    "NotFound": _E(
        404,
        "Không có trong hệ thống đăng ký.",
        "It is not in the register.",
        "Kiểm tra lại mã.",
        "Check the identifier.",
    ),
    "NotServed": _E(
        422,
        "Nút không phục vụ thành viên này.",
        "The node does not serve this member.",
        "Chọn nút của thành viên, hoặc đề nghị đơn vị vận hành bổ sung.",
        "Choose a node that serves the member.",
    ),
    "ReasonNeeded": _E(
        422,
        "Việc này phải nêu lý do.",
        "This act needs a written reason.",
        "Ghi lý do.",
        "Give a reason.",
    ),
    "RegistryMissing": _E(
        503,
        "Chưa lập hệ thống đăng ký ở thư mục này.",
        "There is no registry in this folder.",
        "Chạy lienthong registry init.",
        "Run lienthong registry init.",
    ),
    "TooLarge": _E(
        413,
        "Nội dung gửi quá lớn.",
        "The content is too large.",
        "Chia nhỏ, hoặc nạp bằng lienthong registry import.",
        "Send less, or use lienthong registry import.",
    ),
    "TooManyRequests": _E(
        429,
        "Quá nhiều yêu cầu trong thời gian ngắn.",
        "Too many requests in a short time.",
        "Chờ theo Retry-After rồi gửi lại.",
        "Wait as Retry-After says.",
    ),
    "Unauthenticated": _E(
        401,
        "Thiếu mã truy cập, hoặc mã không còn giá trị.",
        "The access token is missing or no longer valid.",
        "Gửi Authorization: Bearer với mã còn hạn.",
        "Send Authorization: Bearer with a valid token.",
    ),
    "UnsupportedMediaType": _E(
        415,
        "Nội dung gửi không phải JSON.",
        "The content is not JSON.",
        "Gửi Content-Type: application/json.",
        "Send Content-Type: application/json.",
    ),
    "WrongState": _E(
        409,
        "Trạng thái hiện tại không cho phép việc này.",
        "The present state does not allow this act.",
        "Xem trạng thái và các việc có thể làm.",
        "See the state and the acts that are possible.",
    ),
}


def reference_page() -> str:
    """Codes with HTTP status, cause and remedy, as docs/reference/registry-errors.md."""
    lines = [
        "# Mã lỗi của hệ thống đăng ký · Errors of the registry",
        "",
        "What the registry's API and `lienthong registry …` say. Those of nodes: [errors.md](errors.md).",
        "Made from the code by `make reference`; a test compares.",
        "",
        "| code | HTTP | nguyên nhân · cause | cách xử lý · remedy |",
        "|---|---|---|---|",
    ]
    for code, page in sorted(ERRORS.items()):
        cause, remedy = f"{page.cause_vi} / {page.cause_en}", f"{page.remedy_vi} / {page.remedy_en}"
        lines.append(f"| `{code}` | {page.status} | {cause} | {remedy} |")
    return "\n".join(lines) + "\n"


def explain(code: str) -> Explanation:
    """The explanation of `code`; a code without one is a bug of ours and says ``Internal``."""
    return ERRORS.get(code, ERRORS["Internal"])
