"""Pages: understood, but not allowed."""

from __future__ import annotations

from typing import Final

from lienthong.domain.error_codes.page import Page

REFUSALS: Final[tuple[Page, ...]] = (
    Page(
        "AccessDenied",
        "Không quyền khai thác nào cho phép lượt gọi này; `Lienthong-Clause` nêu điều khoản không đạt.",
        "No grant allows this call; `Lienthong-Clause` names the clause that failed.",
        "Đọc `message`: điều khoản, thời hạn và nơi cần hỏi. Thiếu quyền thì gửi yêu cầu kết nối.",
        "Read `message`: the clause, until or since when, and whom to ask. Without a grant file an access request.",
        "Tìm `detail` trong nhật ký; so điều khoản được nêu với quyền khai thác trong hệ thống đăng ký.",
        "Search the log for `detail`; compare the clause with the grant in the registry.",
    ),
    Page(
        "ClientUnauthenticated",
        "Hệ thống gọi không chứng minh được mình là `X-Road-Client` (chứng thư máy khách hoặc mã truy cập).",
        "The calling system did not prove that it is `X-Road-Client` (client certificate or access token).",
        "Dùng chứng thư hoặc mã truy cập đã cấp cho hệ thống; mã hết hạn thì xin mã mới.",
        "Use the certificate or token issued to the system; get a new token when it has expired.",
        "Kiểm tra chứng thư hoặc khóa của hệ thống đã được khai báo ở nút.",
        "See that the certificate or key of the system is configured at the node.",
    ),
    Page(
        "UnknownMember",
        "Danh bạ không có cơ quan hoặc hệ thống cung cấp này, hoặc không nút nào phục vụ nó.",
        "The directory has no such member or system, or no node serves it.",
        "Kiểm tra mã cơ quan và mã hệ thống; tra trong danh mục.",
        "Check the member and system codes; look them up in the catalogue.",
        "Xem danh bạ đã cập nhật chưa; hệ thống đã đăng ký và công bố chưa.",
        "See whether the directory is up to date, and whether the system is registered and published.",
    ),
    Page(
        "UnknownService",
        "Hệ thống cung cấp không có dịch vụ này.",
        "The provider's system has no such service.",
        "Gọi `listMethods` để xem các dịch vụ.",
        "Call `listMethods` to see the services.",
        "Xem dịch vụ đã đăng ký và công bố chưa.",
        "See whether the service is registered and published.",
    ),
    Page(
        "ServiceDisabled",
        "Cơ quan cung cấp đang tắt dịch vụ; `message` mang thông báo của họ.",
        "The provider has switched the service off; `message` carries its notice.",
        "Chờ đến thời điểm được báo, hoặc liên hệ cơ quan cung cấp.",
        "Wait until the time given, or ask the provider.",
        "Bật lại dịch vụ khi xong.",
        "Switch the service on again when ready.",
    ),
    Page(
        "ServiceType",
        "Dịch vụ là dịch vụ SOAP (WSDL), không gọi được bằng REST.",
        "The service is a SOAP (WSDL) service and cannot be called by REST.",
        "Gọi bằng SOAP, hoặc dùng dịch vụ REST tương ứng.",
        "Call it by SOAP, or use the matching REST service.",
        "Không phải làm gì.",
        "Nothing.",
    ),
    Page(
        "MaintenanceMode",
        "Nút của bên cung cấp đang bảo trì nên không gửi yêu cầu; `message` mang thông báo của bên đó.",
        "The provider's node is under maintenance, so nothing was sent; `message` carries its owner's notice.",
        "Chờ đến thời điểm được báo rồi gọi lại, hoặc liên hệ cơ quan cung cấp.",
        "Wait until the time given and call again, or ask the provider.",
        "Bên cung cấp: khi xong, `lienthong registry node maintenance NODE --end`, rồi phát hành danh bạ.",
        "Provider: when done, `lienthong registry node maintenance NODE --end`, then publish the directory.",
    ),
)
