"""Every act the register writes down: ``noun:verb``. The page docs/reference/audit-events.md is made from this."""

from __future__ import annotations

from enum import StrEnum


class AuditEvent(StrEnum):
    """An act in the audit table. A test holds the reference page against these."""

    REGISTRY_INIT = "registry:init"
    TOKEN_ADD = "token:add"  # noqa: S105 - the name of an act
    TOKEN_REVOKE = "token:revoke"  # noqa: S105
    MEMBER_ADD = "member:add"
    NODE_ADD = "node:add"
    NODE_TOKEN = "node:token"  # noqa: S105
    NODE_ENROL = "node:enrol"
    NODE_APPROVE = "node:approve"
    NODE_REFUSE = "node:refuse"
    NODE_MOVE = "node:move"
    NODE_MAINTENANCE = "node:maintenance"
    NODE_RESUME = "node:resume"
    NODE_RETIRE = "node:retire"
    SYSTEM_ADD = "system:add"
    SYSTEM_LEVEL = "system:level"
    SERVICE_ADD = "service:add"
    SERVICE_PUBLISH = "service:publish"
    SERVICE_SUSPEND = "service:suspend"
    SERVICE_RESUME = "service:resume"
    SERVICE_RETIRE = "service:retire"
    REQUEST_SUBMIT = "request:submit"
    REQUEST_RETURN = "request:return"
    REQUEST_RESUBMIT = "request:resubmit"
    REQUEST_WITHDRAW = "request:withdraw"
    REQUEST_REFUSE = "request:refuse"
    GRANT_APPROVE = "grant:approve"
    GRANT_SUSPEND = "grant:suspend"
    GRANT_RESUME = "grant:resume"
    GRANT_END = "grant:end"
    DIRECTORY_PUBLISH = "directory:publish"
    NETWORK_IMPORT = "network:import"


MEANING: dict[AuditEvent, tuple[str, str]] = {
    AuditEvent.REGISTRY_INIT: ("Lập hệ thống đăng ký, khóa gốc, CA", "The registry, its root keys and CA were made"),
    AuditEvent.TOKEN_ADD: ("Cấp mã truy cập cho một người", "An access token was given to a person"),
    AuditEvent.TOKEN_REVOKE: ("Thu hồi mã truy cập", "An access token was revoked"),
    AuditEvent.MEMBER_ADD: ("Kết nạp thành viên", "A member was admitted"),
    AuditEvent.NODE_ADD: ("Đăng ký nút", "A node was registered"),
    AuditEvent.NODE_TOKEN: ("Cấp mã ghi danh dùng một lần", "A one-time enrolment token was given"),
    AuditEvent.NODE_ENROL: ("Nút gửi yêu cầu chứng thư", "The node posted its certificate requests"),
    AuditEvent.NODE_APPROVE: ("Người thứ hai duyệt, cấp chứng thư", "A second person approved; certificates issued"),
    AuditEvent.NODE_REFUSE: ("Từ chối ghi danh", "An enrolment was refused"),
    AuditEvent.NODE_MOVE: ("Đổi địa chỉ nút", "The address of a node was changed"),
    AuditEvent.NODE_MAINTENANCE: ("Đưa nút vào bảo trì, kèm thông báo", "A node was put under maintenance"),
    AuditEvent.NODE_RESUME: ("Kết thúc bảo trì nút", "The maintenance of a node was ended"),
    AuditEvent.NODE_RETIRE: ("Cho nút ngừng hẳn", "A node was retired"),
    AuditEvent.SYSTEM_ADD: ("Đăng ký hệ thống thông tin", "An information system was registered"),
    AuditEvent.SYSTEM_LEVEL: ("Ghi cấp độ an toàn đã phê duyệt", "An approved security level was recorded"),
    AuditEvent.SERVICE_ADD: ("Đăng ký dịch vụ chia sẻ dữ liệu", "A service was registered"),
    AuditEvent.SERVICE_PUBLISH: ("Công bố dịch vụ (Đ24.3)", "A service was published"),
    AuditEvent.SERVICE_SUSPEND: ("Tạm ngừng dịch vụ (Đ43)", "A service was suspended for all"),
    AuditEvent.SERVICE_RESUME: ("Khôi phục dịch vụ (Đ43)", "A service was resumed"),
    AuditEvent.SERVICE_RETIRE: ("Chấm dứt dịch vụ (Đ44)", "A service was retired"),
    AuditEvent.REQUEST_SUBMIT: ("Gửi yêu cầu kết nối (Đ35.2)", "An access request was submitted"),
    AuditEvent.REQUEST_RETURN: ("Trả lại yêu cầu chưa đủ nội dung", "An incomplete access request was returned"),
    AuditEvent.REQUEST_RESUBMIT: ("Gửi lại yêu cầu đã bổ sung", "A completed access request was sent again"),
    AuditEvent.REQUEST_WITHDRAW: ("Rút yêu cầu", "An access request was withdrawn"),
    AuditEvent.REQUEST_REFUSE: ("Từ chối yêu cầu, nêu lý do (Đ35.3)", "An access request was refused with a reason"),
    AuditEvent.GRANT_APPROVE: ("Chủ dữ liệu duyệt, cấp quyền (Đ35.3)", "The data owner approved; a grant was made"),
    AuditEvent.GRANT_SUSPEND: ("Tạm ngừng quyền (Đ43)", "A grant was suspended"),
    AuditEvent.GRANT_RESUME: ("Khôi phục quyền (Đ43)", "A grant was resumed"),
    AuditEvent.GRANT_END: ("Chấm dứt quyền (Đ44)", "A grant was ended"),
    AuditEvent.DIRECTORY_PUBLISH: ("Phát hành danh bạ đã ký", "The signed directory was published"),
    AuditEvent.NETWORK_IMPORT: ("Nạp cả mạng từ tài liệu", "A whole network was imported"),
}
"""What each act means, Vietnamese and English."""


def reference_page() -> str:
    """The Markdown page docs/reference/audit-events.md."""
    rows = "\n".join(f"| `{event}` | {MEANING[event][0]} | {MEANING[event][1]} |" for event in AuditEvent)
    return f"""# Audit events of the registry

Made from `lienthong.registry.rules.events`; a test compares. Each act is one row of the audit table, written in the
same transaction as the act: when, who (holder of the token), event, object, SHA-256 of the object before and after
(empty where there was none), reason. Read it with `lienthong registry audit list`.

| event | nghĩa | meaning |
|---|---|---|
{rows}
"""
