"""Chunks: whole lines, bounded, nothing lost between them."""

from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.llm.chunks import CHUNK_MAX_CHARACTERS, CHUNK_MAX_WORDS, CHUNK_MIN_WORDS, split

LINE = "one two three four five six seven eight nine ten\n"
PAGES = st.lists(
    st.sampled_from([LINE, "\n", "  \t\n", "word " * 400 + "\n", "x" * 6000, "short", " " * 3000, "\r\n", "中" * 3000]),
    max_size=60,
).map("".join)


@given(PAGES | st.text())
def test_the_chunks_are_the_text(text):
    """Joined they give the text exactly, each at its offset, none without characters."""
    chunks = split(text)
    assert "".join(chunk.text for chunk in chunks) == text
    assert all(chunk.text and text.startswith(chunk.text, chunk.offset) for chunk in chunks)


@given(PAGES)
def test_no_chunk_is_larger_than_its_bounds(text):
    """Neither in words nor in characters."""
    for chunk in split(text):
        assert len(chunk.text.split()) <= CHUNK_MAX_WORDS
        assert len(chunk.text) <= CHUNK_MAX_CHARACTERS


def test_lines_stay_whole():
    """A chunk ends at a line break as long as the lines are of a reasonable length."""
    chunks = split(LINE * 100)
    assert len(chunks) > 3
    assert all(chunk.text.endswith("\n") for chunk in chunks)


def test_a_chunk_ends_with_its_paragraph_once_it_is_long_enough():
    """A blank line past the lower bound is where the next chunk begins after."""
    paragraph = LINE * (CHUNK_MIN_WORDS // 10)
    chunks = split(f"{paragraph}\n{paragraph}\n{paragraph}")
    assert [chunk.text for chunk in chunks] == [f"{paragraph}\n", f"{paragraph}\n", paragraph]


def test_short_paragraphs_share_a_chunk():
    """A letter's few lines go to the model in one piece."""
    assert len(split("Dear Sir,\n\nthank you.\n\nYours\n")) == 1


def test_a_line_too_long_is_cut_between_words():
    """Text without line breaks still comes in pieces that a model can take."""
    chunks = split("word " * 1000)
    assert len(chunks) >= 4
    assert all(chunk.text.endswith("word ") for chunk in chunks)


def test_no_text_no_chunks():
    """An empty page has none."""
    assert split("") == ()
