"""Albums with images that wait for their sizes."""

from images.tests.helpers import album, colours, received


def holiday_of(owner, count=2):
    holiday = album(owner)
    return holiday, [received(holiday, content) for content in colours(count)]
