"""Labels that are names of classes: in list files, in memory, and in folders."""

from __future__ import annotations

import pickle

import images
import numpy as np
import pytest
from torch.utils.data import ConcatDataset

from pixfeed import DataLoader, FastTxtDataset, FileList, ListError, backends
from pixfeed.backends.plain import Plain
from pixfeed.datasets import ImageFolder
from pixfeed.list_parser import Fault

LINES = ["a.png dog", "b.png cat", "", "a.png cat", "b.png  bird "]


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(images.png(images.picture(8, 9)))
    (tmp_path / "list.txt").write_text("\n".join(LINES))
    return tmp_path


@pytest.fixture
def make(folder, backend):
    def make(classes, text: str | None = None, **options) -> FastTxtDataset:
        if text is not None:
            (folder / "list.txt").write_text(text)
        return FastTxtDataset(folder / "list.txt", folder, 6, 7, classes=classes, backend=backend, **options)

    return make


def labels_of(dataset) -> list:
    return next(iter(DataLoader(dataset, 10)))[1].tolist()


def test_the_words_that_are_there(make):
    dataset = make("auto")
    assert dataset.classes == ["bird", "cat", "dog"] and dataset.class_to_idx == {"bird": 0, "cat": 1, "dog": 2}
    assert dataset[0][1] == 2 and type(dataset[0][1]) is int and labels_of(dataset) == [2, 1, 1, 0]
    assert dataset.files.labels.dtype == np.int64
    again = pickle.loads(pickle.dumps(dataset))
    assert again.classes == dataset.classes and labels_of(again) == [2, 1, 1, 0]
    loader = DataLoader(dataset, 4, num_workers=1, workers="process", multiprocessing_context="fork")
    assert next(iter(loader))[1].tolist() == [2, 1, 1, 0]
    assert labels_of(ConcatDataset([dataset, dataset])) == [2, 1, 1, 0] * 2
    assert not hasattr(make(None, "a.png 1\n"), "classes")


def test_names_that_are_given(make):
    dataset = make(["dog", "cat", "bird", "fish"])
    assert dataset.classes == ["dog", "cat", "bird", "fish"] and labels_of(dataset) == [0, 1, 1, 2]
    other = make(dataset.class_to_idx)
    assert other.classes == dataset.classes and labels_of(other) == [0, 1, 1, 2]
    gaps = make({"dog": 7, "cat": 3, "bird": 3})
    assert labels_of(gaps) == [7, 3, 3, 3] and gaps.classes == ["cat", "bird", "dog"]


@pytest.mark.parametrize(("squeeze", "expected"), [(None, [0]), (True, [0]), (False, [[0]])])
def test_one_label_is_a_number(make, squeeze, expected):
    assert labels_of(make("auto", "a.png x\n", squeeze_labels=squeeze)) == expected


def test_several_labels_and_regions(make):
    dataset = make("auto", "a.png 0 0 4 4 red round\nb.png 1 1 3 3 blue round\n", roi_columns=4)
    assert dataset.classes == ["blue", "red", "round"] and labels_of(dataset) == [[1, 2], [0, 2]]
    assert dataset.rois.tolist() == [[0, 0, 4, 4], [1, 1, 3, 3]]


def test_names_with_blanks_quotes_and_other_letters(make):
    text = 'a.png, golden retriever \nb.png,"a ""b"", c"\na.png,"golden retriever"\nb.png,Äpfel\n'
    dataset = make("auto", text, delimiter=",")
    assert dataset.classes == ['a "b", c', "golden retriever", "Äpfel"] and labels_of(dataset) == [1, 0, 1, 2]
    header = make("auto", "name,label\na.png,x\n", delimiter=",", header=True)
    assert header.classes == ["x"]


def test_names_that_are_no_utf8(make, folder):
    (folder / "list.txt").write_bytes(b"a.png \xff\nb.png x\n")
    dataset = make("auto")
    assert labels_of(dataset) == [1, 0] and labels_of(pickle.loads(pickle.dumps(dataset))) == [1, 0]


def test_a_word_that_is_unknown(make):
    with pytest.raises(ListError, match=r"list\.txt, line 5: a label is none of the classes.*did you mean 'birds'\?"):
        make(["dog", "cat", "birds"])
    with pytest.raises(ListError, match=r"line 1: .*the classes are 'x': add it, or say classes='auto'") as caught:
        make(["x"])
    assert caught.value.line == 1
    with pytest.raises(ListError, match=r"line 1: .*need a delimiter between fields"):
        make(["golden retriever"], "a.png golden retriever\n")


def test_other_faults(make):
    with pytest.raises(ListError, match="line 2: there is no label after the name"):
        make("auto", "a.png x\nb.png\n")
    with pytest.raises(ListError, match="line 1: there is no label after the name"):
        make("auto", "a.png,\n", delimiter=",")
    with pytest.raises(ListError, match="line 2: 2 labels, but line 1 has 1"):
        make("auto", "a.png x\nb.png x y\n")
    with pytest.raises(ListError, match="line 1: a quoted field does not end on its line"):
        make("auto", 'a.png,"x\n', delimiter=",")
    with pytest.raises(ListError, match="is empty"):
        make("auto", "\n")


def test_words_without_classes_get_the_hint(make, folder):
    with pytest.raises(ListError, match=r"line 2: .*if labels are names of classes, say classes='auto'$"):
        make(None, "a.png 0\nb.png cat\n")
    with pytest.raises(TypeError, match="labels are words: say classes='auto'"):
        FastTxtDataset.from_samples(["a.png", "b.png"], ["cat", "dog"], image_dir=folder)


