"""What devices and programs leave beside pictures: made again by them, or thrown away already."""

# Whole folders, in lower case.
_FOLDERS = {
    # Synology, QNAP
    "@eadir", "#recycle", "#snapshot", "@tmp", "@recycle", "@recently-snapshot", ".@__thumb", ".@upload_cache",
    # Windows
    "$recycle.bin", "recycler", "system volume information",
    # macOS
    "__macosx", ".trashes", ".fseventsd", ".spotlight-v100", ".temporaryitems", ".documentrevisions-v100",
    ".appledouble", ".appledb", ".appledesktop",
    # Linux, Android, programs
    "lost+found", ".thumbnails", ".thumbs", ".trash", ".trashed", ".dtrash", ".xvpics", ".stfolder", ".stversions",
    ".dropbox.cache", ".cache", ".git", ".svn",
}  # fmt: skip
_FILES = {
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "zbthumbnail.info",
    ".ds_store", ".localized", ".apdisk", ".volumeicon.icns", "icon\r", ".com.apple.timemachine.donotpresent",
    ".picasa.ini", "picasa.ini", ".nomedia", ".directory", ".hidden", ".dropbox", ".dropbox.attr",
    ".bridgesort", ".bridgecache", ".bridgecachet", ".stignore", ".gitignore", ".gitkeep", ".uploadfailed",
}  # fmt: skip
# The names of these go on with a number, a user or the name of a file: one kind each.
_FOLDER_BEGINNINGS = (".trash-",)
_FILE_BEGINNINGS = ("._", "synofile_thumb", ".thumbdata", ".nfs", ".fuse_hidden")


def kind_of_folder(name: str) -> str:
    """The name under which the report counts this folder as rubbish; "" when it is none."""
    return _kind(name, _FOLDERS, _FOLDER_BEGINNINGS)


def kind_of_file(name: str) -> str:
    """As `kind_of_folder`, for a file."""
    return _kind(name, _FILES, _FILE_BEGINNINGS)


def _kind(name: str, names: set[str], beginnings: tuple[str, ...]) -> str:
    lower = name.lower()
    if lower in names:
        return name.strip()
    return next((f"{beginning}…" for beginning in beginnings if lower.startswith(beginning)), "")
