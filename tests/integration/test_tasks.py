"""Follow-up tasks with the real llama.cpp, and with engine processes that end over them."""

import json
import math
import time

import pytest
from jsonschema import Draft202012Validator

from ocrwatchd.core.attempt import Begun
from ocrwatchd.core.attempt import Ending as Ended
from ocrwatchd.core.config.profile import Llm, Task
from ocrwatchd.engine.process.tasks.runner import TaskRun
from ocrwatchd.llm.builtin.model import BuiltinModel
from ocrwatchd.llm.decode import LlamaModel
from ocrwatchd.llm.grammar import Grammar, _written
from ocrwatchd.llm.models import BUILTIN
from ocrwatchd.llm.protocol import Ending
from tests import gguf_factory
from tests.integration.test_engine import supervise  # noqa: F401 - a fixture
from tests.integration.test_injection import ORDERS

CONTEXT = 1024
LLM = Llm(context_size=CONTEXT, threads=1)
ANSWER = "Ann Lee owes 12.50."
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"kind": {"enum": ["person", "date"]}, "text": {"type": "string", "maxLength": 12}},
        "required": ["kind", "text"],
        "additionalProperties": False,
    },
    "maxItems": 2,
}
FAKE = {"llm": {"model": "/m/fake.gguf"}}


@pytest.fixture(scope="module")
def reciter(tmp_path_factory):
    """A model that always says the same, and then ends."""
    model = LlamaModel(gguf_factory.recital(tmp_path_factory.mktemp("m") / "recital.gguf", ANSWER), LLM)
    yield model
    model.close()


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """A model without sense, and as a rule without end."""
    model = LlamaModel(gguf_factory.noise(tmp_path_factory.mktemp("m") / "noise.gguf"), LLM)
    yield model
    model.close()


def ask(model, text="Dear Ann Lee", most_tokens=64, schema=None, deadline=math.inf):
    """What a model answers."""
    return model.answer("Sum up.", text, deadline, most_tokens, schema)


@pytest.mark.slow
def test_a_model_answers_freely(reciter):
    """What it says is the answer, however little it is like the text."""
    proposal = ask(reciter)
    assert (proposal.text, proposal.ending) == (ANSWER, Ending.FINISHED)


@pytest.mark.slow
def test_answers_are_bounded(noise):
    """By tokens and by time; also inside a schema."""
    for schema in (None, SCHEMA):
        assert ask(noise, most_tokens=5, schema=schema).ending is Ending.LENGTH
        assert ask(noise, schema=schema, deadline=time.monotonic()).ending is Ending.TIME


@pytest.mark.slow
def test_what_does_not_fit_is_known_beforehand(noise):
    """``fits`` and ``answer`` agree to the token, and a flood is not even counted out."""
    fitting = max(size for size in range(CONTEXT) if noise.fits("Sum up.", "x" * size, 64))
    assert 800 < fitting < CONTEXT - 64
    assert ask(noise, "x" * fitting).ending is not Ending.UNABLE
    assert ask(noise, "x" * (fitting + 1)).ending is Ending.UNABLE
    assert not noise.fits("Sum up.", "x" * 50_000_000, 64)


@pytest.mark.slow
@pytest.mark.parametrize(
    "schema", [SCHEMA, {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}]
)
def test_even_noise_keeps_to_a_schema(noise, schema):
    """Each token is one that the schema allows, so that what comes to an end is valid."""
    proposal = ask(noise, most_tokens=200, schema=schema)
    assert proposal.ending is Ending.FINISHED
    Draft202012Validator(schema).validate(json.loads(proposal.text, strict=False))