def test_classes_that_make_no_sense(make):
    for wrong, what in (("cat", "classes is 'cat'"), (3, "classes is 3"), ([], "empty"), (["a", "a"], "'a' twice")):
        with pytest.raises((TypeError, ValueError), match=what):
            make(wrong)
    for wrong in ([1, 2], {"a": "b"}, [""]):
        with pytest.raises((TypeError, ValueError)):
            make(wrong)
    with pytest.raises(ValueError, match=r"label_dtype=np\.int64"):
        make("auto", label_dtype=np.float32)
    with pytest.raises(ValueError, match="classes"):
        make("auto", targets="boxes")


def test_in_memory(folder, backend):
    paths = [folder / name for name in ("a.png", "b.png", "a.png")]
    options = dict(resize_height=6, resize_width=7, backend=backend)
    words = ["dog", "cat", "dog"]
    for given in (words, tuple(words), np.array(words), np.array(words, object), iter(words)):
        dataset = FastTxtDataset.from_samples(paths, given, classes="auto", **options)
        assert dataset.classes == ["cat", "dog"] and labels_of(dataset) == [1, 0, 1]
    train = FastTxtDataset.from_samples(paths, words, classes=["dog", "cat"], **options)
    assert labels_of(train) == [0, 1, 0] and labels_of(pickle.loads(pickle.dumps(train))) == [0, 1, 0]
    rows = FastTxtDataset.from_samples(paths, [["a", "b"], ["b", "a"], ["a", "a"]], classes="auto", **options)
    assert labels_of(rows) == [[0, 1], [1, 0], [0, 0]]
    with pytest.raises(ListError, match=r"sample 1, 'cat', is none of the classes; did you mean 'cats'\?"):
        FastTxtDataset.from_samples(paths, words, classes=["dog", "cats"])
    with pytest.raises(TypeError, match="that of sample 0 is 1"):
        FastTxtDataset.from_samples(paths, [1, 2, 3], classes="auto")
    with pytest.raises(ValueError, match="cannot be batched"):
        FastTxtDataset.from_samples(paths, [["a"], ["a", "b"], ["a"]], classes="auto")


@pytest.mark.parametrize("kind", [FastTxtDataset.from_folder, ImageFolder])
def test_of_folders(folder, backend, kind):
    """A folder for validation may lack classes, and has the numbers of the one for training."""
    for name in ("dog", "bird"):
        (folder / "val" / name).mkdir(parents=True)
        (folder / "val" / name / "0.png").write_bytes(images.png(images.picture(8, 9)))
    known = {"bird": 0, "cat": 1, "dog": 2}
    dataset = kind(folder / "val", resize_height=6, resize_width=7, classes=known, backend=backend)
    assert labels_of(dataset) == [0, 2] and dataset.classes == ["bird", "cat", "dog"]
    assert dataset.class_to_idx == known and kind(folder / "val").class_to_idx == {"bird": 0, "dog": 1}
    with pytest.raises(ListError, match=r"the folder 'dog' is none of the classes; did you mean 'dogs'\?"):
        kind(folder / "val", classes=["bird", "dogs"])


def test_a_long_list_is_the_same_in_parts(tmp_path, monkeypatch):
    """Of several megabytes, on several threads; both parsers read it alike."""
    rng = np.random.default_rng(0)
    words = rng.choice([f"class{i}" for i in range(50)], 200_000)
    (tmp_path / "list.txt").write_text("".join(f"folder/{i}.jpg {word}\n" for i, word in enumerate(words)))
    found = [FileList(tmp_path / "list.txt", classes="auto", backend=name) for name in ("native", "opencv")]
    assert found[0].class_to_idx == found[1].class_to_idx and len(found[0].class_to_idx) == 50
    assert (found[0].labels == found[1].labels).all() and found[0].class_to_idx[words[7]] == found[0].labels[7, 0]


PIECES = [" ", "\t", "\n", "\r", ",", '"', '""', "a.jpg", "cat", "1", "\ufeff", "a cat\n", "b,dog\n", '"c d",1\n']
WORDS = {"auto": None, "some": {b"cat": 5, b"1": 2}, "none": None}


@pytest.mark.parametrize("kind", WORDS)
@pytest.mark.parametrize("delimiter", [None, ","])
@pytest.mark.parametrize("roi_columns", [0, 4])
def test_both_parsers_say_the_same(kind, delimiter, roi_columns):
    rng = np.random.default_rng(1)
    native, plain = backends.load("native"), Plain()
    dtype = None if kind == "none" else np.dtype(np.int64)
    faults = set()
    for _ in range(1000):
        data = "".join(rng.choice(PIECES, rng.integers(1, 12))).encode()
        words = WORDS[kind]
        if kind == "auto":
            collected = [each.collect_words(data, 0, len(data), delimiter, roi_columns, 2) for each in (native, plain)]
            assert collected[0] == collected[1], data
            words = {word: i for i, word in enumerate(collected[0][1])}
        (problem, table), (other, same) = (
            each.parse_list(data, 0, len(data), 1, delimiter, roi_columns, dtype, 2, words) for each in (native, plain)
        )
        assert problem == other, data
        faults.add(problem.fault)
        if not problem.fault and len(table.offsets) > 1:  # else they are undefined
            for found, expected in zip(table, same, strict=True):
                assert found.shape == expected.shape and (found == expected).all(), data
    assert 0 in faults and (kind != "some" or roi_columns or Fault.UNKNOWN_WORD in faults)
