"""List files, well and badly formed."""

from __future__ import annotations

import functools
import os
import re

import numpy as np
import pytest
from conftest import need
from hypothesis import example, given
from hypothesis import strategies as st
from list_files import all_lines, read_list

from pixfeed import ListError
from pixfeed.lists.file_list import FileList


@pytest.fixture
def read(tmp_path, backend):
    return functools.partial(read_list, tmp_path / "list.txt", backend)


@pytest.mark.parametrize(
    "data",
    [
        b"a.jpg 0 10\nb.jpg 1 11\n",
        b"\xef\xbb\xbfa.jpg 0 10\nb.jpg 1 11\n",
        b"a.jpg 0 10\r\nb.jpg 1 11\r\n",
        b"a.jpg 0 10\rb.jpg 1 11\r",
        b"a.jpg 0 10\nb.jpg 1 11",
        b"\n\na.jpg 0 10\n   \n\t\nb.jpg 1 11\n\n",
        b"a.jpg\t0\t10\nb.jpg    1  \t 11\n",
        b"  a.jpg 0 10  \nb.jpg 1 11\t\t\n",
    ],
    ids=["plain", "bom", "crlf", "cr", "no_newline", "blank_lines", "tabs", "trailing"],
)
def test_good_lists(read, data):
    files = read(data)
    assert list(files.names()) == ["a.jpg", "b.jpg"]
    assert files.name(-1) == "b.jpg"
    assert files.labels.tolist() == [[0, 10], [1, 11]]
    assert files.labels.dtype == files.rois.dtype == "int64" and files.rois.shape == (2, 0)
    assert len(files) == 2 and files.columns is None
    for wrong in (2, -3):
        with pytest.raises(IndexError):
            files.name(wrong)


def test_line_numbers_count_blank_lines(read):
    assert all_lines(read(b"\na.jpg 0\r\n\r\nb.jpg 1\n")) == [2, 4]
    assert all_lines(read(b"\n \r\ra.jpg 0\nb.jpg 1")) == [4, 5]
    ends = [b"\n", b"\r\n", b"\r", b"\n \n", b"\r\r", b"\r\n\t\r\n"]
    data = b"".join(b"  %d.jpg 0" % i + ends[i % 6] for i in range(2000))
    lines = [i + 1 + (i - i % 6) // 6 * 3 + max(0, i % 6 - 3) for i in range(2000)]
    assert all_lines(read(data)) == lines


def test_names(read):
    files = read("фото.jpg 0\n/absolute/путь.jpg -1\n\N{GRINNING FACE}\x85\u2028.png +2\n".encode())
    assert list(files.names()) == ["фото.jpg", "/absolute/путь.jpg", "\N{GRINNING FACE}\x85\u2028.png"]
    assert files.labels.tolist() == [[0], [-1], [2]]


def test_names_that_are_not_utf8_reach_the_file(read):
    assert os.fsencode(read(b"\xff\xfe.jpg 0\n").name(0)) == b"\xff\xfe.jpg"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a.jpg 0\nb.jpg cat\n", r"list\.txt, line 2: a label is no integer: 'b\.jpg cat'"),
        (b"a.jpg 0\nb.jpg 1.5\n", r"line 2: a label is no integer"),
        (b"a.jpg 0\nb.jpg +-1\n", r"line 2: a label is no integer"),
        (b"a.jpg 0\n\nb.jpg 1 2\n", r"line 3: 2 labels, but line 1 has 1; they cannot be batched: 'b\.jpg 1 2'"),
        (b"\r\ra.jpg 0 1\nb.jpg 1\n", r"line 4: 1 labels, but line 3 has 2; they cannot be batched: 'b\.jpg 1'"),
        (b"a.jpg\n", r"line 1: there is no label after the name: 'a\.jpg'"),
        (b"a.jpg 0\nb.jpg 99999999999999999999\n", r"line 2: a label does not fit 64 bits"),
        (b"a.jpg 0\nb.jpg -9223372036854775809\n", r"line 2: a label does not fit 64 bits"),
        (b"a.jpg 0\nb.jpg " + b"9" * 5000, r"line 2: a label does not fit 64 bits: 'b\.jpg 9{194}'\.\.\.; "),
        (b"", r"list\.txt is empty"),
        (b"\xef\xbb\xbf \n\t\r\n", r"list\.txt is empty"),
    ],
)
def test_bad_lists(read, data, message):
    with pytest.raises(ListError, match=message):
        read(data)


def test_integers(read):
    files = read(b"a -9223372036854775808\nb 9223372036854775807\nc -0\nd " + b"0" * 5000 + b"7\n")
    assert files.labels[:, 0].tolist() == [-(2**63), 2**63 - 1, 0, 7]


