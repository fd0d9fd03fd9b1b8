"""The helper functions that list-file datasets of the tutorials come with, under their own names.

``from pixfeed import image_processing`` takes the place of such a module: same parameters, same results on good input.
What is different: a file that cannot be read raises :class:`pixfeed.ImageError` instead of printing and returning
``None``; :func:`save_image` does not multiply integers by 255; :func:`show_image_rect` does not draw into the caller's
picture; every function that shows takes ``save_to=``, for machines without a display.

Pictures are RGB ndarrays ``[H, W, 3]`` or gray ``[H, W]``; uint8 in [0, 255] or floats in [0, 1]. Rectangles are
``[x, y, w, h]`` in pixels. Most functions need OpenCV, showing needs matplotlib or OpenCV; both are imported when used.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pixfeed.backends import remedy
from pixfeed.errors import BackendError, Origin, Status
from pixfeed.plan import output_size
from pixfeed.reading.functional import imread

# OpenCV's numbers, so that this module can be imported without it.
_COLOR = 1
# IMREAD_REDUCED_*: the scale that each of them reads with.
_REDUCED: dict[int, Literal[2, 4, 8]] = {16: 2, 17: 2, 32: 4, 33: 4, 64: 8, 65: 8}
_IGNORE_ORIENTATION = 128
_SIXTEEN_BITS = (".png", ".tif", ".tiff")
# IMREAD_GRAYSCALE, IMREAD_COLOR, the reduced ones: read as a region. Others (IMREAD_ANYDEPTH, ...) by cv2.imread.
_REGION_MODES = {0, 1, *_REDUCED}


def _cv2() -> ModuleType:
    try:
        import cv2
    except ImportError as error:
        raise BackendError(f"this needs OpenCV ({error}): {remedy.for_opencv(error)}") from error
    return cv2


def read_image(
    filename: str | os.PathLike[str],
    resize_height: int | None = None,
    resize_width: int | None = None,
    normalization: bool = False,
) -> NDArray[Any]:
    """Read a picture as RGB and resize it.

    Args:
        filename: the file.
        resize_height, resize_width: pixels; one ``None`` keeps the aspect ratio, both the size.
        normalization: divide by 255.0.

    Returns:
        uint8 ``[H, W, 3]``, or float64 in [0, 1] with ``normalization``. Pixels as ``cv2.imread``, ``cvtColor``
        (BGR2RGB) and ``cv2.resize`` give them.

    Raises:
        ImageError: the file cannot be read.
    """
    image = imread(filename, size=(resize_height, resize_width))
    return image / 255.0 if normalization else image


def fast_read_image_roi(
    filename: str | os.PathLike[str], orig_rect: Sequence[float], ImreadModes: int = _COLOR, normalization: bool = False
) -> NDArray[Any]:
    """Read a region of a picture, reduced if asked for.

    Args:
        filename: the file.
        orig_rect: ``[x, y, w, h]`` in pixels of the whole picture, cut to integers. What lies beyond the right and the
            lower border is cut off, as slicing does it; with w or h 0 the result is empty.
        ImreadModes: one of OpenCV's ``IMREAD_*``. For ``IMREAD_REDUCED_*``, colour or gray, the rectangle is scaled
            along: each number is divided and cut to an integer.
        normalization: divide by 255.0.

    Returns:
        The region: ``[h, w, 3]`` RGB or, for the gray modes, ``[h, w]``; uint8 (16-bit modes: uint16), or float64 with
        ``normalization``.

    Raises:
        ImageError: the file cannot be read.
        RegionError: the rectangle lies outside the picture as a whole (in the color, gray and reduced modes).
        ValueError: a number of the rectangle, scaled, is negative. (A RegionError is a ValueError, too.)
    """
    mode = ImreadModes & ~_IGNORE_ORIENTATION
    reduced: Literal[1, 2, 4, 8] = _REDUCED.get(mode, 1)
    x, y, w, h = (np.array(orig_rect) / reduced).astype(int).tolist()
    ignore = bool(ImreadModes & _IGNORE_ORIENTATION)
    if mode in _REGION_MODES and min(w, h) > 0 and min(x, y) >= 0:
        channels: Literal["rgb", "gray"] = "rgb" if mode & _COLOR else "gray"
        rect = np.array(orig_rect).astype(int).tolist()
        region = imread(filename, roi=rect, channels=channels, reduced=reduced, ignore_orientation=ignore)
    else:
        image = imread(
            filename, ignore_orientation=ignore
        )  # also the errors of every other mode: they name what is wrong
        if mode != _COLOR:
            cv2 = _cv2()
            image = cv2.imread(os.fspath(filename), ImreadModes)
            if image is None:
                path = os.fspath(filename)
                raise Origin(path).image_error(Status.UNSUPPORTED, note=f"by imread mode {ImreadModes}")
            if image.ndim == 3:
                image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
        region = get_rect_image(image, [x, y, w, h])
    return region / 255.0 if normalization else region


def resize_image(image: NDArray[Any], resize_height: int | None, resize_width: int | None) -> NDArray[Any]:
    """``cv2.resize`` (INTER_LINEAR) to ``resize_height`` x ``resize_width`` pixels; one ``None`` keeps the aspect
    ratio (``int(side * given / other)``), both ``None`` return ``image`` itself.

    Args:
        image: ``[H, W, 3]`` or ``[H, W]``; uint8, uint16, int16, float32 or float64.
        resize_height, resize_width: pixels.

    Returns:
        ``[resize_height, resize_width, 3]`` or ``[resize_height, resize_width]``, of the same dtype.

    Raises:
        ValueError, TypeError: a size makes no sense.
        cv2.error: the dtype is another one.
    """
    if resize_height is None and resize_width is None:
        return image
    height, width = output_size(image.shape[0], image.shape[1], resize_height, resize_width)
    resized: NDArray[Any] = _cv2().resize(image, dsize=(width, height))
    return resized


def scale_image(image: NDArray[Any], scale: Sequence[float]) -> NDArray[Any]:
    """``cv2.resize`` (INTER_LINEAR) by factors.

    Args:
        image: ``[H, W, 3]`` or ``[H, W]``; uint8, uint16, int16, float32 or float64.
        scale: ``(scale_w, scale_h)``.

    Returns:
        ``[round(H * scale_h), round(W * scale_w), 3]``, or without the 3, of the same dtype.

    Raises:
        cv2.error: the dtype is another one, or nothing would be left of a side.
    """
    scaled: NDArray[Any] = _cv2().resize(image, dsize=None, fx=scale[0], fy=scale[1])
    return scaled


def get_rect_image(image: NDArray[Any], rect: Sequence[int]) -> NDArray[Any]:
    """The part of ``image`` inside ``rect`` ``[x, y, w, h]``: a view, cut off where the picture ends.

    Raises:
        ValueError: the rectangle begins outside on the left or above, or has a negative side (slicing would wrap).
    """
    x, y, w, h = rect
    if min(x, y, w, h) < 0:
        raise ValueError(f"rect is {list(rect)}; x, y, w and h must not be negative")
    return image[y : y + h, x : x + w]


def scale_rect(orig_rect: Sequence[float], orig_shape: Sequence[int], dest_shape: Sequence[int]) -> list[int]:
    """A rectangle, in a picture that is resized.

    Args:
        orig_rect: ``[x, y, w, h]`` in pixels of the picture.
        orig_shape: its ``[h, w]``; more numbers, as those of ``image.shape``, do not count.
        dest_shape: ``[h, w]`` of what it is resized to.

    Returns:
        ``[x, y, w, h]`` in pixels of that, each cut to an integer.

    Raises:
        ZeroDivisionError: ``orig_shape`` has a 0.
    """
    across, down = dest_shape[1], dest_shape[0]
    x, y, w, h = orig_rect
    return [
        int(x * across / orig_shape[1]),
        int(y * down / orig_shape[0]),
        int(w * across / orig_shape[1]),
        int(h * down / orig_shape[0]),
    ]


def rgb_to_gray(image: NDArray[Any]) -> NDArray[Any]:
    """``cv2.cvtColor`` (RGB2GRAY).

    Args:
        image: ``[H, W, 3]``, RGB; uint8, uint16 or float32.

    Returns:
        ``[H, W]`` of the same dtype.

    Raises:
        cv2.error: the dtype or the shape is another one.
    """
    cv2 = _cv2()
    gray: NDArray[Any] = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return gray


def _drawable(image: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8, as files and windows take it: floats (and bool) times 255, integers as they are.

    Raises:
        ValueError: integers beyond 0 to 255.
        TypeError: these are no numbers.
    """
    image = np.asarray(image)
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind in "fb":
        clipped: NDArray[Any] = np.clip(image * 255, 0, 255)
        return clipped.astype(np.uint8)
    if image.dtype.kind not in "iu":
        raise TypeError(f"a picture has uint8 or floats in [0, 1], not {image.dtype}")
    if image.size and not 0 <= image.min() <= image.max() <= 255:
        raise ValueError(
            f"the picture is {image.dtype}, from {image.min()} to {image.max()}; integers must be from 0 to 255: scale "
            "them (uint16 is written as it is to .png, .tif and .tiff)"
        )
    return image.astype(np.uint8)


