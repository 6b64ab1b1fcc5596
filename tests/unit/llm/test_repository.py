"""Which of a repository's files are meant."""

import pytest

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.errors import ModelUnavailable
from ocrwatchd.llm.repository import choose, is_commit, is_sha256, models, quantisation, quantisations_of

QWEN = (
    ".gitattributes",
    "LICENSE",
    "README.md",
    "qwen2.5-3b-instruct-fp16-00001-of-00002.gguf",
    "qwen2.5-3b-instruct-fp16-00002-of-00002.gguf",
    "qwen2.5-3b-instruct-q2_k.gguf",
    "qwen2.5-3b-instruct-q4_0.gguf",
    "qwen2.5-3b-instruct-q4_k_m.gguf",
    "qwen2.5-3b-instruct-q8_0.gguf",
)
FOLDERS = (
    "BF16/Big-BF16-00001-of-00002.gguf",
    "BF16/Big-BF16-00002-of-00002.gguf",
    "Big-IQ4_XS.gguf",
    "Big.Q4_K_M.gguf",
    "Big-Q8_0.gguf",
    "mmproj-Big-Q8_0.gguf",
    "Big-imatrix.gguf",
    "Q6_K/Big-Q6_K-00001-of-00002.gguf",
)


def refusal(names, **settings):
    """What is said about these settings."""
    with pytest.raises(ModelUnavailable) as caught:
        choose(names, Llm(hugging_face_repo_id="org/name", **settings))
    return str(caught.value)


@pytest.mark.parametrize(
    ("named", "file"),
    [
        ("int8", "qwen2.5-3b-instruct-q8_0.gguf"),
        ("INT4", "qwen2.5-3b-instruct-q4_k_m.gguf"),
        ("Q4_K_M", "qwen2.5-3b-instruct-q4_k_m.gguf"),
        ("q4_0", "qwen2.5-3b-instruct-q4_0.gguf"),
        ("q2_k", "qwen2.5-3b-instruct-q2_k.gguf"),
    ],
)
def test_the_tutorials_words_and_ggufs_own_name_a_file(named, file):
    """int8 and int4 are the quantisations that come nearest; case does not count."""
    assert choose(QWEN, Llm(hugging_face_quantization=named)) == (file,)


@pytest.mark.parametrize("named", ["fp16", "f16", "F16"])
def test_a_split_model_is_all_its_parts_in_order(named):
    """The first part comes first; f16 is spelled fp16 by some."""
    assert choose(QWEN, Llm(hugging_face_quantization=named)) == QWEN[3:5]


@pytest.mark.parametrize(
    ("named", "file"), [("bf16", FOLDERS[0]), ("iq4_xs", FOLDERS[2]), ("int4", FOLDERS[3]), ("int8", FOLDERS[4])]
)
def test_folders_dots_and_companions_are_no_hindrance(named, file):
    """Repositories spell differently; projectors and matrices are no models."""
    assert choose(FOLDERS, Llm(hugging_face_quantization=named))[0] == file


def test_a_split_model_with_a_missing_part_is_none():
    """It could not be loaded."""
    assert "Q6_K/Big-Q6_K-00001-of-00002.gguf" not in models(FOLDERS)
    assert "has no q6_k" in refusal(FOLDERS, hugging_face_quantization="q6_k")


def test_a_named_file_goes_before_the_quantisation():
    """With or without its folder."""
    assert choose(QWEN, Llm(hugging_face_file_name=QWEN[5])) == (QWEN[5],)
    assert choose(FOLDERS, Llm(hugging_face_file_name="Big-BF16-00001-of-00002.gguf")) == FOLDERS[:2]
    assert "has no other.gguf; it has qwen2.5-3b" in refusal(QWEN, hugging_face_file_name="other.gguf")


def test_what_there_is_instead_is_named():
    """The person can choose from it."""
    said = refusal(QWEN, hugging_face_quantization="q5_k_m")
    assert "has no q5_k_m; it has f16, q2_k, q4_0, q4_k_m, q8_0; set llm.hugging_face_quantization" in said
    assert "has no int8 (q8_0)" in refusal(QWEN[:6], hugging_face_quantization="int8")


def test_several_models_of_one_quantisation_are_named():
    """Which one is meant is for the person to say."""
    said = refusal(("a-q8_0.gguf", "b-q8_0.gguf"))
    assert "has 2 models in int8 (a-q8_0.gguf, b-q8_0.gguf); set llm.hugging_face_file_name" in said


def test_a_repository_for_other_programs_is_told_what_it_holds():
    """The tutorial's own example is one."""
    said = refusal(("README.md", "model.safetensors", "pytorch_model.bin", "flax_model.msgpack"))
    assert "org/name holds no GGUF model, only weights for other programs (Flax, PyTorch, safetensors)" in said
    assert '"-GGUF"' in said
    assert "only other files (README.md)" in refusal(("README.md",))
    assert "only an empty folder" in refusal(())


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Qwen3-4B-UD-Q4_K_XL.gguf", {"q4_k_xl"}),
        ("model.Q4_0_4_4.gguf", {"q4_0_4_4"}),
        ("qwen2.5-3b-instruct.gguf", set()),
        ("gpt-oss-mxfp4.gguf", {"mxfp4"}),
        ("x_bf16.gguf", {"bf16"}),
        ("TQ1_0.gguf", {"tq1_0"}),
    ],
)
def test_names_are_read_as_they_are_written(name, found):
    """A longer quantisation is not taken for a shorter one."""
    assert quantisations_of(name) == found


def test_unknown_words_stay_as_they_are():
    """New quantisations need no new version."""
    assert quantisation("Q3_K_L") == "q3_k_l"


@pytest.mark.parametrize(
    "name",
    [
        "../m-q8_0.gguf",
        "a/../../m-q8_0.gguf",
        "/etc/m-q8_0.gguf",
        "a//m-q8_0.gguf",
        "./m-q8_0.gguf",
        "a\\m-q8_0.gguf",
        "m\n-q8_0.gguf",
        "m\0-q8_0.gguf",
        "\x1b[2Jm-q8_0.gguf",
        "../m-q8_0-00001-of-00001.gguf",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name):
    """Before anything is downloaded, and without showing it to the terminal as it is."""
    said = refusal((name, "m-q4_0.gguf"))
    assert "leads elsewhere" in said
    assert said.isprintable()
    assert choose((name, "m-q4_0.gguf"), Llm(hugging_face_quantization="q4_0")) == ("m-q4_0.gguf",)
    assert refusal((name, "m-q4_0.gguf"), hugging_face_file_name="x").isprintable()


def test_only_hashes_become_names():
    """The hub's own spelling, and no other."""
    assert is_sha256("0a" * 32)
    assert is_commit("0a" * 20)
    for said in ("0A" * 32, "0a" * 31, f"{'0a' * 32}\n", "../" * 8, "", None, 7):
        assert not is_sha256(said)
        assert not is_commit(said)
