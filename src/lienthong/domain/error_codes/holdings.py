"""Pages: what a node holds for its work - the directory, keys, the ledger - is missing or does not hold."""

from __future__ import annotations

from typing import Final

from lienthong.domain.error_codes.page import Page

_WAIT_VI: Final = "Báo cho người vận hành nút của mình; gọi lại khi nút báo sẵn sàng."
_WAIT_EN: Final = "Tell the operator of your node; call again when the node is ready."

HOLDINGS: Final[tuple[Page, ...]] = (
    Page(
        "MalformedGlobalConf",
        "Danh bạ nhận được không đọc được hoặc tự mâu thuẫn; nút giữ bản cũ cho đến khi hết hạn.",
        "The directory received cannot be read or contradicts itself; the node keeps the old one until it expires.",
        _WAIT_VI,
        _WAIT_EN,
        "Báo cho đơn vị vận hành hệ thống đăng ký; không sửa tệp tại nút.",
        "Tell the operator of the registry; do not edit the files at the node.",
    ),
    Page(
        "DirectorySignature",
        "Danh bạ không đủ chữ ký của đơn vị vận hành quốc gia.",
        "The directory lacks signatures of the national operator.",
        _WAIT_VI,
        _WAIT_EN,
        "Coi như bị giả mạo: so tệp gốc (root) của nút với bản do đơn vị vận hành công bố.",
        "Treat it as forged: compare the root file of the node with the one that the operator made public.",
    ),
    Page(
        "DirectoryMismatch",
        "Một tệp của danh bạ khác với tệp đã ký (mã băm hoặc độ dài).",
        "A file of the directory is not the one that was signed (digest or length).",
        _WAIT_VI,
        _WAIT_EN,
        "Kiểm tra bộ đệm web ở giữa; lấy thẳng từ hệ thống đăng ký.",
        "Look at web caches in between; fetch straight from the registry.",
    ),
    Page(
        "DirectoryRollback",
        "Danh bạ nhận được cũ hơn bản nút đã có.",
        "The directory received is older than the one that the node has.",
        _WAIT_VI,
        _WAIT_EN,
        "Kiểm tra bộ đệm web ở giữa; nếu hệ thống đăng ký được khôi phục từ bản sao, công bố bản mới có số cao hơn.",
        "Look at web caches in between; a registry restored from a backup must publish a higher version.",
    ),
    Page(
        "DirectoryClock",
        "Giờ của nút chậm hơn thời điểm đã ký trong danh bạ.",
        "The clock of the node is behind a time that the directory has signed.",
        _WAIT_VI,
        _WAIT_EN,
        "Đồng bộ giờ của nút (NTP).",
        "Synchronise the clock of the node (NTP).",
    ),
    Page(
        "DirectoryUnreachable",
        "Nút không lấy được danh bạ mới.",
        "The node cannot fetch a new directory.",
        "Không phải làm gì khi danh bạ đang giữ còn hạn.",
        "Nothing, as long as the directory that is held has not expired.",
        "Kiểm tra mạng và địa chỉ của hệ thống đăng ký trước khi danh bạ hết hạn.",
        "Check the network and the address of the registry before the directory expires.",
    ),
    Page(
        "DirectoryCache",
        "Thư mục giữ danh bạ của nút không đọc hay ghi được.",
        "The folder in which the node keeps the directory cannot be read or written.",
        _WAIT_VI,
        _WAIT_EN,
        "Kiểm tra quyền và dung lượng của thư mục.",
        "Check rights and space of the folder.",
    ),
    Page(
        "DirectoryKeys",
        "Khóa ký danh bạ không đọc được, không đủ, hoặc sai loại (ở hệ thống đăng ký).",
        "The keys that sign the directory cannot be read, are too few, or of the wrong kind (at the registry).",
        "Không phải làm gì.",
        "Nothing.",
        "Kiểm tra URI của khóa và số chữ ký cần có.",
        "Check the URIs of the keys and how many signatures are needed.",
    ),
    Page(
        "KeyNotFound",
        "Nút không đọc được khóa ký, khóa kênh hoặc khóa bọc các khóa ngày của mình.",
        "The node cannot read its signing key, its channel key, or the key that wraps its day keys.",
        _WAIT_VI,
        _WAIT_EN,
        "Kiểm tra URI của khóa trong cấu hình, quyền đọc tệp hoặc trạng thái của HSM.",
        "Check the URI of the key in the configuration, the rights of the file, or the HSM.",
    ),
    Page(
        "CannotCreateSignature",
        "Nút không ký được: không có chứng thư ký còn hiệu lực của cơ quan trong danh bạ.",
        "The node cannot sign: the directory has no valid signing certificate of the member.",
        _WAIT_VI,
        _WAIT_EN,
        "Đăng ký hoặc gia hạn chứng thư ký của nút.",
        "Enrol or renew the signing certificate of the node.",
    ),
    Page(
        "LedgerDamaged",
        "Một tệp của sổ ghi bị hỏng hoặc đứt chuỗi.",
        "A file of the ledger is damaged or its chain is broken.",
        _WAIT_VI,
        _WAIT_EN,
        "Không xóa gì; chạy lệnh kiểm tra sổ ghi và giữ bản sao của thư mục.",
        "Delete nothing; run the check of the ledger and keep a copy of the folder.",
    ),
    Page(
        "DayKeyNotFound",
        "Khóa ngày đã mã hóa phần đầu và nội dung của bản ghi không còn ở đây: đã hủy khi hết hạn lưu, hoặc chưa "
        "được chép sang.",
        "The day key with which header part and body of the record were sealed is not here: it was destroyed when "
        "its retention ended, or was not brought along.",
        "Không phải làm gì: chữ ký và mã băm vẫn kiểm tra được, chỉ phần đầu và nội dung không đọc được.",
        "Nothing: signature and digests can still be verified; only header part and body cannot be read.",
        "Nếu khóa chưa bị hủy, khôi phục tệp `day-keys/<ngày>.key` từ bản sao.",
        "If the key was not destroyed, bring `day-keys/<day>.key` back from its copy.",
    ),
    Page(
        "DayKeyDamaged",
        "Tệp khóa ngày bị hỏng, không đọc được, hoặc được bọc bằng khóa khác với khóa nút đang dùng; câu báo lỗi nói "
        "trường hợp nào.",
        "The file of a day key is damaged, cannot be read, or was wrapped with another key than the node has; the "
        "message says which.",
        _WAIT_VI,
        _WAIT_EN,
        "Khôi phục tệp `day-keys/<ngày>.key` hoặc khóa bọc (`ledger.key_encryption_key`) từ bản sao; không xóa tệp, "
        "xóa là mất phần đầu và nội dung của ngày đó.",
        "Bring `day-keys/<day>.key`, or the key that wraps it (`ledger.key_encryption_key`), back from its copy; do "
        "not delete the file: header parts and bodies of that day would be lost.",
    ),
    Page(
        "InvalidReference",
        "Phần đầu, nội dung hoặc vị trí trong lô đã lưu không khớp với điều đã ký.",
        "The header part, body or place in a batch on record does not match what was signed.",
        "Không dùng bản ghi này làm bằng chứng.",
        "Do not use this record as evidence.",
        "Coi như bản ghi bị sửa: so với bản ghi của nút kia.",
        "Treat the record as altered: compare it with that of the other node.",
    ),
    Page(
        "NotFound",
        "Không có bản ghi hoặc tài liệu được hỏi.",
        "There is no such record or document.",
        "Kiểm tra mã được hỏi.",
        "Check the id that you ask for.",
        "Bản ghi có thể đã hết thời hạn lưu, hoặc ở nút khác.",
        "The record may be past its retention, or at another node.",
    ),
)
