"""Invented business papers: letters, invoices, forms, tables, addresses, and drills in exact copying."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

from faker import Faker

POOL = 1500
"""Faker is slow: this many values of each kind are made once, and drawn from."""

_LOCALES = ("en_US", "en_GB", "en_AU")
_GOODS = """paper toner chairs desks lamps cable printer scanner ink binders envelopes folders labels stapler monitor
keyboard shipping delivery installation maintenance consulting training support licence rent insurance cleaning repairs
inspection transport storage advertising translation catering""".split()  # noqa: SIM905 - a list to read
_OPENINGS = (
    "Thank you for your letter of {date}, which we received on {date}.",
    "With reference to our telephone conversation on {date}, I am pleased to confirm the following.",
    "We regret to inform you that your order no. {code} has been delayed.",
    "Please find enclosed our invoice {code} for the amount of {amount}.",
    "I am writing to you about the account of {name}, number {number}.",
    "We have not yet received your payment of {amount}, which was due on {date}.",
    "Following our meeting in {city}, we should like to offer you the position of {job}.",
    "This is to certify that {name} has been employed by {company} since {date}.",
    "We acknowledge receipt of your application of {date} for the post of {job}.",
    "Further to your enquiry, we can supply {count} {goods} at a price of {amount} each.",
)
_MIDDLES = (
    "The goods were delivered to {street}, {city}, on {date} and were found to be in good order.",
    "Please quote the reference {code} in all correspondence.",
    "The total amount of {amount} is payable within {count} days to the account {iban}.",
    "If you have any questions, please call {name} on {phone} or write to {mail}.",
    "Our records show that {count} of the {number} items are still outstanding.",
    "We should be grateful if you would return the enclosed form, duly signed, by {date}.",
    "The agreement between {company} and {company} will come into force on {date}.",
    "The insurance covers damage up to {amount}; claims must be made in writing.",
    "As agreed, {name} will visit your office at {time} on {date}.",
    "The committee has considered the matter carefully and has decided to approve your request.",
    "In accordance with the terms of the contract, a deposit of {amount} is required.",
    "{sentence}",
)
_CLOSINGS = ("Yours sincerely,", "Yours faithfully,", "Kind regards,", "Best wishes,", "Yours truly,")
_FIELDS = (
    ("Name", "name"), ("Address", "street"), ("City", "city"), ("Postcode", "postcode"), ("Telephone", "phone"),
    ("E-mail", "mail"), ("Date of birth", "date"), ("Date", "date"), ("Account number", "number"), ("IBAN", "iban"),
    ("Reference", "code"), ("Amount", "amount"), ("Employer", "company"), ("Occupation", "job"), ("Signature", "name"),
    ("Customer no.", "number"), ("Order no.", "code"), ("Total", "amount"), ("VAT no.", "code"), ("Due date", "date"),
)  # fmt: skip


class Letters:
    """Writes papers; the same seed writes the same papers."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        fakers = [Faker(locale) for locale in _LOCALES]
        for index, faker in enumerate(fakers):
            faker.seed_instance(seed * len(fakers) + index)
        kinds: dict[str, Callable[[Faker], str]] = {
            "name": lambda faker: faker.name(),
            "street": lambda faker: faker.street_address().replace("\n", ", "),
            "city": lambda faker: faker.city(),
            "postcode": lambda faker: faker.postcode(),
            "company": lambda faker: faker.company(),
            "job": lambda faker: faker.job(),
            "mail": lambda faker: faker.email(),
            "phone": lambda faker: faker.phone_number(),
            "iban": lambda faker: faker.iban(),
            "date": lambda faker: faker.date_object().strftime(self._rng.choice(_DATES)),
            "time": lambda faker: faker.time("%H:%M"),
        }
        self._pools = {kind: [make(fakers[i % len(fakers)]) for i in range(POOL)] for kind, make in kinds.items()}

    def paper(self, sentence: str) -> str:
        """One paper of some lines, perhaps with ``sentence`` in it."""
        kind = self._rng.choices((self._letter, self._invoice, self._form, self._table, self._list), (5, 2, 2, 1, 1))[0]
        return kind(sentence)

    def drill(self) -> str:
        """A line of unpredictable strings: codes, numbers, names, amounts."""
        makers = (self._code, self._number, self._amount, self._any, self._any, self._serial)
        return " ".join(self._rng.choice(makers)() for _ in range(self._rng.randint(2, 9)))

    def _letter(self, sentence: str) -> str:
        rng = self._rng
        body = [rng.choice(_OPENINGS), *rng.sample(_MIDDLES, rng.randint(1, 4))]
        text = " ".join(self._filled(each, sentence) for each in body)
        head = [self._drawn("company"), self._drawn("street"), f"{self._drawn('city')}, {self._drawn('postcode')}"]
        if rng.random() < 0.5:  # half of them
            head.append(f"Our ref: {self._code()}   Date: {self._drawn('date')}")
        name = self._drawn("name")
        return "\n".join([*head, "", f"Dear {name},", "", text, "", rng.choice(_CLOSINGS), self._drawn("name")])

    def _invoice(self, _sentence: str) -> str:
        rng = self._rng
        lines = [f"INVOICE No. {self._code()}", f"Date: {self._drawn('date')}", f"To: {self._drawn('company')}", ""]
        for number in range(1, rng.randint(2, 8)):
            goods = " ".join(rng.sample(_GOODS, rng.randint(1, 2)))
            lines.append(f"{number}. {goods.capitalize()}  {rng.randint(1, 99)} x {self._amount()}  {self._amount()}")
        lines += [
            f"Subtotal {self._amount()}",
            f"VAT {rng.randint(1, 25)}% {self._amount()}",
            f"Total {self._amount()}",
        ]
        return "\n".join([*lines, f"Please pay to IBAN {self._drawn('iban')}"])

    def _form(self, _sentence: str) -> str:
        fields = self._rng.sample(_FIELDS, self._rng.randint(3, 8))
        colon = self._rng.choice((": ", ": ", " ", " .... ", " | "))
        return "\n".join(f"{label}{colon}{self._value(kind)}" for label, kind in fields)

    def _table(self, _sentence: str) -> str:
        rng = self._rng
        kinds = rng.choices(("name", "city", "number", "amount", "date", "code", "time"), k=rng.randint(2, 4))
        rows = ["  ".join(kind.capitalize() for kind in kinds)]
        return "\n".join(rows + ["  ".join(map(self._value, kinds)) for _ in range(rng.randint(3, 9))])

    def _list(self, _sentence: str) -> str:
        count = self._rng.randint(2, 8)
        return "\n".join(f"{self._drawn('name')}, {self._drawn('street')}, {self._drawn('city')}" for _ in range(count))

    def _filled(self, pattern: str, sentence: str) -> str:
        for kind in ("sentence", "goods", "count", *_KINDS):
            while "{" + kind + "}" in pattern:
                value = sentence if kind == "sentence" else self._value(kind)
                pattern = pattern.replace("{" + kind + "}", value, 1)
        return pattern

    def _value(self, kind: str) -> str:
        own: dict[str, Callable[[], str]] = {
            "amount": self._amount, "code": self._code, "number": self._number,
            "count": lambda: str(self._rng.randint(2, 90)), "goods": lambda: self._rng.choice(_GOODS),
        }  # fmt: skip
        return own[kind]() if kind in own else self._drawn(kind)

    def _drawn(self, kind: str) -> str:
        return self._rng.choice(self._pools[kind])

    def _any(self) -> str:
        return self._drawn(self._rng.choice(list(self._pools)))

    def _number(self) -> str:
        return str(self._rng.randrange(10 ** self._rng.randint(1, 9)))

    def _amount(self) -> str:
        rng = self._rng
        value = rng.choice((rng.uniform(1, 100), rng.uniform(100, 10_000), rng.uniform(1e4, 1e6)))
        sign = rng.choice(("$", "£", "€", "", "", "EUR ", "USD ", "Rs. "))
        return f"{sign}{value:,.2f}" if rng.random() < 0.8 else f"{sign}{value:,.0f}"  # mostly cents

    def _code(self) -> str:
        rng = self._rng
        letters = "".join(rng.choices(string.ascii_uppercase, k=rng.randint(1, 3)))
        return f"{letters}{rng.choice(('-', '', '/', ' '))}{rng.randrange(10 ** rng.randint(2, 7))}".replace(" ", "")

    def _serial(self) -> str:
        alphabet = self._rng.choice((string.ascii_lowercase, string.ascii_letters + string.digits, string.hexdigits))
        return "".join(self._rng.choices(alphabet, k=self._rng.randint(3, 14)))


_DATES = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d %b %Y", "%A, %d %B %Y")
_KINDS = (
    "name", "street", "city", "postcode", "company", "job", "mail", "phone", "iban", "date", "time", "amount", "code",
    "number",
)  # fmt: skip
