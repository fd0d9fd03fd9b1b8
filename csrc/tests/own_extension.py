"""A pytest plugin: pixfeed from this checkout, with the extension of the build folder PIXFEED_BUILD.

``make asan`` runs tests with an extension that has the sanitizers in it.
"""

import glob
import importlib.machinery
import importlib.util
import os
import sys

(path,) = glob.glob(os.path.join(os.environ["PIXFEED_BUILD"], "csrc", "_native*.so"))


class Finder:
    """Comes before the finder of an editable installation."""

    @staticmethod
    def find_spec(name, _path=None, _target=None):
        if name != "pixfeed._native":
            return None
        loader = importlib.machinery.ExtensionFileLoader(name, path)
        return importlib.util.spec_from_file_location(name, path, loader=loader)


sys.meta_path.insert(0, Finder)