def save_image(image_path: str | os.PathLike[str], rgb_image: NDArray[Any], toUINT8: bool = True) -> None:
    """Write a picture in the format of the file's ending.

    Args:
        image_path: the file; its folder must exist.
        rgb_image: ``[H, W, 3]`` or ``[H, W]``; uint8, integers in [0, 255], floats in [0, 1], or for .png, .tif and
            .tiff uint16.
        toUINT8: floats become uint8 (times 255, cut off), and so do integers, as they are, but for uint16 where the
            file can hold it. ``False`` hands everything to OpenCV as it is.

    Raises:
        OSError: the file cannot be written.
        ValueError: integers that are not in [0, 255].
        TypeError: these are no numbers.
    """
    cv2 = _cv2()
    image = np.asarray(rgb_image)
    if toUINT8 and not (image.dtype == np.uint16 and os.fspath(image_path).lower().endswith(_SIXTEEN_BITS)):
        image = _drawable(image)
    image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR)
    try:
        written = cv2.imwrite(os.fspath(image_path), image)
    except cv2.error as error:
        raise OSError(f"{os.fspath(image_path)}: cannot be written ({error.err})") from error
    if not written:
        raise OSError(f"{os.fspath(image_path)}: cannot be written; is its folder there, and its ending known?")


def combine_save_image(
    orig_image: NDArray[Any], dest_image: NDArray[Any], out_dir: str | os.PathLike[str], name: str, prefix: str
) -> None:
    """Write ``dest_image`` as ``out_dir/NAME_PREFIX.jpg``, and both side by side as ``out_dir/NAME_src_PREFIX.jpg``.

    Args:
        orig_image, dest_image: ``[H, W, 3]`` both, or ``[H, W]`` both, of one height and one dtype; see
            :func:`save_image`.
        out_dir: the folder; it must exist.
        name, prefix: parts of the files' names.

    Raises:
        OSError: a file cannot be written.
        ValueError: the pictures do not fit side by side, or have integers that are not in [0, 255].
        TypeError: these are no numbers.
    """
    save_image(os.path.join(out_dir, f"{name}_{prefix}.jpg"), dest_image)
    save_image(os.path.join(out_dir, f"{name}_src_{prefix}.jpg"), np.hstack((orig_image, dest_image)))


