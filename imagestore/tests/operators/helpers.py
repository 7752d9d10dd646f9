"""Albums with images that wait for their sizes; and commands."""

from io import StringIO

from django.core.management import call_command

from images.tests.helpers import album, colours, received


def holiday_of(owner, count=2):
    holiday = album(owner)
    return holiday, [received(holiday, content) for content in colours(count)]


def run(*args, ends=0, **options):
    """What the command said; it must end with this code."""
    out, err = StringIO(), StringIO()
    code = 0
    try:
        call_command(*args, stdout=out, stderr=err, **options)
    except SystemExit as end:
        code = end.code
    assert code == ends, out.getvalue() + err.getvalue()
    return out.getvalue(), err.getvalue()
