"""One task on one text, with a model that says what the test wants."""

import json
from dataclasses import replace

import pytest

from ocrwatchd.core.config.profile import Task
from ocrwatchd.engine.process.tasks.runner import NOTHING_YET, TaskRun
from ocrwatchd.engine.process.tasks.splitting import LEAST_CHARACTERS, NoRoom, parts
from ocrwatchd.llm.protocol import Ending, Proposal

LETTER = "Dear Ann Lee,\n\nwe owe you 12.50 for the repair of 3 May.\n\nJohn Smith"
ENTITIES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"kind": {"enum": ["person", "date"]}, "text": {"type": "string"}},
        "required": ["kind", "text"],
    },
}


class Scripted:
    """Answers with what stands in its script, and notes what it was asked; a script's last entry goes on for ever."""

    name = "scripted"

    def __init__(self, *script, room=10_000):
        self.script = list(script)
        self.room = room
        self.asked = []
        self.now = 0.0

    def fits(self, prompt, text, most_tokens):
        """By characters."""
        return len(prompt) + len(text) <= self.room

    def answer(self, prompt, text, deadline, most_tokens, schema=None):
        """The next entry: a proposal, a text, or a function of the text."""
        self.asked.append((prompt, text, schema))
        self.now += 1
        entry = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        said = entry(text) if callable(entry) else entry
        return said if isinstance(said, Proposal) else Proposal(said, Ending.FINISHED)

    def clock(self):
        """A second a question."""
        return self.now


def carry_out(model, text=LETTER, begins=lambda: None, earlier=NOTHING_YET, keep=lambda _: None, **settings):
    """A task of these settings."""
    task = Task(**{"name": "t", "prompt": "Do it."} | settings)
    return TaskRun(task, model, model.clock, begins, keep, earlier).answer(text)


def pages(count):
    """So many paragraphs of 100 characters."""
    return "\n\n".join(f"{number:04} " + "word " * 19 for number in range(count))


def test_the_answer_is_the_result():
    """A text that fits is shown once, with the task's prompt, and the answer counts without what was thought aloud."""
    model = Scripted("<think>Hm.</think>\n A debt is paid.\n")
    answer = carry_out(model)
    assert (answer.value, answer.parts, answer.answered, answer.reason) == ("A debt is paid.", 1, 1, "")
    assert model.asked == [("Do it.", LETTER, None)]


def test_a_text_without_words_is_not_shown():
    """A model that is asked about nothing makes something up."""
    model = Scripted("A letter about a horse.")
    assert carry_out(model, " \n\n \n") == carry_out(Scripted(""), "")
    assert model.asked == []


@pytest.mark.parametrize(
    ("proposal", "reason"),
    [
        (Proposal("and so on and so", Ending.LENGTH), "no end within 512 tokens (max_tokens)"),
        (Proposal("A de", Ending.TIME), "its 300 s ran out (budget_s)"),
        (Proposal("", Ending.UNABLE, reason="the model only corrects"), "the model only corrects"),
        (" \n", "nothing to say"),
        ("<think>It may be", "nothing to say"),
    ],
)
def test_half_an_answer_is_none(proposal, reason):
    """What broke off, ran out or was refused gives no result, but a reason."""
    answer = carry_out(Scripted(proposal))
    assert answer.value is None
    assert reason in answer.reason


def test_long_texts_go_in_parts_between_paragraphs():
    """Each part fits, they give the text, no paragraph is cut, and the answers stand one after the other."""
    model = Scripted(lambda text: f"about {text[:4]}", room=1000)
    answer = carry_out(model, pages(37))
    shown = [text for _, text, _ in model.asked]
    assert "\n\n".join(shown).split() == pages(37).split()
    assert all(len(text) <= 1000 and text[:4].isdigit() for text in shown)
    assert answer.value == "\n\n".join(f"about {text[:4]}" for text in shown)
    assert answer.parts == answer.answered == len(shown) > 3


def test_a_part_without_an_answer_leaves_the_others():
    """The result covers the other parts, and each reason is told once."""
    failing = Proposal("", Ending.UNABLE, reason="the model failed")
    answer = carry_out(Scripted("one", failing, failing, "four"), pages(32), begins=lambda: None, prompt="x" * 9_000)
    assert (answer.parts, answer.answered, answer.reason) == (4, 2, "the model failed")
    assert answer.value == "one\n\nfour"


def test_the_budget_is_for_all_parts():
    """Once it is spent nothing is asked any more, and what there is counts."""
    model = Scripted("so far", room=300)
    answer = carry_out(model, pages(40), budget_s=3)
    assert len(model.asked) == 3
    assert answer.answered == 3 < answer.parts
    assert answer.reason == "its 3 s ran out (budget_s)"


