"""HEADER and PLAN rows, and the rules that make them."""

import images
import numpy as np
import pytest

from pixfeed import backends, imread, plan, plan_steps
from pixfeed.errors import Status


def test_tables_mirror_the_c_structs(native):
    for name, dtype in (("Header", plan.HEADER), ("Plan", plan.PLAN), ("Step", plan_steps.STEP)):
        expected = native.struct_offsets()[name]
        assert expected.pop("itemsize") == dtype.itemsize
        for field, offset in expected.items():
            assert dtype.fields[field][1] == offset, field
        assert set(dtype.names) - set(expected) <= {"reserved"}


def test_status_numbers_mirror_the_c_enum():
    from pathlib import Path

    header = Path(__file__).parents[1] / "csrc/core/status.h"
    named = {
        line.split("=")[0].strip().upper(): int(line.split("=")[1].split(",")[0])
        for line in header.read_text().splitlines()
        if "," in line and "=" in line
    }
    assert named == {status.name: status.value for status in Status}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((None, None), (300, 451)),
        ((256, 256), (256, 256)),
        ((None, 100), (int(300 * 100 / 451), 100)),
        ((100, None), (100, int(451 * 100 / 300))),
    ],
)
def test_output_size(given, expected):
    assert plan.output_size(300, 451, *given) == expected


def test_output_size_is_never_zero():
    assert plan.output_size(2, 5000, None, 10) == (1, 10)


def test_resize_plan():
    headers = np.zeros(2, plan.HEADER)
    headers["width"], headers["height"] = [10, 20], [30, 40]
    rows = plan.resize_plan(headers, (5, 7))
    assert rows["source"].tolist() == [0, 1]
    assert rows["crop_w"].tolist() == [10, 20] and rows["crop_h"].tolist() == [30, 40]
    assert set(rows["resize_h"]) == {5} and set(rows["resize_w"]) == {7}


def test_map_points():
    """Corners of the crop become corners of the resized crop, less the window, mirrored by flips."""
    headers = np.zeros(2, plan.HEADER)
    headers["width"], headers["height"] = 100, 80
    rows = plan.resize_plan(headers, (60, 50))
    rows["crop_x"], rows["crop_y"], rows["crop_w"], rows["crop_h"] = 10, 20, 40, 30
    rows["box"] = 0, 0, 40, 30
    rows["window_x"], rows["window_y"] = 5, -7
    rows["flip_horizontal"] = rows["flip_vertical"] = [0, 1]
    corners = np.array([[10, 20], [50, 50]])
    plain, flipped = plan.map_points(rows, (70, 44), corners)
    np.testing.assert_allclose(plain, [[-5, 7], [45, 67]])
    np.testing.assert_allclose(flipped, [[44 + 5, 70 - 7], [44 - 45, 70 - 67]])
    rows["reduced"] = 2
    np.testing.assert_allclose(plan.map_points(rows[:1], (70, 44), 2 * corners)[0], plain)
    rows["reduced"], rows["box"] = 1, (10, 0, 30, 30)  # half of the crop
    np.testing.assert_allclose(plan.map_points(rows[:1], (70, 44), corners + np.array([[10, 0], [-10, 0]]))[0], plain)


@pytest.mark.parametrize("encode", [images.jpeg, images.png])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_where_points_of_reduced_pictures_go(backend, orientation, encode):
    """Sides of no whole number of blocks: one of them is partly filled, on the side that the orientation says."""
    data = images.positions(155, 201, orientation, encode)
    headers = backends.load(backend).open([data]).headers
    for reduced in (2, 4, 8):
        made = imread(data, reduced=reduced, backend=backend)
        size = made.shape[:2]
        rows = plan.resize_plan(headers, size)
        rows["reduced"] = reduced
        rows["crop_h"], rows["crop_w"] = size
        rows["box"] = 0, 0, *size[::-1]
        y, x = np.mgrid[: size[0], : size[1]]
        at = made[..., :2] + 0.5  # centers of pixels, as the picture says
        mapped = plan.map_points(rows, size, at.reshape(1, -1, 2), headers).reshape(at.shape)
        inner = np.s_[1:-1, 1:-1]
        np.testing.assert_allclose(mapped[inner], (np.stack([x, y], -1) + 0.5)[inner], atol=1.6 / reduced)
        rows_of, columns_of = plan.nearest_pixels(rows[0], size, headers[0])
        np.testing.assert_allclose(columns_of[1:-1], made[1, 1:-1, 0], atol=2)
        np.testing.assert_allclose(rows_of[1:-1], made[1:-1, 1, 1], atol=2)
