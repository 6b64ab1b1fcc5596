"""The passes that score a tree take each token in once, and ask for no row that tells nothing."""

from ocrwatchd.llm.prefix_tree import Tree
from ocrwatchd.llm.tree_pass import MOST_ROWS, Taken, passes

TRUNK = [5, 6, 7]


def planned(*spellings, position=10):
    """The passes for spellings behind the trunk."""
    return list(passes(TRUNK, Tree(TRUNK[-1], spellings), position, branches=True))


def test_a_beginning_that_spellings_share_is_taken_in_once_and_no_last_token_is():
    """Two spellings of three tokens that begin alike: two tokens of six are taken in."""
    [only] = planned([1, 2, 3], [1, 4, 3])
    assert [each.token for each in only.taken] == [*TRUNK, 1, 2, 4]
    assert [each.position for each in only.taken] == [10, 11, 12, 13, 14, 14]
    assert [each.sequences for each in only.taken] == [[0, 1, 2]] * 3 + [[1, 2], [1], [2]]


def test_what_all_spellings_share_gets_no_row():
    """The row behind it tells the tokens that differ: nodes 2 and 4, and then nodes 3 and 5."""
    [only] = planned([1, 2, 3], [1, 4, 3])
    assert [each.row for each in only.taken] == [False, False, False, True, True, True]
    assert only.asked == [[], [], [], [2, 4], [3], [5]]


def test_the_first_tokens_are_told_by_the_trunk_itself():
    """Spellings of one token each need no token of their own."""
    [only] = planned([1], [2])
    assert only.taken[-1] == Taken(7, 12, [0, 1, 2], row=True)
    assert only.asked == [[], [], [1, 2]]


def test_a_spelling_alone_is_told_as_a_whole_in_the_trunk_s_own_sequence():
    """For models that have no other sequence."""
    [only] = passes(TRUNK, Tree(7, [[1, 2, 3]]), 0, branches=False)
    assert [each.sequences for each in only.taken] == [[0]] * 5
    assert only.asked == [[], [], [1], [2], [3]]


def test_a_large_tree_takes_several_passes():
    """With so many rows each; the trunk goes in with the first one."""
    spellings = [[first, *range(100, 125)] for first in (1, 2, 3)]
    found = planned(*spellings)
    assert [sum(token.row for token in each.taken) for each in found] == [
        MOST_ROWS,
        MOST_ROWS,
        1 + 3 * 25 - 2 * MOST_ROWS,
    ]
    assert sum(len(each.taken) for each in found) == len(TRUNK) + 3 * 25
    assert sorted(node for each in found for nodes in each.asked for node in nodes) == list(range(1, 1 + 3 * 26))
