#!/usr/bin/env python
"""Django's command line for image-store."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imagestore.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        print("\n".join(f"A setting is wrong: {line}" for line in str(error).splitlines()), file=sys.stderr)  # noqa: T201
        sys.exit(2)  # as imagestore.operators.commandline.COULD_NOT_WORK

    from imagestore.operators.commandline import run  # not before: it needs the models

    run(sys.argv)
