"""Pages: what the commands on a machine say to whoever runs them. These codes never stand in an answer of a node."""

from __future__ import annotations

from typing import Final

from lienthong.domain.error_codes.page import Page

COMMANDS: Final[tuple[Page, ...]] = (
    Page(
        "AddressInUse",
        "Một cổng của kế hoạch đã có chương trình khác nghe; câu báo lỗi nêu cổng và việc dùng.",
        "Something listens on a port of the plan already; the message names the port and what it is for.",
        "Dừng chương trình kia, hoặc dời mọi cổng bằng `--shift-ports`.",
        "Stop what listens there, or move every port with `--shift-ports`.",
        "Không phải làm gì: chỉ máy chạy lệnh bị ảnh hưởng.",
        "Nothing: only the machine that runs the command is affected.",
    ),
    Page(
        "CountryBusy",
        "Một lệnh `lienthong country` khác đang dùng thư mục dữ liệu này.",
        "Another `lienthong country` works in this data folder.",
        "Dừng lệnh kia trước, hoặc chọn `--data-dir` khác.",
        "Stop that one first, or choose another `--data-dir`.",
        "Không phải làm gì: chỉ máy chạy lệnh bị ảnh hưởng.",
        "Nothing: only the machine that runs the command is affected.",
    ),
    Page(
        "CountryMissing",
        "Thư mục `--country` không có `demo.toml`, hoặc thư mục dữ liệu đang chứa thứ khác.",
        "The `--country` folder has no `demo.toml`, or the data folder holds something else.",
        "Chạy trong thư mục gốc của kho mã; hoặc chọn thư mục khác.",
        "Start in the root of the repository, or choose another folder.",
        "Không phải làm gì: chỉ máy chạy lệnh bị ảnh hưởng.",
        "Nothing: only the machine that runs the command is affected.",
    ),
    Page(
        "CountryInvalid",
        "`demo.toml` hoặc `personae.json` sai, hoặc nêu hệ thống, nút không có; câu báo lỗi nói chỗ sai.",
        "`demo.toml` or `personae.json` is wrong, or names a system or node that is not there; see the message.",
        "Sửa chỗ được nêu; `python country/build.py --check` kiểm tra phần mạng lưới.",
        "Mend what is named; `python country/build.py --check` looks at the network part.",
        "Không phải làm gì: chỉ máy chạy lệnh bị ảnh hưởng.",
        "Nothing: only the machine that runs the command is affected.",
    ),
    Page(
        "StartFailed",
        "Một tiến trình của đất nước thu nhỏ đã dừng hoặc chưa sẵn sàng sau 60 giây; câu báo lỗi có lời cuối của nó.",
        "A process of the miniature country ended or was not ready within 60 s; the message has its last words.",
        "Đọc nhật ký của tiến trình đó trong `logs/` của thư mục dữ liệu, rồi chạy lại.",
        "Read that process's log in `logs/` of the data folder, then start again.",
        "Cùng nhật ký ấy; nếu là một nút, lệnh `lienthong node check-config` nói cấu hình có đúng không.",
        "The same log; for a node, `lienthong node check-config` says whether its settings hold.",
    ),
)
