"""Names of months and the usual order of day and month, from the CLDR, and words beside dates on letters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

_DATE = """
    date dated datum data fecha dato dátum kelt päivämäärä pvm päiväys tarih tarihi дата ημερομηνία kuupäev datums
    datuma dags dáta dyddiad invoicedate rechnungsdatum briefdatum ausstellungsdatum belegdatum erstellungsdatum
    rechnungsdat factuurdatum fakturadato fakturadatum emissione emissão emisión
"""
DATE_WORDS: Final = frozenset(_DATE.split())
"""Words that stand before the date of a letter or an invoice."""

_OTHER = r"""
    due|pay|paid|until|till|before|by|deadline|expir\w*|valid|deliver\w*|ship\w*|order\w*|birth\w*|born|dob|period|from
    |to|between|since|effective|rev|revis\w*|organi[sz]ed|founded|established|incorporated|print\w*|receiv\w*|rec\W?d|meeting|hearing|start\w*|ends?|ending|arriv\w*|depart\w*
    |letter|your|yours|ref\w*|copyright|version|approved|filed|executed|through|next|last|check\w*
    |fällig\w*|zahlbar|bis|zahlung\w*|gültig\w*|geb|geboren|geburts\w*|liefer\w*|leistung\w*|bestell\w*|auftrag\w*|ihr
    |ihre[nms]?|unser\w*|schreiben|vom|zum|zeitraum|eingang\w*|eingegangen|stand|ab|seit|gegründet|frist|termin|druck\w*|abgabe
    |échéance|payable|avant|jusqu\W*au|né|née|naissance|livraison|commande|votre|reçu|du|au|période|validité|limite|fondée?
    |vencimiento|vence|nacimiento|nacido|nacida|entrega|pedido|hasta|validez|recibido|plazo|periodo|período|desde
    |scadenza|nascita|nato|nata|consegna|ordine|entro|validità|ricevuto|dal|al
    |vencimento|nascimento|validade|até|recebido
    |verval\w*|vervaldatum|geboorte\w*|geboren|lever\w*|bestel\w*|tot|uiterlijk|ontvangen|betaal\w*
    |termin|płatności|urodzenia|ur|dostawy|do|od|ważn\w*|wpłyn\w*
    |splatnosti|splatnost|narození|nar|dodání|plnění|platnost|do|od|došlo
    |forfald\w*|forfall\w*|förfall\w*|fødsel\w*|född|født|levering\w*|leverans\w*|senest|senast|modtaget|mottatt
    |eräpäivä|syntymä\w*|syntynyt|toimitus\w*
    |esedékes\w*|határidő|született|szül|teljesítés\w*|érkezett
    |vade\w*|doğum|teslim\w*
    |срок|до|оплат\w*|рожд\w*|от|получено|действ\w*
"""
OTHER_WORDS: Final = re.compile(rf"(?<!\w)(?:{''.join(_OTHER.split())})(?!\w)", re.IGNORECASE)
"""Words that stand before another date: it is due, someone was born, a letter is answered, a period begins."""

_PARTICLES = """
    den dem the le el il o a à am on at in de da di della du des dne dnia dags van te zu im à og und y e kl jour day
    this of an der bei
"""
PARTICLES: Final = frozenset(_PARTICLES.split())
"""Small words of a date line, as in "Köln, den 3. Mai"."""


_EXTRA: Final[Mapping[str, Mapping[str, int]]] = {
    "eng": {"sept": 9},
    "deu": {"j\u00e4nner": 1, "feber": 2, "mrz": 3},
    "fra": {"f\u00e9v": 2, "aout": 8},
}
"""Names of months that the CLDR does not have."""


@cache
def _cldr() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(resources.files(__package__).joinpath("months.json").read_bytes())
    return found


@cache
def month_names(codes: tuple[str, ...]) -> dict[str, int]:
    """The months by their names and abbreviations, in lower case; a name of two months is left out.

    Args:
        codes: ISO 639-3; a language without names adds none.
    """
    meant: dict[str, set[int]] = {}
    for code in codes:
        for number, names in enumerate(_cldr()["months"].get(code, ()), 1):
            for name in names.split():
                meant.setdefault(name, set()).add(number)
        for name, number in _EXTRA.get(code, {}).items():
            meant.setdefault(name, set()).add(number)
    return {name: min(numbers) for name, numbers in meant.items() if len(numbers) == 1}


def month_may_be_first(codes: Sequence[str]) -> bool:
    """Whether one of the languages writes short dates with the month before the day: English."""
    return not set(_cldr()["month_first"]).isdisjoint(codes)
