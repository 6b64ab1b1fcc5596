"""Text that was read well stays as printed, however a model would write it today; what was misread is mended."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.gate import admit as gate
from ocrwatchd.gate.admit import Evidence, Policy
from ocrwatchd.gate.historical_spelling import is_modernised, same_letters
from tests.paths import DATA


def admit(source, proposed, policy=Policy(), evidence=None):  # noqa: B008 - it never changes
    """The gate with the words of the texts' languages."""
    return gate.admit(source, proposed, policy, evidence or Evidence(lexicon=lexicon(("eng", "deu", "fra"))))


RESTYLED = [json.loads(line) for line in (DATA / "restyled.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("line", RESTYLED, ids=[line["source"] for line in RESTYLED])
def test_what_was_read_well_stays_as_printed(line):
    """Old spelling, accents, capitals, quotes, hyphenations and line breaks are no misreadings."""
    evidence = Evidence(lexicon=lexicon((line["language"],)))
    assert admit(line["source"], line["proposed"], evidence=evidence).text == line["source"]


@pytest.mark.parametrize(
    ("source", "proposed", "expected"),
    [
        (
            "Dcr Kaiscr ist gestcrn nach Berlm gereist, nnd die Thür des Schlosies wurdc gcschloffen.",
            "Der Kaiser ist gestern nach Berlin gereist, und die Tür des Schlosses wurde geschlossen.",
            "Der Kaiser ist gestern nach Berlin gereist, und die Thür des Schlosses wurde geschlossen.",
        ),
        (
            "Das Miuisterium hat bcschloffen, daß die Eisen-\nbabn uach Dresdcn gebaut wird.",
            "Das Ministerium hat beschlossen, dass die Eisenbahn nach Dresden gebaut wird.",
            "Das Ministerium hat beschlossen, daß die Eisen-\nbahn nach Dresden gebaut wird.",
        ),
        (
            "Le ministrc a déclaré qne les tronpes étoient prètes, et qn'il n'y avoit ricn à craindre.",
            "Le ministre a déclaré que les troupes étaient prêtes, et qu'il n'y avait rien à craindre.",
            "Le ministre a déclaré que les troupes étoient prètes, et qu'il n'y avoit rien à craindre.",
        ),
        (
            "L'assembléc nalionale a volé la loi snr les chcmins de fer.",
            "L'assemblée nationale a voté la loi sur les chemins de fer.",
            "L'assemblée nationale a voté la loi sur les chemins de fer.",
        ),
        (
            "Tlie Govornor shewed tho papcr to his col-\nleagne, wbo had arrivod to-day.",
            "The Governor showed the paper to his colleague, who had arrived today.",
            "The Governor shewed the paper to his col-\nleague, who had arrived to-day.",
        ),
        ("I arn going horne to the farrn", "I am going home to the farm", "I am going home to the farm"),
    ],
)
def test_what_was_misread_is_mended_beside_what_stays(source, proposed, expected):
    """One answer may do both."""
    assert admit(source, proposed).text == expected


def test_marks_are_mended_only_where_letters_were_misread_too():
    """Marks that are added to a clean text are taste; in one full of misread words they were probably lost."""
    clean = "the horse went home and the farmer came the same day"
    restyled = "the horse went home, and the farmer came the same day."
    assert admit(clean, restyled).text == clean
    mended = admit("tho borse went homo and tbe farmcr came tbe samo day", restyled).text
    assert mended == restyled.replace(",", "")


def test_letters_are_mended_without_the_marks_beside_them():
    """In a clean text a misread word is taken without the comma that the model puts behind it."""
    assert admit("a bouse of stone", "a house, of stone").text == "a house of stone"


def test_an_accent_comes_back_where_the_page_prints_it():
    """Accents that the page itself has elsewhere are lost, not old spelling."""
    source = "il était à la mnison qne son pèrc avait vcndue; elle etait grandc"
    proposed = "il était à la maison que son père avait vendue; elle était grande"
    assert admit(source, proposed).text == proposed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Thür", "Tür"), ("giebt", "gibt"), ("seyn", "sein"), ("Freyheit", "Freiheit"), ("Theil", "Teil"),
        ("Classe", "Klasse"), ("studiren", "studieren"), ("Aerzte", "Ärzte"), ("todt", "tot"), ("Waare", "Ware"),
        ("Brod", "Brot"), ("jezt", "jetzt"), ("Procent", "Prozent"), ("avoit", "avait"), ("tems", "temps"),
        ("connoissoit", "connaissait"), ("enfans", "enfants"), ("estre", "être"), ("mesme", "même"), ("roy", "roi"),
        ("sçavoir", "savoir"), ("appeller", "appeler"), ("long-temps", "longtemps"), ("shew", "show"),
        ("connexion", "connection"), ("to-day", "today"), ("look'd", "looked"), ("publick", "public"),
        ("colour", "color"), ("haue", "have"), ("vpon", "upon"),
    ],
)  # fmt: skip
def test_old_spellings_are_known(old, new):
    """Each of the kinds of change that German, French and English spelling went through."""
    assert is_modernised(old, new) or same_letters(old, new)


@pytest.mark.parametrize(
    ("misread", "word"),
    [
        ("tho", "the"), ("arc", "are"), ("fome", "some"), ("modem", "modern"), ("soid", "said"), ("bnt", "but"),
        ("nnd", "und"), ("dcr", "der"), ("qne", "que"), ("vons", "vous"), ("tlie", "the"), ("hnve", "have"),
        ("wbich", "which"), ("niclit", "nicht"), ("anch", "auch"), ("dcs", "des"), ("ponr", "pour"),
    ],
)  # fmt: skip
def test_misreadings_are_no_old_spellings(misread, word):
    """What recognition does is not what centuries did."""
    assert not is_modernised(misread, word)


@given(st.text(st.sampled_from("abcdeilnorstuy'-ßéä"), max_size=12))
def test_a_word_is_no_old_spelling_of_itself(word):
    """Something must have changed."""
    assert not is_modernised(word, word)
