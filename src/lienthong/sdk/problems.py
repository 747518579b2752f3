"""What a provider application says when it cannot answer: a code and one sentence in each language."""

from __future__ import annotations


class Problem(Exception):
    """An answer that is not data. `status` is the HTTP status, `field` the input it is about.

    `code` is CamelCase and documented by the application; `vi` and `en` name the cause and the remedy and hold no
    personal data.
    """

    def __init__(self, status: int, code: str, *, vi: str, en: str, field: str | None = None) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code
        self.vi = vi
        self.en = en
        self.field = field

    def document(self) -> dict[str, str]:
        """The JSON body of the answer: title is Vietnamese, message English.

        These members of an error document leave the provider's node whatever the grant; `field` does not, therefore
        both sentences name it.
        """
        if self.field is None:
            return {"code": self.code, "title": self.vi, "message": self.en}
        title, message = f"{self.field}: {self.vi}", f"{self.field}: {self.en}"
        return {"code": self.code, "title": title, "message": message, "field": self.field}


def bad_input(field: str, *, vi: str, en: str) -> Problem:
    """400: one input is missing or wrong."""
    return Problem(400, "InvalidInput", vi=vi, en=en, field=field)


def not_found() -> Problem:
    """404: no record agrees with everything that was stated. It never tells which part did not agree."""
    return Problem(
        404,
        "NotFound",
        vi="Không có bản ghi nào khớp với toàn bộ thông tin đã nêu",
        en="No record agrees with everything that was stated",
    )
