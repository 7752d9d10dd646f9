import re
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from albums.models import Album
from images.changes import FIRST_YEAR, LAST_YEAR, senseless_year
from images.models import Image
from images.processing.dates import offset_minutes
from imagestore.portal.lists import album_choices


class ClockField(forms.Field):
    """What a camera's clock showed. Its value is in UTC, whatever the zone was; None if nothing is filled in."""

    # Not Django's DateTimeInput, which drops fractions of a second.
    widget = forms.TextInput(attrs={"type": "datetime-local", "step": "any"})

    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        try:
            clock = datetime.fromisoformat(str(value)[:26]).replace(tzinfo=UTC)
        except ValueError:
            raise forms.ValidationError(_("Write a date and a time, such as 2026-07-31T14:00.")) from None
        if not FIRST_YEAR <= clock.year <= LAST_YEAR:
            raise forms.ValidationError(str(senseless_year()))
        return clock

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        clock = value.replace(tzinfo=None)
        return clock.isoformat(timespec="milliseconds" if clock.microsecond else "seconds")


class ImageForm(forms.ModelForm):
    taken_at = ClockField(
        label=_("taken at"), required=False, help_text=_("As the camera’s clock showed it. Empty: unknown.")
    )
    taken_offset = forms.CharField(
        label=_("time zone"), required=False, max_length=6, help_text=_("Hours ahead of UTC, such as +02:00.")
    )

    class Meta:
        model = Image
        fields: ClassVar[list[str]] = ["name", "caption"]
        labels: ClassVar[dict[str, Any]] = {"name": _("Name"), "caption": _("Caption")}
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "name": forms.TextInput(attrs={"dir": "auto"}),
            "caption": forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        }

    def __init__(self, image: Image, *args: Any, **options: Any) -> None:
        dates = {"taken_at": image.taken_at, "taken_offset": image.taken_offset or ""}
        super().__init__(*args, **{"instance": image, "initial": dates, **options})

    def clean_taken_offset(self) -> int | None:
        """In minutes."""
        text = self.cleaned_data["taken_offset"]
        minutes = offset_minutes(text) if re.fullmatch(r"[+-][0-9]{2}:[0-9]{2}", text) else None
        if text and minutes is None:
            raise forms.ValidationError(_("Write hours and minutes, such as +02:00 or -03:30."))
        return minutes

    @property
    def changes(self) -> dict[str, Any]:
        """For `images.services.change`: what is another than before. A field that was not sent stays as it was."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data if name in self.data}
        if "taken_offset" in changed:
            changed["taken_offset_minutes"] = changed.pop("taken_offset")
        return changed


class MoveForm(forms.Form):
    album = forms.ModelChoiceField(
        Album.objects.none(), to_field_name="public_id", empty_label=None, label=_("Album")
    )

    def __init__(self, image: Image, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        others = Album.objects.owned_by(image.owner).exclude(pk=image.album_id)
        field: Any = self.fields["album"]
        field.queryset = others
        field.widget.choices = [(album.public_id, album.title) for album in album_choices(others)]


class ShiftForm(forms.Form):
    """By how much, and which way, the clocks of photos are moved."""

    sign = forms.TypedChoiceField(choices=[("1", "later"), ("-1", "earlier")], coerce=int)
    days = forms.IntegerField(min_value=0, max_value=36_500)
    hours = forms.IntegerField(min_value=0, max_value=23)
    minutes = forms.IntegerField(min_value=0, max_value=59)

    @property
    def seconds(self) -> int:
        sign, days, hours, minutes = (self.cleaned_data[name] for name in ("sign", "days", "hours", "minutes"))
        return int(sign * 60 * (minutes + 60 * (hours + 24 * days)))
