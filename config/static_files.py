"""Style sheets and scripts as they go out: one sheet, no comments, no indents, named by content, packed before (11).

`collectstatic` does it once. What is edited, and what a development server shows, are the files as they were written.
During an upgrade a page of one version may ask a process of another for its style sheet: both know all that was packed.
"""

import os
import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.utils._os import safe_join
from rcssmin import cssmin
from rjsmin import jsmin
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = re.compile(r"(css|js)/[^/]+\.\1")
IMPORT = re.compile(r'@import "([^"]+)";')


def lean(name: str, read: Callable[[str], str]) -> str:
    """The text of a file of ours, with those it holds, without what only its readers need. `read`: by a file's name."""
    folder, _, _ = name.partition("/")
    whole = IMPORT.sub(lambda found: read(f"{folder}/{found[1]}"), read(name))
    return jsmin(whole) if folder == "js" else cssmin(whole)


class LeanFiles(CompressedManifestStaticFilesStorage):
    def post_process(self, paths, dry_run=False, **options):  # Django's signature
        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                return file.read().decode()

        leaned = {} if dry_run else {name: lean(name, read) for name in paths if OURS.fullmatch(name)}
        for name, text in leaned.items():
            self.delete(name)
            self.save(name, ContentFile(text.encode()))
        yield from super().post_process(paths | {name: (self, name) for name in leaned}, dry_run, **options)


class OfEveryVersion(WhiteNoiseMiddleware):
    """Serves what was packed when the process started, and looks once more for what came to the folder of all since."""

    def __call__(self, request):
        address = request.path_info
        if not self.autorefresh and address.startswith(self.static_prefix) and address not in self.files:
            self._look_for(address)
        return super().__call__(request)

    def _look_for(self, address: str) -> None:
        try:
            path = safe_join(settings.STATIC_OF_ALL_VERSIONS, address.removeprefix(self.static_prefix))
        except (SuspiciousFileOperation, ValueError):  # a path out of the folder, a name with a zero byte
            return
        if os.path.isfile(path):
            self.add_file_to_dictionary(address, path)
