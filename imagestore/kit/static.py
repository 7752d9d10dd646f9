"""Static files, ES modules included, under names that hold their hash."""

from django_manifeststaticfiles_enhanced.storage import EnhancedManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(EnhancedManifestStaticFilesStorage, CompressedManifestStaticFilesStorage):
    """Hashed names with rewritten `import`s (enhanced), compressed once at collect time (whitenoise)."""

    support_js_module_import_aggregation = True
