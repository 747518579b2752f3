"""Fill an empty store with the parcels of the invented country."""

from __future__ import annotations

from pathlib import Path

from lienthong.domain.personal_id import Sex
from national.land.store import CertificateRow, EncumbranceRow, Entry, HolderRow, ParcelRow, UseRow, write_store
from national.synthetic.config import Size
from national.synthetic.use_cases.country import invent
from national.synthetic.use_cases.parcels import Certificate, HolderKind, Parcel
from national.synthetic.use_cases.people import Person


def fill(database: Path, seed: int, *, size: Size, province: str | None) -> None:
    """Write the parcels of `seed`, all or those of one `province`, as a new store."""
    parcels = [
        parcel
        for parcel in invent(seed, size).parcels
        if province is None or parcel.commune.province_code == province
    ]
    entries = (_entry(number, parcel) for number, parcel in enumerate(parcels, 1))
    write_store(database, entries, seed=seed, province=province)


def _entry(number: int, parcel: Parcel) -> Entry:
    return Entry(
        parcel=ParcelRow(number, parcel.commune.code, parcel.sheet, parcel.number, parcel.address, parcel.kind.value),
        uses=tuple(
            UseRow(use.code, use.area_dm2, use.origin, None if use.until is None else use.until.isoformat())
            for use in parcel.uses
        ),
        holders=tuple(_holder(holder, parcel.kind) for holder in parcel.holders),
        certificate=None if parcel.certificate is None else _certificate(parcel.certificate),
        encumbrances=tuple(
            EncumbranceRow(one.kind, one.body, one.document, one.since.isoformat()) for one in parcel.encumbrances
        ),
        since=parcel.held_since.isoformat(),
        recorded_at=parcel.recorded_at_ms,
    )


def _holder(holder: Person, kind: HolderKind) -> HolderRow:
    couple = {Sex.MALE: "Chồng", Sex.FEMALE: "Vợ"}
    role = couple[holder.sex] if kind is HolderKind.COUPLE else "Cá nhân"
    return HolderRow(holder.personal_id, holder.name, str(holder.born), role)


def _certificate(paper: Certificate) -> CertificateRow:
    return CertificateRow(paper.serial, paper.register_number, paper.issued_on.isoformat())