def test_the_budget_is_for_cutting_too(monkeypatch):
    """A flood takes a tokenizer long; what was answered before a restart counts all the same."""
    model = Scripted("x", room=1000)
    fits = Scripted.fits

    def slow(self, *asked):
        self.now += 1
        return fits(self, *asked)

    monkeypatch.setattr(Scripted, "fits", slow)
    answer = carry_out(model, pages(10_000), budget_s=5)
    assert (answer.value, answer.reason, model.asked) == (None, "its 5 s ran out (budget_s)", [])
    assert model.now == 5
    records = []
    whole = carry_out(model, pages(20), keep=records.append)
    assert carry_out(model, pages(20), earlier=replace(records[-1], spent_s=9e9)) == whole


def test_each_question_is_announced():
    """The host hears before each part that the engine is alive, and may stop it there."""
    told = []
    carry_out(Scripted("x", room=1000), pages(40), begins=lambda: told.append(1))
    assert len(told) > 4

    class Stopped(Exception):
        pass

    def stop():
        raise Stopped

    model = Scripted("x")
    with pytest.raises(Stopped):
        carry_out(model, begins=stop)
    assert model.asked == []


def test_what_was_said_is_not_asked_again():
    """After an interruption it goes on at the next question, with what is left of its budget."""
    asked = {"text": pages(40), "output": "json", "quotes": True}

    def says(text):
        return f'["{text[:4]}", "made up"]' if "0020" not in text else "nothing"

    whole = carry_out(Scripted(says, room=1000), **asked)
    assert (whole.dropped, whole.answered) == (whole.parts - 1, whole.parts - 1)
    for after in range(1, whole.parts + 1):
        records = [NOTHING_YET]
        carry_out(Scripted(says, room=1000), keep=records.append, **asked)
        model = Scripted(says, room=1000)
        assert carry_out(model, earlier=records[after], **asked) == whole
        assert len(model.asked) == whole.parts - after
    short = asked | {"budget_s": 4}
    model = Scripted(says, room=1000)
    assert carry_out(model, earlier=records[3], **short).reason.startswith("its 4 s ran out")
    assert len(model.asked) == 1


def test_half_a_character_is_replaced():
    """JSON can escape what no file can hold."""
    answer = carry_out(Scripted(r'["a\ud800"]'), output="json")
    assert answer.value == ["a\ufffd"]


def test_answers_are_put_together_by_a_prompt_of_their_own():
    """With join_prompt the parts' answers go round again until there is one."""
    model = Scripted(lambda text: f"sum of {text[:40]}", room=1000)
    answer = carry_out(model, pages(160), join_prompt="Join.")
    assert answer.value.startswith("sum of sum of")
    assert "\n\n" not in answer.value
    assert [prompt for prompt, _, _ in model.asked].count("Join.") >= 2


def test_putting_together_comes_to_an_end():
    """Answers that do not get shorter, or a round that fails, stay one after the other; the reason tells of it."""
    longer = Scripted(lambda text: f"{text}\n{text}", room=1000)
    answer = carry_out(longer, pages(40), join_prompt="Join.")
    assert "one after the other: they do not get shorter" in answer.reason
    parts_shown = answer.parts
    assert len(longer.asked) == parts_shown
    slow = Scripted(lambda text: text, room=1000)
    answer = carry_out(slow, pages(40), join_prompt="Join.")
    assert len(slow.asked) <= parts_shown * 4
    assert answer.value.split() == pages(40).split()
    failing = Scripted(*["part"] * parts_shown, Proposal("", Ending.LENGTH), room=1000)
    answer = carry_out(failing, pages(40), join_prompt="Join.")
    assert answer.value == "\n\n".join(["part"] * parts_shown)
    assert "one after the other: the answer came to no end" in answer.reason
    assert answer.answered == answer.parts


def test_a_context_that_holds_nothing_is_told():
    """A prompt and an answer that take all the room give a reason that names the keys."""
    answer = carry_out(Scripted("x", room=20), pages(20))
    assert answer.value is None
    assert all(key in answer.reason for key in ("max_tokens", "prompt", "llm.context_size"))


def test_json_is_found_in_what_stands_around_it():
    """Words and fences around the value do no harm, nor does a bracket before it that begins no value."""
    said = 'Sure [as asked], here it is:\n```json\n[{"kind": "date", "text": "3 May"}]\n```\nAnything else?'
    answer = carry_out(Scripted(said), output="json", json_schema=ENTITIES)
    assert answer.value == [{"kind": "date", "text": "3 May"}]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("There are none.", "not JSON"),
        ("[NaN]", "not JSON"),
        ("[1e999]", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('[{"kind": "secret words", "text": "3 May"}]', "json_schema, at items/properties/kind/enum"),
        ('{"kind": "date"}', "json_schema, at type"),
    ],
)
def test_other_json_than_was_asked_for_is_none(said, reason):
    """The reason names the place in the schema, and nothing of the answer."""
    answer = carry_out(Scripted(said), output="json", json_schema=ENTITIES)
    assert answer.value is None
    assert reason in answer.reason
    assert "secret" not in answer.reason


