"""Static files, ES modules included, under names that hold their hash."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django_manifeststaticfiles_enhanced.storage import EnhancedManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Static imports and re-exports. An `import()` is loaded when it is wanted.
_IMPORT = re.compile(r'^(?:import\s[^;"]*|export\s[^;"=(]*\sfrom\s*)"(\.[^"]+)"', re.MULTILINE)


class StaticStorage(EnhancedManifestStaticFilesStorage, CompressedManifestStaticFilesStorage):
    """Hashed names with rewritten `import`s (enhanced), compressed once at collect time (whitenoise).

    Source maps, which only debuggers ask for, and Redoc, which no page shows, stay as they are: they took most
    of the time.
    """

    support_js_module_import_aggregation = True

    def post_process(self, *args: Any, **options: Any) -> Iterator[tuple[str, Any, Any]]:
        names = []
        # The enhanced class never asks the compressing one.
        for name, hashed_name, processed in super().post_process(*args, **options):
            yield name, hashed_name, processed
            names.append(hashed_name)
        if not options.get("dry_run"):
            wanted = [name for name in names if name and not name.endswith(".map") and "/redoc/" not in name]
            for name, compressed_name in self.compress_files(wanted):
                yield name, compressed_name, True


def with_imports(names: Iterable[str]) -> list[str]:
    """These modules and all that they import, directly or not, each once."""
    found = list(names)
    for name in found:
        found += [imported for imported in _imports_of(name) if imported not in found]
    return found


@cache
def _imports_of(name: str) -> list[str]:
    source = Path(str(finders.find(name))).read_text()
    return [posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) for path in _IMPORT.findall(source)]
