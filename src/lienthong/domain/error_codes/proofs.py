"""Pages: a signature, date, certificate or digest does not hold."""

from __future__ import annotations

from typing import Final

from lienthong.domain.error_codes.page import Page

_TELL_VI: Final = "Không gửi lại; báo cho người vận hành nút của mình, kèm `detail`."
_TELL_EN: Final = "Do not send it again; tell the operator of your node, with `detail`."

PROOFS: Final[tuple[Page, ...]] = (
    Page(
        "MissingSignature",
        "Thông điệp giữa hai nút không có chữ ký, hoặc không có chữ ký riêng mà dịch vụ đòi hỏi.",
        "A message between nodes carries no signature, or none of its own where the service demands one.",
        _TELL_VI,
        _TELL_EN,
        "Nút gửi không theo giao thức hoặc có thiết bị ở giữa bỏ tiêu đề chữ ký; không nhận ngoại lệ.",
        "The sending node breaks the protocol or a device in between drops the signature; there is no exception.",
    ),
    Page(
        "InvalidSignatureValue",
        "Giá trị chữ ký không khớp với nội dung đã ký.",
        "The signature value does not match what was signed.",
        _TELL_VI,
        _TELL_EN,
        "Coi như thông điệp bị sửa: so bản ghi ở hai nút; kiểm tra khóa ký của nút gửi.",
        "Treat the message as altered: compare the records of both nodes; check the signing key of the sender.",
    ),
    Page(
        "SignatureVerification",
        "Chữ ký không kiểm tra được: sai dạng, sai thuật toán hoặc sai chứng thư.",
        "The signature cannot be verified: wrong form, wrong algorithm or wrong certificate.",
        _TELL_VI,
        _TELL_EN,
        "Xem bước kiểm tra được nêu trong nhật ký; so phiên bản và chứng thư của hai nút.",
        "See the step named in the log; compare versions and certificates of both nodes.",
    ),
    Page(
        "CertValidation",
        "Chứng thư hết hạn, chưa có hiệu lực, bị thu hồi, hoặc không thuộc cơ quan nêu trong thông điệp.",
        "A certificate is expired, not yet valid, revoked, or not of the member that the message names.",
        _TELL_VI,
        _TELL_EN,
        "Gia hạn hoặc đăng ký lại chứng thư của nút; kiểm tra giờ hệ thống; xem danh bạ đã cập nhật chưa.",
        "Renew or enrol the certificate of the node again; check the clock; see whether the directory is up to date.",
    ),
    Page(
        "SslAuthenticationFailed",
        "Kênh mutual TLS không thành: chứng thư kênh không thuộc nút được nêu trong danh bạ.",
        "The mutual TLS channel failed: its certificate is not of the node in the directory.",
        "Báo cho người vận hành nút của mình.",
        "Tell the operator of your node.",
        "Kiểm tra chứng thư kênh của hai nút trong danh bạ, giờ hệ thống, và thiết bị mở TLS ở giữa.",
        "Check the channel certificates of both nodes in the directory, the clock, and devices that open TLS.",
    ),
    Page(
        "InconsistentResponse",
        "Câu trả lời đã ký không phải của yêu cầu này: khác mã thông điệp, bên gọi, dịch vụ, mã yêu cầu hoặc mã băm.",
        "The signed answer is not of this request: another message id, client, service, request id or hash.",
        "Không dùng câu trả lời; báo cho người vận hành nút của mình.",
        "Do not use the answer; tell the operator of your node.",
        "So bản ghi ở hai nút bằng mã thông điệp; nút cung cấp trả lời sai.",
        "Compare the records of both nodes by message id; the provider's node answers wrongly.",
    ),
    Page(
        "MessageExpired",
        "Thời điểm ký nằm ngoài khoảng cho phép so với giờ của nút nhận.",
        "The signing time is outside the window that the receiving node allows.",
        "Gửi lại bằng yêu cầu mới.",
        "Send it again as a new request.",
        "Đồng bộ giờ (NTP) của cả hai nút; nếu giờ đúng, có người đã phát lại thông điệp cũ.",
        "Synchronise the clocks of both nodes; if they are right, somebody replayed an old message.",
    ),
)