def test_the_model_is_told_the_schema():
    """The answer is held to json_schema while it is made; without one, to an object or a list; texts to nothing."""
    model = Scripted("[]")
    carry_out(model, output="json", json_schema=ENTITIES)
    carry_out(model, output="json")
    carry_out(model)
    assert [schema for _, _, schema in model.asked] == [
        ENTITIES, {"anyOf": [{"type": "object"}, {"type": "array"}]}, None
    ]  # fmt: skip


def test_lists_of_several_parts_become_one():
    """What an earlier part has said already is not said again."""
    model = Scripted('["0001", "a"]', '["a", "b"]', "[]", '["b", "c"]', room=1000)
    answer = carry_out(model, pages(32), output="json")
    assert answer.value == ["0001", "a", "b", "c"]


def test_objects_of_several_parts_become_one():
    """Key by key: lists follow each other, of anything else the first that says something counts."""
    one = '{"sender": null, "date": "3 May", "names": ["a"], "more": {"x": 1}}'
    other = '{"sender": "Ann", "date": "4 May", "names": ["b", "a"], "more": {"y": 2}, "late": true}'
    answer = carry_out(Scripted(one, other, room=1700), pages(32), output="json")
    assert answer.value == {
        "sender": "Ann", "date": "3 May", "names": ["a", "b"], "more": {"x": 1, "y": 2}, "late": True
    }  # fmt: skip


def test_no_parts_value_is_lost():
    """Where one is a list and another none, that becomes an entry; true is not 1."""
    said = ('{"of": "a", "n": [1]}', '[{"of": "b"}]', "[true]", "[1, {}]")
    answer = carry_out(Scripted(*said, room=1000), pages(32), output="json")
    assert json.dumps(answer.value) == '[{"of": "a", "n": [1]}, {"of": "b"}, true, 1, {}]'
    answer = carry_out(Scripted('{"names": "Ann"}', '{"names": ["Bob"]}', room=1700), pages(32), output="json")
    assert answer.value == {"names": ["Ann", "Bob"]}


def test_a_value_of_several_parts_that_breaks_the_schema_says_so():
    """Each part keeps to it, and all of them together have more than it allows; what broke it before is known."""
    schema = {"type": "array", "maxItems": 2, "items": {"type": "array", "items": {"type": "string"}}}
    asked = {"text": pages(32), "output": "json", "json_schema": schema}
    answer = carry_out(Scripted('[["0000"], ["a"]]', '[["b"]]', room=1700), **asked)
    assert (answer.value, answer.answered) == ([["0000"], ["a"], ["b"]], 2)
    assert answer.reason == "the parts' answers put together do not keep to json_schema, at maxItems"
    assert carry_out(Scripted('[["a"]]', '[["b"]]', room=1700), **asked).reason == ""
    record = asked | {"json_schema": {"properties": {"sender": {"type": "string"}}}, "quotes": True}
    answer = carry_out(Scripted('{"sender": "Bob"}', '{"sender": "Ann"}', room=1700), **record)
    assert (answer.value, answer.dropped, answer.reason) == ({"sender": None}, 2, "")


def test_entities_that_do_not_occur_are_dropped():
    """With quotes an entry of a list goes with a string that is not in the text; the schema's own labels stay."""
    said = (
        '[{"kind": "person", "text": "Ann  Lee"}, {"kind": "person", "text": "Bob"}, {"kind": "date", "text": "3 May"}]'
    )
    answer = carry_out(Scripted(said), output="json", json_schema=ENTITIES, quotes=True)
    assert answer.value == [{"kind": "person", "text": "Ann  Lee"}, {"kind": "date", "text": "3 May"}]
    assert (answer.dropped, answer.reason) == (1, "")


def test_a_part_quotes_itself():
    """What stands in another part of the document does not make a quotation true."""
    answer = carry_out(Scripted('["0000", "0031"]', room=1700), pages(32), output="json", quotes=True)
    assert (answer.parts, answer.value, answer.dropped) == (2, ["0000", "0031"], 2)


def test_a_quotation_alone_that_does_not_occur_is_no_answer():
    """Nothing is left of it."""
    answer = carry_out(Scripted('"Bob"'), output="json", json_schema={"type": "string"}, quotes=True)
    assert (answer.value, answer.dropped) == (None, 1)
    assert "does not occur" in answer.reason


def test_parts_without_any_boundary_are_cut_all_the_same():
    """A script without spaces, or a flood of one letter, is cut in the middle; nothing is lost."""
    cut = parts("字" * 1000, lambda part: len(part) <= 300)
    assert "".join(cut) == "字" * 1000
    assert max(map(len, cut)) <= 300
    assert parts(" \n ", len) == ()
    with pytest.raises(NoRoom):
        parts("x" * (LEAST_CHARACTERS + 1), lambda part: False)


def test_a_part_of_a_value_is_not_taken_for_the_value():
    """Where one object is asked for, the first of a list of them is not it."""
    answer = carry_out(Scripted('[{"a": 1}, {"a": 2}]'), output="json", json_schema={"type": "object"})
    assert answer.value is None