def test_regions(read):
    files = read(b"a.jpg 1 2 3 4 5\nb.jpg -1 -2 -3 -4 .5\n", 4, label_dtype=np.float64)
    assert files.rois.tolist() == [[1, 2, 3, 4], [-1, -2, -3, -4]] and files.rois.dtype == np.int64
    assert files.labels.tolist() == [[5], [0.5]]
    with pytest.raises(ListError, match="line 1: a number of the region or a label is no integer"):
        read(b"a.jpg 1 2 3 x 5\n", 4)
    with pytest.raises(ListError, match="line 1: a number of the region is no integer"):
        read(b"a.jpg 1 2 3 4.5 5\n", 4, label_dtype=np.float32)
    with pytest.raises(ListError, match="line 2: there is no label after the four numbers of the region"):
        read(b"a.jpg 1 2 3 4 5\nb.jpg 1 2 3 4", 4)
    with pytest.raises(ValueError, match="roi_columns"):
        read(b"a.jpg 1 2 3\n", 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float_labels(read, dtype):
    texts = ["0", "-0", "1.5", ".5", "5.", "-1e3", "+2E-2", "1e-400", "-1e-400", "0e999", "NaN", "-inf", "Infinity"]
    texts += ["0.1", "16777217", "3.4028235e38", "7e-46"]
    texts += ["0" * 400 + "1", "0." + "0" * 400 + "1", "0." + "0" * 400 + "1e402", "1" + "0" * 400 + "e-400"]
    files = read("".join(f"{i}.jpg {text}\n" for i, text in enumerate(texts)).encode(), label_dtype=dtype)
    assert files.labels.dtype == dtype and files.labels.shape == (len(texts), 1)
    expected = np.array([float(text) for text in texts], dtype)[:, None]
    np.testing.assert_array_equal(files.labels, expected)
    np.testing.assert_array_equal(np.signbit(files.labels), np.signbit(expected))
    for wrong in ("1,5", "1e", "e1", ".", "0x1p3", "nan(1)", "nan()", "+-1", "--1", "1_0", "infinit", "", "1e5.5"):
        with pytest.raises(ListError, match="line 1: a label is no number"):
            read(f"a.jpg;{wrong}".encode(), delimiter=";", label_dtype=dtype)
    for wrong in ("1e999", "-1e999", "1" + "0" * 400, "1e99999999999999999999", "0.1e400"):
        with pytest.raises(ListError, match=f"a label does not fit {np.dtype(dtype).name}"):
            read(f"a.jpg {wrong}".encode(), label_dtype=dtype)
    if dtype == np.float32:
        with pytest.raises(ListError, match="a label does not fit float32"):
            read(b"a.jpg 3.4028236e38", label_dtype=dtype)


def test_delimiters(read):
    files = read(b'my photo.jpg,0, 10\n"a ""b"", c.jpg",1,"-11 "\r\n\n  \nx"y".jpg , 2,3\n', delimiter=",")
    assert list(files.names()) == ["my photo.jpg", 'a "b", c.jpg', 'x"y".jpg ']
    assert files.labels.tolist() == [[0, 10], [1, -11], [2, 3]]
    assert all_lines(files) == [1, 2, 5]
    for delimiter in ";\t| ":
        files = read(f"a,b.jpg{delimiter}0\nc.jpg{delimiter}1".encode(), delimiter=delimiter)
        assert list(files.names()) == ["a,b.jpg", "c.jpg"]
        assert files.labels.tolist() == [[0], [1]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'a,0\n"b,1\n', "line 2: a quoted field does not end on its line: '\"b,1'"),
        (b'a,0\n"b\nc",1\n', "line 2: a quoted field does not end on its line"),
        (b'a,0\n"b" ,1\n', "line 2: a quoted field goes on after its closing quote"),
        (b'a,0\nb,x,"1\n', "line 2: a label is no integer"),
        (b'a,0\nb,1,"1\n', "line 2: a quoted field does not end on its line"),
        (b"a,0\n,1\n", "line 2: there is no name"),
        (b'a,0\n"",1\n', "line 2: there is no name"),
        (b"a,0,\n", "line 1: a label is no integer"),
        (b"a;0\n", "line 1: there is no label after the name"),
    ],
)
def test_bad_csv(read, data, message):
    with pytest.raises(ListError, match=re.escape(message)):
        read(data, delimiter=",")


