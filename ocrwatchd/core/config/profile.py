"""The settings that may differ between profiles, and the types of all settings; see ``schema``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, field_validator, model_validator

from ocrwatchd.core import name_template
from ocrwatchd.core.config.paper import Paper, Split
from ocrwatchd.core.config.section import Section
from ocrwatchd.core.file_types import OUTPUT_SUFFIXES

DEFAULT_PROMPT = (
    "Fix OCR errors in this text. Correct spelling and grammar mistakes that come from recognition. "
    "Keep the line breaks, the language ({language}) and the meaning. Answer with the corrected text only."
)

DEFAULT_PROMPT_HANDWRITTEN = (
    "Fix OCR errors in this text, which was recognised from handwriting. Correct letters and words that were misread. "
    "Keep the writer's wording, the line breaks and the language ({language}). Answer with the corrected text only."
)

DEFAULT_PROMPT_TABLE = (
    "Fix OCR errors in this table. Keep rows and columns exactly: one row a line, cells separated by tabs. "
    "Keep the language ({language}) and the meaning. Answer with the corrected table only."
)

TASK_NAME = "^[a-z0-9-]{1,40}$"
"""Names of tasks: they become part of file names."""

LANGUAGE = "^[a-z]{3}$"
"""Codes of languages: ISO 639-3."""


def is_profile_name(name: str) -> bool:
    """Whether a profile may have this name: that of one visible folder."""
    return bool(name) and not {"/", "\0"} & set(name) and not name.startswith(".")


def _possible(path: str) -> str:
    """The path, if it is valid."""
    if "\0" in path:
        raise ValueError("a path holds no null character")
    try:
        Path(path).expanduser()
    except RuntimeError:
        raise ValueError("that user's home folder is not known; write the whole path") from None
    return path


def _whole(path: str) -> str:
    """The path, if it does not depend on the current directory."""
    if path and not path.startswith(("/", "~")):
        raise ValueError("write the whole path, from / or ~: the daemon has a current directory of its own")
    return path


def _there(name: str) -> str:
    """The format's name, if an installed package has the format."""
    from ocrwatchd.core.config.format_plugins import installed  # metadata is read only for who names formats

    if name not in installed():
        known = ", ".join(f"'{each}'" for each in installed())
        raise ValueError(f"no installed package brings that format; there are {known}")
    return name


def _nameable(template: str) -> str:
    """The template of names, if it is valid."""
    name_template.parse(template)
    return template


