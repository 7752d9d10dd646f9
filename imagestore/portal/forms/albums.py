from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from albums.models import Album


class AlbumForm(forms.ModelForm):
    class Meta:
        model = Album
        fields: ClassVar[list[str]] = ["title", "description"]
        labels: ClassVar[dict[str, Any]] = {"title": _("Title"), "description": _("Description")}
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "title": forms.TextInput(attrs={"dir": "auto", "autofocus": True}),
            "description": forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        }
