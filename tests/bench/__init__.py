"""The project's figures. ``python -m tests.bench [--quick]`` runs those that are listed in :mod:`tests.bench.__main__`.

A script that takes part has ``measure(quick: bool) -> list[Row]``, with :class:`tests.bench.figures.Row`, and

    if __name__ == "__main__":
        figures.main(measure)

which gives it ``--quick`` and ``--json`` and prints its table; ``decoding``, whose table is a wider one, sees to that
itself. It measures both sides in the same run, interleaved, and takes the
minimum or median (:func:`tests.bench.figures.interleaved` does so). Nothing here asserts a time.
"""
