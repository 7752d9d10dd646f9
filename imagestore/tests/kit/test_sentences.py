"""Sentences that are translated when they are shown, and numbers in them."""

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from imagestore.kit.filesize import filesize, lazy_filesize
from imagestore.kit.problems import Problem, invalid
from imagestore.kit.sentences import decimal, filled, grouped


def test_a_sentence_is_translated_when_it_is_shown_and_not_when_it_is_written() -> None:
    with translation.override("de"):
        sentence = filled(_("%(name)s: %(size)s"), name=_("language"), size=lazy_filesize(2_500_000))
        assert str(sentence) == "Sprache: 2,5 MB"
    assert str(sentence) == "language: 2.5 MB"


def test_a_problem_speaks_the_language_of_the_request_that_shows_it() -> None:
    problem = invalid("language", _("As the browser asks"))
    with translation.override("de"):
        assert problem.detail == problem.body()["errors"]["language"][0] == "Wie im Browser eingestellt"
    assert problem.detail == problem.body()["detail"] == "As the browser asks"
    assert type(Problem("busy", _("language")).body()["detail"]) is str


def test_numbers_are_written_as_in_the_language() -> None:
    assert (decimal("2.8"), grouped(65_536), filesize(1_500)) == ("2.8", "65,536", "1.5 KB")
    with translation.override("de"):
        assert (decimal("2.8"), grouped(65_536), filesize(1_500)) == ("2,8", "65.536", "1,5 KB")