@pytest.mark.slow
def test_a_model_that_says_it_right_is_not_hindered(tmp_path):
    """An answer by the schema comes as it would without one, and once more after another one."""
    said = '[{"kind": "person", "text": "Ann Lee"}]'
    model = LlamaModel(gguf_factory.recital(tmp_path / "said.gguf", said), LLM)
    try:
        assert [ask(model, schema=schema).text for schema in (SCHEMA, None, SCHEMA)] == [said] * 3
    finally:
        model.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "string"}, "maxItems": 5_000_000},
        {"type": "string", "pattern": "^(a{1,99999})$"},
        {"type": "array", "items": {"enum": [f"{'x' * 99}{n}" for n in range(999)]}},
        {"type": "string", "pattern": "^(?<!a)b$"},
        {"not": {"type": "string"}},
    ],
)
def test_a_schema_that_is_no_grammar_is_asked_for_without_one(noise, schema, capfd):
    """At once, and without pages of llama.cpp's complaints in the log."""
    before = time.monotonic()
    grammar = Grammar.of(noise._native, schema)
    if grammar is not None:
        grammar.close()
    assert ask(noise, most_tokens=3, schema=schema).ending in {Ending.LENGTH, Ending.FINISHED, Ending.UNABLE}
    assert time.monotonic() - before < 30
    assert len(capfd.readouterr().err) < 50_000
    assert len(_written(json.dumps(schema))) <= 20_000


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_orders_in_a_text_stay_ink(reciter, order):
    """Whatever is printed on a page, no token of it is one of the model's own marks, and the answer is the model's."""
    head, tail = reciter._frame("Sum up.", "Answer")
    question = reciter._question("Sum up.", order)
    assert not any(map(reciter._native.mark, question[len(head) : -len(tail)]))
    assert ask(reciter, order).text == ANSWER


@pytest.mark.slow
def test_a_long_document_goes_through_in_parts(reciter):
    """Each part has room in the real context, and each has its answer."""
    text = "\n\n".join(f"paragraph {number} of a letter without end" for number in range(120))
    task = Task(name="t", prompt="Sum up.", max_tokens=64)
    answer = TaskRun(task, reciter, time.monotonic, lambda: None).answer(text)
    assert answer.parts == answer.answered >= 5
    assert answer.value == "\n\n".join([ANSWER] * answer.parts)


@pytest.mark.slow
def test_a_model_without_a_chat_template_is_asked_plainly(tmp_path):
    """It is not told that its answer is a corrected text."""
    model = LlamaModel(gguf_factory.noise(tmp_path / "plain.gguf", template=None), LLM)
    try:
        asked = b"".join(map(model._native.piece, model._question("Sum up.", "Dear Ann"))).decode()
        assert asked == "Sum up.\n\nText:\nDear Ann\n\nAnswer:\n"
    finally:
        model.close()


@pytest.mark.slow
def test_the_built_in_model_does_no_tasks():
    """It says so, and corrects as before."""
    model = BuiltinModel(BUILTIN)
    try:
        task = Task(name="t", prompt="Sum up.", output="json")
        answer = TaskRun(task, model, time.monotonic, lambda: None).answer("Dear Ann, " * 10_000)
        assert answer.value is None
        assert "the built-in model only corrects" in answer.reason
        assert model.propose("", "the end of tbe story", math.inf).text == "the end of the story"
    finally:
        model.close()


@pytest.mark.slow
def test_tasks_that_end_the_engine_cost_themselves_alone(supervise):  # noqa: F811 - the fixture
    """One that dies and one that never comes back: a document of one page is delivered, its other tasks done."""
    tasks = [
        {"name": "deadly", "prompt": "die"},
        {"name": "fine", "prompt": "Sum up:"},
        {"name": "stuck", "prompt": "hang", "budget_s": 1},
    ]
    supervisor = supervise(FAKE | {"tasks": tasks, "ocr": {"page_deadline_s": 3}})
    job = supervisor.give("fine")
    endings = [supervisor.outcome().ending]
    while endings[-1] is Ended.DIED:
        assert len(endings) < 5
        supervisor.ready()
        supervisor.heard.clear()
        supervisor.host.give(job)
        endings.append(supervisor.outcome().ending)
    assert endings == [Ended.DIED, Ended.DIED, Ended.DONE]
    steps = [told.step for told in supervisor.heard if isinstance(told, Begun)]
    assert "page" not in steps  # no page was read twice
    assert "task" not in steps  # nor the one asked again that was done
    assert (job.out / "document.txt").read_text() == "a line of page 1\nthe end\n"
    assert "Sum up: 7 words" in (job.out / "document.fine.txt").read_text()
    ends = {end["name"]: end for end in json.loads((job.out / "document.json").read_text())["tasks"]}
    assert {name: end["state"] for name, end in ends.items()} == {
        "deadly": "left-out", "fine": "done", "stuck": "left-out"
    }  # fmt: skip
    assert "SIGABRT" in ends["deadly"]["reason"]
    assert "longer than 4 s to carry out a follow-up task" in ends["stuck"]["reason"]
