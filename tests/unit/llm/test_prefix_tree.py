"""Spellings as one tree: each letter once, and every spelling found again."""

from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.llm.prefix_tree import MOST_SPELLINGS, MOST_TOKENS, Tree
from tests.fakes.reading import path

OPENING = 300
spellings = st.lists(st.lists(st.integers(0, 3), max_size=60), max_size=20)


@given(spellings)
def test_every_spelling_that_fits_is_found_again(words):
    """The nodes of a spelling spell it, one after the other, and belong to one leaf together."""
    tree = Tree(OPENING, words)
    assert len(tree.tokens) <= MOST_TOKENS
    assert len({leaf for leaves in tree.leaves for leaf in leaves}) <= MOST_SPELLINGS
    for word in words[:2]:
        nodes = tree.path(word)
        assert [tree.tokens[node] for node in nodes] == [OPENING, *word]
        assert [tree.depths[node] for node in nodes] == list(range(len(nodes)))
        assert set.intersection(*(set(tree.leaves[node]) for node in nodes))


@given(spellings)
def test_beginnings_are_shared(words):
    """No two nodes stand for the same letters."""
    tree = Tree(OPENING, words)
    paths = [tuple(path(tree, node)) for node in range(len(tree.tokens))]
    assert len(set(paths)) == len(paths)


def test_what_does_not_fit_is_left_out():
    """A spelling too long for one pass has no path, and takes none of the others' room."""
    tree = Tree(OPENING, [[1] * MOST_TOKENS, [2, 2]])
    assert tree.path([1] * MOST_TOKENS) is None
    assert tree.path([2, 2]) == [0, 1, 2]
