"""What a message about a list says to do."""

from __future__ import annotations

import pytest

from pixfeed import FileList, ListError


@pytest.fixture
def message(tmp_path, backend):
    def of(data: bytes, **options) -> str:
        path = tmp_path / "list.txt"
        path.write_bytes(data)
        with pytest.raises(ListError) as caught:
            FileList(path, backend=backend, **options)
        return str(caught.value)

    return of


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-16-LE", "UTF-32"])
def test_another_encoding(message, encoding):
    said = message("0.jpg 0\n1.jpg 1\n".encode(encoding))
    name = "UTF-16 or UTF-32" if encoding == "UTF-16-LE" else encoding
    assert said.endswith(f"list.txt: this list is {name}: save it as UTF-8")


@pytest.mark.parametrize("separator", ",;|")
def test_a_separator_that_was_not_given(message, separator):
    said = message(f"0.jpg{separator}0\n".encode())
    assert said.endswith(f"if its fields are separated by '{separator}', say delimiter='{separator}'")
    said = message(f"0 0.jpg{separator}0\n".encode())
    assert f"delimiter='{separator}'" in said


def test_other_remedies(message):
    assert message(b"name label\n0.jpg 0\n").endswith("if this line names the columns, say header=True")
    assert message(b"0.jpg 0\n1.jpg 0.5\n").endswith("for labels with a fraction say label_dtype=np.float32")
    assert message(b"0.jpg 0.5\n").endswith("for labels with a fraction say label_dtype=np.float32")
    assert "header" not in message(b"my photo.jpg 0\n1.jpg 1\n")
    assert "a name with blanks needs a list with another delimiter" in message(b"0.jpg 0\nmy photo.jpg 0\n")
    assert message(b"0.jpg\n").endswith("labels=False (label_dtype=None of FileList) for a list without labels")
    assert message(b'"0.jpg,0\n', delimiter=",").endswith('a quote inside a quoted field is written twice: ""')
    assert message(b"0.jpg 0\n1.jpg 0 1\n").endswith("; mend this line or take it off the list")
