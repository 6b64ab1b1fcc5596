"""More than one machine: workers that take jobs from a broker, and the supervisor's side of that.

The shared folder is the truth; the broker only carries work to workers quickly. What the broker loses is published
again, what it delivers twice is dropped, and without it everything that runs goes on.

Imports run one way: ``daemon → joining → dispatcher → board, published, crew → attempts, roster, post → broker,
messages``, and ``worker → presence, attempts, roster, post``.
Dramatiq and its clients are imported only where a broker is configured.
"""
