"""Pages: what was sent breaks the protocol."""

from __future__ import annotations

from typing import Final

from lienthong.domain.error_codes.page import Page

_NOTHING_VI: Final = "Không phải làm gì; nếu lặp lại nhiều, báo cho đơn vị quản lý hệ thống gọi."
_NOTHING_EN: Final = "Nothing; if it repeats, tell the owner of the calling system."

REQUESTS: Final[tuple[Page, ...]] = (
    Page(
        "BadRequest",
        "Dòng yêu cầu hoặc tiêu đề không đúng giao thức REST r1.",
        "The request line or a header breaks the REST message protocol r1.",
        "Sửa yêu cầu theo câu trong `message`; gửi lại nguyên văn sẽ vẫn bị từ chối.",
        "Mend the request as `message` says; sent again unchanged it fails again.",
        _NOTHING_VI,
        _NOTHING_EN,
    ),
    Page(
        "InvalidRequest",
        "Một giá trị trong yêu cầu hợp lệ về hình thức nhưng thiếu hoặc sai, ví dụ thiếu tham số `serviceCode`.",
        "A value in a well-formed request is missing or wrong, for example the parameter `serviceCode`.",
        "Bổ sung hoặc sửa giá trị được nêu.",
        "Add or mend the value that is named.",
        _NOTHING_VI,
        _NOTHING_EN,
    ),
    Page(
        "InvalidClientIdentifier",
        "Thiếu `X-Road-Client` hoặc mã không có dạng `instance/class/member[/system]`.",
        "`X-Road-Client` is missing or is not `instance/class/member[/system]`.",
        "Gửi đúng mã hệ thống của mình, từng phần mã hóa phần trăm UTF-8.",
        "Send the identifier of your system, each part percent-encoded UTF-8.",
        _NOTHING_VI,
        _NOTHING_EN,
    ),
    Page(
        "MissingHeader",
        "Thông điệp giữa hai nút thiếu một tiêu đề bắt buộc.",
        "A message between nodes lacks a header that it must have.",
        "Báo cho người vận hành nút của mình.",
        "Tell the operator of your node.",
        "So phiên bản phần mềm của hai nút; một bên không theo giao thức.",
        "Compare the versions of both nodes; one of them does not keep the protocol.",
    ),
    Page(
        "DuplicateHeaderField",
        "Một tiêu đề của giao thức đến hai lần với hai giá trị khác nhau.",
        "A protocol header comes twice with two different values.",
        "Gửi mỗi tiêu đề `X-Road-*` và `Lienthong-*` một lần; xem lại máy chủ trung gian có tự thêm không.",
        "Send each `X-Road-*` and `Lienthong-*` header once; see whether a proxy of yours adds one.",
        _NOTHING_VI,
        _NOTHING_EN,
    ),
    Page(
        "InvalidHttpMethod",
        "Phương thức HTTP không thuộc DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE.",
        "The HTTP method is not DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT or TRACE.",
        "Dùng phương thức mà dịch vụ mô tả.",
        "Use the method that the service describes.",
        _NOTHING_VI,
        _NOTHING_EN,
    ),
    Page(
        "InvalidContentType",
        "Loại nội dung không phải loại mà bước này nhận.",
        "The content type is not one that is taken here.",
        "Gửi `Content-Type` mà tài liệu của dịch vụ nêu.",
        "Send the `Content-Type` that the service documents.",
        "Nếu xảy ra giữa hai nút: so phiên bản của hai nút.",
        "If it happens between nodes: compare the versions of both nodes.",
    ),
    Page(
        "InvalidMessage",
        "Thông điệp từ nút kia không đọc được: sai khung, sai dòng, quá nhiều tiêu đề.",
        "The message from the other node cannot be read: wrong frame, wrong lines, too many headers.",
        "Báo cho người vận hành nút của mình, kèm `detail`.",
        "Tell the operator of your node, with `detail`.",
        "Tìm `detail` trong nhật ký của cả hai nút; so phiên bản; kiểm tra thiết bị mạng ở giữa.",
        "Search both logs for `detail`; compare versions; look for network devices in between.",
    ),
    Page(
        "InvalidSecurityServer",
        "`X-Road-Security-Server` nêu một nút không phục vụ hệ thống cung cấp, hoặc không tồn tại.",
        "`X-Road-Security-Server` names a node that does not serve the provider, or none at all.",
        "Bỏ tiêu đề này, hoặc nêu đúng nút.",
        "Leave the header out, or name the right node.",
        "Xem danh bạ: hệ thống cung cấp đang ở nút nào.",
        "See in the directory at which node the provider's system is.",
    ),
    Page(
        "MessageTooLarge",
        "Nội dung hoặc tiêu đề vượt giới hạn của nút.",
        "The body or the headers are above a limit of the node.",
        "Chia nhỏ yêu cầu, hoặc dùng cách chia sẻ theo gói.",
        "Split the request, or use the package method of sharing.",
        "Nâng giới hạn trong cấu hình nếu dịch vụ cần, ở cả hai nút.",
        "Raise the limit in the configuration of both nodes where the service needs it.",
    ),
    Page(
        "DuplicateMessage",
        "Mã thông điệp `X-Road-Id` đã dùng cho một lượt trao đổi trước; dịch vụ không được thực hiện hai lần.",
        "The message id `X-Road-Id` was used for an earlier exchange; the service is not executed twice.",
        "Tra kết quả của lượt trước; nếu là yêu cầu mới, dùng mã mới.",
        "Look for the outcome of the earlier exchange; for a new request use a new id.",
        "`lienthong evidence show <mã>` cho thấy lượt trước.",
        "`lienthong evidence show <id>` shows the earlier exchange.",
    ),
)
