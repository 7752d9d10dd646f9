"""What is known of an image from elsewhere than its file: typed with the upload, or read from a file beside it."""

from dataclasses import dataclass

from images.processing import Taken
from images.uploads.taken import surest


@dataclass(frozen=True)
class Known:
    taken: Taken | None = None
    caption: str = ""
    favourite: bool = False

    def completed_by(self, other: "Known") -> "Known":
        """With what `other` knows besides."""
        return Known(
            taken=surest(self.taken, other.taken),
            caption=self.caption or other.caption,
            favourite=self.favourite or other.favourite,
        )


NOTHING = Known()
