"""What is said of a package that pixfeed needs and cannot use."""

from __future__ import annotations

from importlib.util import find_spec
from types import ModuleType

# What `pip install` calls them.
_INSTALL = {
    "PIL": "pillow",
    "accelerate": "accelerate",
    "click": "click",
    "cv2": "opencv-python-headless",
    "jinja2": "jinja2",
    "numpy": "numpy",
    "rich": "rich",
    "torch": "torch",
    "xxhash": "xxhash",
}


def is_installed(package: str) -> bool:
    """Whether there is such a package. It is not imported. A folder without ``__init__.py`` is none."""
    spec = find_spec(package)
    return spec is not None and spec.origin is not None


def missing(who: str, package: str) -> ImportError:
    """
    Args:
        who: what needs the package.
    """
    name = _INSTALL[package]
    return ImportError(f"{who} needs {name}, which is not installed: pip install {name}", name=package)


def explained(who: str, error: ImportError) -> ImportError | None:
    """The error in a sentence; ``None`` if it is not about a package that pixfeed needs."""
    package = (error.name or "").partition(".")[0]
    if package not in _INSTALL:
        return None
    if isinstance(error, ModuleNotFoundError) and not is_installed(package):
        return missing(who, package)
    is_own = error.path is None and not isinstance(error, ModuleNotFoundError)  # it is a sentence already
    return error if is_own else broken(who, package, error)


def broken(who: str, package: str, error: Exception) -> ImportError:
    """For a package that is there: whose import raises the error."""
    name, spec = _INSTALL[package], find_spec(package)
    where = f" ({spec.origin})" if spec is not None else ""
    why = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return ImportError(
        f"{who} needs {name}{where}, which cannot be imported ({why}): pip install --force-reinstall {name}",
        name=package,
    )


def foreign(module: ModuleType, name: str) -> str:
    """For a module of the same name as that which pixfeed needs.

    Args:
        name: what it should be.
    """
    where = module.__file__ or next(iter(module.__path__))
    return f"the {module.__name__} that is imported ({where}) is not {name}: rename it"
