from typing import ClassVar

from django import forms

from images.models import Image


class ImageForm(forms.ModelForm):
    class Meta:
        model = Image
        fields: ClassVar[list[str]] = ["name", "caption"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "name": forms.TextInput(attrs={"dir": "auto"}),
            "caption": forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        }
