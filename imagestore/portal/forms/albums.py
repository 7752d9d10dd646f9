from typing import ClassVar

from django import forms

from albums.models import Album


class AlbumForm(forms.ModelForm):
    class Meta:
        model = Album
        fields: ClassVar[list[str]] = ["title", "description"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "title": forms.TextInput(attrs={"dir": "auto", "autofocus": True}),
            "description": forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        }