def _sound(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The JSON Schema, if it is valid and refers to nothing outside itself."""
    if not schema:
        return schema
    from jsonschema import Draft202012Validator, SchemaError  # only for who gives a schema
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"no JSON Schema (2020-12) at {error.json_path}: {error.message}") from None
    resolver = Registry().resolver_with_root(DRAFT202012.create_resource(schema))
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable:
            raise ValueError(f"$ref leads to no place in the same schema, as '#/$defs/…' does: {reference}") from None
    return schema


def _references(schema: JsonValue) -> Iterator[str]:
    """The targets of a schema's ``$ref``."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key in {"$ref", "$dynamicRef"} and isinstance(value, str):
                yield value
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _named_once(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """The tasks, if their names differ."""
    names = [task.name for task in tasks]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"each task needs a name of its own; given twice: {', '.join(twice)}")
    return tasks


Location = Annotated[str, AfterValidator(_possible), AfterValidator(_whole)]
Names = Annotated[tuple[str, ...], Field(strict=False)]
Format = Annotated[str, AfterValidator(_there)]

REASON_SUFFIX = ".reason.txt"
"""Suffix of a failed scan's note."""

MACHINE_BOUND = {
    "ocr": ("license", "threads", "resources_dir", "allow_downloads", "memory_mb"),
    "llm": ("directory_model_path", "allow_auto_download", "gpu_layers", "threads"),
}
"""Keys that describe a machine, not the reading of a document: each of several machines uses its own values. All other
keys of a profile travel with the job."""


class Ocr(Section):
    """How a page is read."""

    engine: Literal["auto", "aspose", "rapidocr"] = "auto"
    mode: Literal["printed", "handwritten"] = "printed"
    languages: Annotated[tuple[Annotated[str, Field(pattern=LANGUAGE)], ...], Field(strict=False, min_length=1)] = (
        "eng",
    )
    license: Location = ""
    threads: int = Field(0, ge=0, le=256)
    page_deadline_s: float = Field(300.0, ge=1)
    dpi: int = Field(300, ge=50, le=1200)
    max_pages: int = Field(2000, ge=1, le=50_000)
    max_pixels: int = Field(120_000_000, ge=10_000)
    layout: Literal["auto", "columns", "rows"] = "auto"
    clean: Literal["auto", "off"] = "auto"
    pdf_text: Literal["auto", "ocr", "keep"] = "auto"
    pdf_passwords: Names = ()
    second_reader: Literal["auto", "off"] = "auto"
    resources_dir: Location = ""
    allow_downloads: bool = True
    memory_mb: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.mode == "handwritten" and self.engine == "rapidocr":
            raise ValueError('mode "handwritten" needs engine "aspose" or "auto": rapidocr reads print only')
        return self


class Llm(Section):
    """The language model that proposes corrections, and its time limit."""

    model: str = "auto"
    method: Literal["auto", "choose", "rewrite", "both"] = "auto"
    hugging_face_repo_id: str = "Qwen/Qwen2.5-3B-Instruct-GGUF"
    hugging_face_quantization: str = "int8"
    hugging_face_file_name: str = ""
    directory_model_path: Location = ""
    allow_auto_download: bool = True
    context_size: int = Field(4096, ge=512)
    gpu_layers: Literal["auto"] | Annotated[int, Field(ge=0)] = "auto"
    threads: int = Field(0, ge=0, le=256)
    prompt: str = Field(DEFAULT_PROMPT, min_length=1)
    prompt_handwritten: str = Field(DEFAULT_PROMPT_HANDWRITTEN, min_length=1)
    prompt_table: str = Field(DEFAULT_PROMPT_TABLE, min_length=1)
    page_budget_s: float = Field(120.0, ge=1)
    require_calibration: bool = False

    @field_validator("model")
    @classmethod
    def _known(cls, value: str) -> str:
        if value in {"auto", "builtin", "huggingface", "off"} or "/" in value or value.endswith(".gguf"):
            return _possible(value)
        raise ValueError('use "auto", "builtin", "huggingface", "off" or the path of a .gguf file')

    @property
    def is_file(self) -> bool:
        """Whether ``model`` is a path."""
        return "/" in self.model or self.model.endswith(".gguf")


class Correct(Section):
    """Correction without a language model."""

    words: bool = True


class Gate(Section):
    """Which of the model's proposals count as repairs."""

    max_rewrite: float = Field(0.5, ge=0, le=1)
    digits: Literal["protect", "confusable", "free"] = "confusable"
    sure_confidence: float = Field(0.99, ge=0, le=1)


class Task(Section):
    """One follow-up task for the model, about the corrected text of a whole document."""

    name: str = Field(pattern=TASK_NAME)
    prompt: str = Field(min_length=1)
    output: Literal["txt", "md", "json"] = "txt"
    json_schema: Annotated[dict[str, JsonValue], AfterValidator(_sound)] = Field(default_factory=dict)
    quotes: bool = False
    join_prompt: str = ""
    max_tokens: int = Field(512, ge=16, le=65_536)
    budget_s: float = Field(300.0, ge=1)

    @property
    def suffix(self) -> str:
        """The suffix after NAME in a delivered set."""
        return f".{self.name}.{self.output}"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.output != "json" and (self.json_schema or self.quotes):
            raise ValueError('json_schema and quotes are for output = "json"')
        if self.output == "json" and self.join_prompt:
            raise ValueError('join_prompt is for texts: with output = "json" the parts\' lists become one')
        if self.suffix in {*OUTPUT_SUFFIXES.values(), REASON_SUFFIX}:
            raise ValueError(f"NAME{self.suffix} is a file that ocrwatchd itself writes; name the task otherwise")
        return self


Tasks = Annotated[tuple[Task, ...], Field(strict=False, max_length=20), AfterValidator(_named_once)]


ARCHIVAL: Final = "a-2b"
"""The value of ``output.pdf`` for PDF/A-2b."""


class Output(Section):
    """The files of a delivered set, and the language of ocrwatchd's own messages."""

    language: Literal["", "en", "de", "zh"] = ""
    formats: Annotated[tuple[Format, ...], Field(strict=False, min_length=1)] = ("txt", "json")
    name: Annotated[str, Field(min_length=1), AfterValidator(_nameable)] = "{name}"
    pdf: Literal["plain", "a-2b"] = "plain"


class Work(Section):
    """All settings that may differ between profiles; they travel with each job."""

    ocr: Ocr = Ocr()
    correct: Correct = Correct()
    llm: Llm = Llm()
    gate: Gate = Gate()
    output: Output = Output()
    pages: Paper = Paper()
    split: Split = Split()
    tasks: Tasks = ()
    priority: int = Field(0, ge=-100, le=100)

    @property
    def of_the_document(self) -> Work:
        """The settings on which a page's text depends, without those of the machine."""
        common = self.on_machine(Work())
        model = Path(self.llm.model).name if self.llm.is_file else self.llm.model
        return common.model_copy(update={"llm": common.llm.model_copy(update={"model": model})})

    def on_machine(self, own: Work) -> Work:
        """These settings with another machine's own values for :data:`MACHINE_BOUND`.

        The path of a model's file may differ there, if the file has the same name.
        """
        ocr = {key: getattr(own.ocr, key) for key in MACHINE_BOUND["ocr"]}
        llm = {key: getattr(own.llm, key) for key in MACHINE_BOUND["llm"]}
        if self.llm.is_file and own.llm.is_file and Path(self.llm.model).name == Path(own.llm.model).name:
            llm["model"] = own.llm.model
        return self.model_copy(
            update={"ocr": self.ocr.model_copy(update=ocr), "llm": self.llm.model_copy(update=llm)},
        )