def test_header(read):
    files = read(b'\xef\xbb\xbf\n \nname,"a ""label"""\r\n\na.jpg,0\n', delimiter=",", header=True)
    assert files.columns == ["name", 'a "label"']
    assert list(files.names()) == ["a.jpg"] and all_lines(files) == [5]
    long = read(b"name " + b"x" * 200_000 + b"\ra.jpg 0\r", header=True)
    assert [len(column) for column in long.columns] == [4, 200_000] and long.name(0) == "a.jpg"
    for empty in (b"", b"name label", b"\n\n", b"name label\n\n"):
        with pytest.raises(ListError, match="is empty"):
            read(empty, header=True)
    with pytest.raises(ListError, match="line 2: a quoted field does not end on its line: '\"name'"):
        read(b'\n"name\na,0\n', delimiter=",", header=True)


@pytest.mark.parametrize(
    "options",
    [dict(delimiter=wrong) for wrong in ("", ",,", "a", "0", '"', "\n", "-", ".", "é", 44, b",")]
    + [dict(label_dtype=wrong) for wrong in (np.int32, np.uint8, str, ">i8")],
)
def test_impossible_arguments(read, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        read(b"a 0\n", **options)


def test_no_list(tmp_path, backend):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt"):
        FileList(tmp_path / "nowhere.txt", backend=backend)
    with pytest.raises(IsADirectoryError):
        FileList(tmp_path, backend=backend)


@pytest.mark.slow
def test_more_than_one_piece(read):
    """Several megabytes, with lines that are longer than a piece."""
    names = [f"{i:x}" * (1 if i % 50_000 else 400_000) for i in range(1, 200_000)]
    data = "".join(f"{name} {i} {-i}" + ("\n", "\r\n", "\r", "\n\n")[i % 4] for i, name in enumerate(names)).encode()
    files = read(data)
    assert len(files) == len(names)
    np.testing.assert_array_equal(files.labels, np.arange(len(names))[:, None] * [1, -1])
    for i in [*range(0, len(names), 997), *range(49_998, len(names), 50_000), len(names) - 1]:
        assert files.name(i) == names[i] and files.line(i) == i + 1 + i // 4
    with pytest.raises(ListError, match=rf"line {len(names) + 1 + len(names) // 4}: a label is no integer: 'late x'"):
        read(data + b"late x\n" * 300_000)


def both(data: bytes, **options) -> list:
    """What both backends make of a list: all that can be seen, or the error's words."""
    got = []
    for backend in ("native", "opencv"):
        need(backend)
        # A pipe: no file to write, no clock to wait for.
        reader, writer = os.pipe()
        os.write(writer, data)
        os.close(writer)
        try:
            files = FileList(f"/dev/fd/{reader}", backend=backend, **options)
        except ListError as error:
            got.append(re.sub(r"/dev/fd/\d+", "list", str(error)))
        else:
            labels = files.labels.tobytes() if files.labels.dtype == np.int64 else files.labels.tolist()
            got.append((list(files.names()), all_lines(files), labels, files.rois.tolist(), files.columns))
            assert files.labels.dtype == np.dtype(options.get("label_dtype", np.int64))
        finally:
            os.close(reader)
    return got


pieces = st.sampled_from(
    [
        *(b" ", b"\t", b"\v", b"\n", b"\r", b"\r\n", b",", b'"', b'""', b'a"b', b"a.jpg", b"\xff\xfe", b"\0"),
        *(b"0", b"17", b"-3", b"+4", b"+", b"-", b".5", b"2.", b"1e3", b"1e400", b"-1e-400", b"9" * 19, b"9" * 20),
        *(b"inf", b"\xef\xbb\xbf"),
    ]
)
lists = st.lists(pieces | st.binary(max_size=3), max_size=60).map(b"".join)
likely = st.lists(
    st.tuples(
        st.sampled_from([b"a", b"b c", b'"d,""e"""', b" f ", b""]),
        st.lists(st.sampled_from([b"1", b" -2", b"3.5", b'"4"', b"1e39"]), min_size=1, max_size=2),
        st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\n", b" \n"]),
    ).map(lambda line: b",".join([line[0], *line[1]]) + line[2]),
    max_size=8,
).map(b"".join)


@given(
    lists | likely | likely.map(lambda data: data.replace(b",", b" ")),
    st.sampled_from([None, ",", "\t", " "]),
    st.sampled_from([0, 4]),
    st.sampled_from([np.int64, np.float32, np.float64]),
    st.booleans(),
)
@example(b'"', ",", 0, np.int64, False)
@example(b'""', ",", 0, np.int64, False)
@example(b'"""', ",", 0, np.int64, False)
@example(b"\xef\xbb\xbf\xef\xbb\xbfa 0", None, 0, np.int64, True)
def test_both_backends_read_the_same(data, delimiter, roi_columns, dtype, header):
    options = dict(delimiter=delimiter, roi_columns=roi_columns, label_dtype=dtype, header=header)
    native, plain = both(data, **options)
    assert repr(native) == repr(plain)  # nan is no equal of itself
