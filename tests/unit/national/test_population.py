from __future__ import annotations

import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.doubles.asgi_calls import post

from lienthong.sdk.contract import openapi_document
from lienthong.sdk.records import paths
from national.population.api import CITIZEN, services
from national.population.app import build
from national.population.config import Settings
from national.population.store import PopulationStore
from national.synthetic.config import Size
from national.synthetic.use_cases.country import invent
from national.synthetic.use_cases.people import Person

PEOPLE = invent(5, Size(people=400, parcels=0)).people
CONFIRM, LOOK_UP = "/xac-nhan-cong-dan/xac-nhan", "/tra-cuu-cong-dan/cong-dan"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(tmp_path_factory.mktemp("population"), 5, 400)


@pytest.fixture(scope="module")
def app(settings: Settings) -> Any:
    return build(settings)


def _first(**wanted: Any) -> Person:
    return next(p for p in PEOPLE if all((getattr(p, name) is not None) is value for name, value in wanted.items()))


def _stated(person: Person, **changes: Any) -> dict[str, Any]:
    stated = {"soDinhDanh": person.personal_id, "hoTen": person.name, "ngaySinh": str(person.born)} | changes
    return {name: value for name, value in stated.items() if value is not None}


def test_confirms_however_the_name_is_written(app: Any) -> None:
    person = PEOPLE[0]
    for name in (person.name, person.name.upper(), unicodedata.normalize("NFD", person.name), f" {person.name} "):
        answer = post(app, CONFIRM, _stated(person, hoTen=name))
        assert answer.json() == {"khop": True}
        assert "lienthong-data-as-of" in answer.headers


def test_confirms_by_old_card(app: Any) -> None:
    person = _first(old_card=True)
    assert post(app, CONFIRM, _stated(person, soDinhDanh=None, soCMND=person.old_card)).json() == {"khop": True}
    other = next(p for p in PEOPLE if p.old_card and p is not person)
    assert post(app, CONFIRM, _stated(person, soCMND=other.old_card)).json() == {"khop": False}


def test_partial_dates_of_older_people(app: Any) -> None:
    person = next(p for p in PEOPLE if p.born.month is None)
    year = person.born.year
    for told, expected in ((f"{year}", True), (f"01/01/{year}", True), (f"{year + 1}", False)):
        assert post(app, CONFIRM, _stated(person, ngaySinh=told)).json() == {"khop": expected}


def _wrong(person: Person) -> list[dict[str, Any]]:
    unknown = person.personal_id[:6] + f"{(int(person.personal_id[6:]) + 1) % 1_000_000:06d}"
    assert unknown not in {p.personal_id for p in PEOPLE}
    return [
        _stated(person, soDinhDanh=unknown),
        _stated(person, hoTen=person.name + " An"),
        _stated(person, ngaySinh="1901-01-01"),
        _stated(person, ngaySinh=str(person.born.year)),
    ]


@pytest.mark.parametrize("path", [CONFIRM, LOOK_UP])
def test_no_oracle(app: Any, path: str) -> None:
    """Unknown person, wrong name, wrong date: the same bytes, so an answer never tells what was right."""
    person = next(p for p in PEOPLE if p.born.day is not None)
    answers = [post(app, path, stated) for stated in _wrong(person)]
    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    assert post(app, path, _stated(person)).content != answers[0].content


def test_never_on_the_number_alone(app: Any) -> None:
    person = PEOPLE[0]
    for missing in ("hoTen", "ngaySinh"):
        answer = post(app, LOOK_UP, _stated(person, **{missing: None}))
        assert (answer.status_code, answer.json()["field"]) == (400, missing)


def test_a_look_up_tells_the_record_with_its_relatives(app: Any) -> None:
    child = _first(father=True, mother=True)
    people = {person.personal_id: person for person in PEOPLE}
    told = post(app, LOOK_UP, _stated(child)).json()
    assert told["hoTen"] == child.name
    assert told["noiThuongTru"] == child.address
    assert told["cha"] == {"soDinhDanh": child.father, "hoTen": people[child.father or ""].name}
    assert told["me"]["soDinhDanh"] == child.mother
    assert told["chuHo"]["soDinhDanh"] == child.head
    assert "voChong" not in told


def test_officer_and_procedure_are_needed(app: Any) -> None:
    assert post(app, LOOK_UP, _stated(PEOPLE[0]), {}).json()["code"] == "OfficerMissing"


@pytest.mark.parametrize("number", ["' OR 1=1 --", "000085012345", "1" * 11, "1" * 13, 1])
def test_bad_numbers(app: Any, number: Any) -> None:
    answer = post(app, LOOK_UP, _stated(PEOPLE[0], soDinhDanh=number))
    assert (answer.status_code, answer.json()["field"]) == (400, "soDinhDanh")


def test_contracts_are_valid() -> None:
    for service in services(None, int):  # type: ignore[arg-type]
        OpenAPIV31SpecValidator(openapi_document(service)).validate()
    assert {"hoTen", "noiThuongTru", "cha.hoTen"} <= set(paths(CITIZEN))


def test_a_store_is_made_once_and_opens_fast(settings: Settings, app: Any) -> None:
    before = settings.database.stat().st_mtime_ns
    start = time.perf_counter()
    build(settings)
    assert time.perf_counter() - start < 1
    assert settings.database.stat().st_mtime_ns == before


def test_a_store_of_another_seed_is_refused(settings: Settings, app: Any) -> None:
    with pytest.raises(ValueError, match="another seed"):
        build(Settings(settings.data_dir, 6, 400))


def test_without_store_and_seed_nothing_is_invented(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        build(Settings(tmp_path, None, 400))
    assert not list(tmp_path.iterdir())


def test_rows_are_versions_in_time(settings: Settings, app: Any) -> None:
    store = PopulationStore(settings.database)
    row = store.by_personal_id(PEOPLE[0].personal_id)
    assert row is not None
    assert (row.valid_to, row.valid_from) == (None, PEOPLE[0].valid_from.isoformat())
    assert row.recorded_at >= 1_593_561_600_000  # 1 July 2020: nothing was recorded before
    assert store.count() == 400
    store.close()