#: As the tutorials spell it.
combime_save_image = combine_save_image


def show_image(title: str, image: NDArray[Any], save_to: str | os.PathLike[str] | None = None) -> None:
    """Show a picture with matplotlib, or write the figure to ``save_to``.

    Args:
        title: stands above it.
        image: ``[H, W, 3]`` or ``[H, W]``; uint8 or floats in [0, 1].
        save_to: the file, in the format of its ending.

    Raises:
        ImportError: matplotlib is not there.
        RuntimeError: matplotlib has no display to show it on, and ``save_to`` is not given.
    """
    import matplotlib.pyplot as plt

    if save_to is None and plt.get_backend().lower() == "agg":
        raise RuntimeError("there is no display to show a picture on: give save_to='picture.png' to write it to a file")
    figure, axis = plt.subplots()
    axis.imshow(image, cmap="gray" if image.ndim == 2 else None)
    axis.set_title(title)
    if save_to is None:
        plt.show()
    else:
        figure.savefig(save_to)
    plt.close(figure)


def cv_show_image(title: str, image: NDArray[Any], save_to: str | os.PathLike[str] | None = None) -> None:
    """Show an RGB picture in an OpenCV window until a key is pressed, or write it to ``save_to``.

    Args:
        title: of the window.
        image: ``[H, W, 3]`` or ``[H, W]``; uint8 or floats in [0, 1].
        save_to: the file; errors are those of :func:`save_image`.

    Raises:
        RuntimeError: there is no display, or OpenCV was built without windows, and ``save_to`` is not given.
    """
    if save_to is not None:
        save_image(save_to, image)
        return
    cv2 = _cv2()
    no_display = os.name == "posix" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    try:
        if no_display and os.uname().sysname != "Darwin":
            raise RuntimeError("DISPLAY is not set")
        if image.ndim == 3 and image.shape[-1] == 3:
            image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        cv2.imshow(title, image)
        cv2.waitKey(0)
    except (RuntimeError, cv2.error) as error:
        raise RuntimeError(
            f"there is no window to show a picture in ({str(error).splitlines()[0]}): give save_to='picture.png' to "
            "write it to a file"
        ) from error


def show_image_rect(
    win_name: str, image: NDArray[Any], rect: Sequence[int], save_to: str | os.PathLike[str] | None = None
) -> None:
    """:func:`cv_show_image` with a rectangle drawn into a copy of the picture, in blue (black in a gray one).

    Args:
        win_name: the window's title.
        image: ``[H, W, 3]`` or ``[H, W]``; uint8, integers in [0, 255] or floats in [0, 1].
        rect: ``[x, y, w, h]``, integers in pixels. What lies outside is not drawn.
        save_to: the file to write instead; errors are those of :func:`save_image`.

    Raises:
        RuntimeError: there is no display, or OpenCV was built without windows, and ``save_to`` is not given.
        ValueError: integers that are not in [0, 255].
        TypeError: these are no numbers.
    """
    x, y, w, h = rect
    drawn = _drawable(image).copy()
    _cv2().rectangle(drawn, (x, y), (x + w, y + h), (0, 0, 255), thickness=2)
    cv_show_image(win_name, drawn, save_to)
