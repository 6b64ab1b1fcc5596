"""What people read: said in English everywhere inside, and in their language where they read it.

Logs, the ledger, receipts and everything between two rooms are English, so that they are stable and can be searched
for. :func:`say` makes such a sentence from a template, and marks the template for the catalogues beside this file.
:class:`~ocrwatchd.core.i18n.language.Language` knows a finished sentence by its template and says it in another
language; what it does not know it leaves as it is.
"""

from __future__ import annotations


def say(template: str, /, **values: object) -> str:
    """A sentence in English.

    Args:
        template: written out where it is said, for it is looked for there; placeholders have names, like ``{page}``.
        values: for the placeholders.
    """
    return template.format_map(values)


def count(one: str, many: str, /, *, n: int, **values: object) -> str:
    """A sentence in English about one or more.

    Args:
        one: the template for one; it need not hold ``{n}``.
        many: the template for any other number; it holds ``{n}``.
        n: the number.
        values: for the other placeholders.
    """
    return say(one if n == 1 else many, n=f"{n:,}", **values)
