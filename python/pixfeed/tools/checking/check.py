"""What is wrong with a list: every line, every file, and what they say about each other."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pixfeed.errors import Origin, Status
from pixfeed.tools.checking import facts as file_facts
from pixfeed.tools.checking.facts import Facts
from pixfeed.tools.checking.lines import Line, Lines
from pixfeed.tools.checking.mask_facts import MaskFacts, of_masks
from pixfeed.tools.checking.remembered import Remembered
from pixfeed.tools.checking.rules import OF_STATUS, RULES, SUFFIXES, Severity

#: Shows how far a step is: its name and the number of files, to a function that takes how many are done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class Limits:
    """
    Attributes:
        classes: the number of classes; ``None`` if it is not known.
        ignore_index: a number in masks that is no class.
        min_side: pixels.
        max_megapixels: millions of pixels.
    """

    classes: int | None = None
    ignore_index: int = 255
    min_side: int = 8
    max_megapixels: float = 50.0


@dataclass(frozen=True)
class Finding:
    """
    Attributes:
        rule: its id.
        list: the list file.
        line: counted from 1.
        file: the image or the mask; empty if the line has none.
        message: what is wrong, and what to do.
    """

    rule: str
    list: str
    line: int
    file: str
    message: str

    @property
    def severity(self) -> Severity:
        return RULES[self.rule].severity


@dataclass
class Checked:
    """A list, and what its files are.

    Attributes:
        lines: the list.
        files: the image of each line; empty if the line cannot be used.
        facts: of each; ``None`` if there is no file.
        masks: of each, if the list has masks.
    """

    lines: Lines
    files: list[str]
    facts: list[Facts | None]
    masks: list[MaskFacts | None]

    @property
    def samples(self) -> Iterator[tuple[int, Line, Facts | None]]:
        """Those lines that can be used, with the place of each."""
        for i, (line, facts) in enumerate(zip(self.lines.lines, self.facts, strict=True)):
            if not line.problem:
                yield i, line, facts

    @property
    def classes(self) -> Counter[Any]:
        """How often each class stands in the list, in images or boxes: by number, or by name if the list has names. Of
        lists with one class per image, or boxes."""
        targets = [line.target for _, line, _ in self.samples]
        if self.lines.kind == "boxes":
            return Counter(row[0] for target in targets for row in target)
        if self.lines.kind == "labels" and all(len(target) == 1 and _is_class(target[0]) for target in targets):
            return Counter(target[0] for target in targets)
        return Counter()


def look(lines: Lines, folder: Path, mask_folder: Path, decode: bool, remember: bool, progress: Progress) -> Checked:
    """Look at all files of a list.

    Args:
        folder, mask_folder: what names are relative to.
        decode: decode every picture, not only its header.
        remember: keep what is found, and do not read again what has not changed.
        progress: see :data:`Progress`.
    """
    files = ["" if line.problem else os.path.join(folder, line.name) for line in lines.lines]
    its = Checked(lines, files, [None] * len(files), [None] * len(files))
    memory = Remembered("decoded" if decode else "header", remember)
    try:
        names = list(dict.fromkeys(filter(None, files)))
        with progress("reading " + ("pictures" if decode else "headers"), len(names)) as done:
            found = memory.of(names, Facts, partial(_find, decode=decode), done)
        by_name = dict(zip(names, found, strict=True))
        its.facts = [by_name.get(file) for file in files]
    finally:
        memory.close()
    if lines.kind == "mask":
        names = [os.path.join(mask_folder, line.target[0]) for _, line, _ in its.samples]
        memory = Remembered("mask", remember)
        try:
            with progress("reading masks", len(names)) as done:
                masks = iter(memory.of(names, MaskFacts, of_masks, done))
        finally:
            memory.close()
        its.masks = [None if line.problem else next(masks) for line in lines.lines]
    return its


def _find(paths: Any, done: Callable[[int], None], decode: bool) -> Iterator[tuple[int, Facts]]:
    return file_facts.of_files(paths, decode, done)


def check(its: Checked, mask_folder: Path, limits: Limits, other: Checked | None = None) -> list[Finding]:
    """Everything that the rules find, in the order of the list.

    Args:
        its: the list that is checked.
        mask_folder: what names of masks are relative to.
        limits: what is too small, too large, and no class.
        other: another list: the validation set for a list that is trained on, for example.
    """
    found: list[tuple[int, Finding]] = []

    def add(i: int, rule: str, message: str, file: str | None = None) -> None:
        where = its.files[i] if file is None else file
        found.append((i, Finding(rule, its.lines.filename, its.lines.lines[i].number, where, message)))

    names, numbers = _Names(), its.lines.class_to_idx
    for i, line in enumerate(its.lines.lines):
        facts = its.facts[i]
        if facts is None:
            text = line.text.strip()[:80].decode("utf-8", "replace")
            add(i, "bad-line", f"{line.problem}: {text!r}; mend this line or take it off the list")
        elif facts.status != Status.OK:
            missing = facts.status == Status.MISSING
            words = str(Origin("").image_error(facts.status, 0, "" if missing else facts.note)).removeprefix(": ")
            add(i, OF_STATUS[Status(facts.status)], words + (names.near(its.files[i]) if missing else ""))
        else:
            for rule, message in _of_picture(its.files[i], facts, limits):
                add(i, rule, message)
            if its.lines.kind in ("boxes", "keypoints"):
                for rule, message in _of_shapes(line, facts, its.lines.kind):
                    add(i, rule, message)
        for each in _classes(line, its.lines.kind):
            if limits.classes is not None and not 0 <= numbers.get(each, each) < limits.classes:
                allowed = f"with --classes {limits.classes} there may be 0 to {limits.classes - 1}"
                number = f" is number {numbers[each]}" if each in numbers else ""
                add(i, "label-range", f"the class {each}{number}; {allowed}")
        if (mask := its.masks[i]) is not None:
            path = os.path.join(mask_folder, line.target[0])
            for rule, message in _of_mask(mask, facts, limits):
                add(i, rule, message, path)
    _same_content(its, other, add)
    elsewhere = [] if other is None else list(_classes_without_other(its, other, "class-missing-there"))
    elsewhere += [] if other is None else list(_classes_without_other(other, its, "class-only-there"))
    found.sort(key=lambda pair: pair[0])  # stable: the rules of a line stay in order
    return [finding for _, finding in found] + elsewhere


class _Names:
    """What a missing file may have been meant to be."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, str]] = {}

    def near(self, path: str) -> str:
        folder, name = os.path.split(path)
        if folder not in self._folders:
            try:
                stems = ((*os.path.splitext(each.lower()), each) for each in os.listdir(folder or "."))
                self._folders[folder] = {stem: each for stem, suffix, each in stems if suffix in SUFFIXES}
            except OSError:
                self._folders[folder] = {}
        found = self._folders[folder].get(os.path.splitext(name)[0].lower())
        return f" (there is {found})" if found and found != name else ""


def _of_picture(file: str, facts: Facts, limits: Limits) -> Iterator[tuple[str, str]]:
    said = SUFFIXES.get(os.path.splitext(file)[1].lower())
    if facts.warning:
        yield "warned", f"{facts.warning}; look at it, or fetch it again (strict=True refuses such images)"
    if min(facts.width, facts.height) < limits.min_side:
        yield "tiny", f"{_sides(facts)}; replace it, or lower --min-side"
    if said is not None and facts.format and said != facts.format:
        yield "suffix", f"the name says {said.upper()}, and it is {facts.format.upper()}; rename it"
    if facts.color == "cmyk":
        yield "cmyk", "CMYK: its colors become RGB without a color profile; convert it to RGB"
    if facts.bits > 8:
        yield "deep", f"{facts.bits} bits per channel, read as 8 without depth=16"
    if facts.orientation != 1:
        yield "turned", f"EXIF orientation {facts.orientation}: pixfeed displays it upright, other readers may not"
    if facts.width * facts.height > limits.max_megapixels * 1e6:
        yield "huge", f"{_sides(facts)}, {facts.width * facts.height / 1e6:,.0f} megapixels; scale it down beforehand"


def _sides(facts: Facts) -> str:
    return f"{facts.width:,} x {facts.height:,} pixels"


def _of_shapes(line: Line, facts: Facts, kind: str) -> Iterator[tuple[str, str]]:
    image = f"its image as displayed has {facts.width} x {facts.height} (w x h) pixels"
    for number, row in enumerate(line.target, 1):
        if kind == "keypoints":
            x, y, v = row
            if v > 0 and not (0 <= x <= facts.width and 0 <= y <= facts.height):
                yield "point-outside", f"point {number} (x {x:g}, y {y:g}) is outside; {image}"
            continue
        _, x, y, w, h = row
        box = f"box {number} (x {x:g}, y {y:g}, w {w:g}, h {h:g})"
        if not (w > 0 and h > 0):
            yield "box-empty", f"{box} has no area"
        elif x < 0 or y < 0 or x + w > facts.width + _ROUNDED or y + h > facts.height + _ROUNDED:
            yield "box-outside", f"{box} reaches beyond its image; {image}"


# A box from other numbers than pixels may reach that much too far.
_ROUNDED = 0.01


def _is_class(label: object) -> bool:
    return isinstance(label, (int, str))


def _classes(line: Line, kind: str) -> Iterator[Any]:
    """The classes of a line, each once: a label if it is the only one, those of boxes."""
    if kind == "boxes":
        yield from dict.fromkeys(row[0] for row in line.target)
    elif kind == "labels" and len(line.target) == 1 and _is_class(line.target[0]):
        yield line.target[0]


def _of_mask(mask: MaskFacts, facts: Facts | None, limits: Limits) -> Iterator[tuple[str, str]]:
    if mask.problem:
        yield "mask-missing", mask.problem
        return
    if facts is not None and facts.status == Status.OK and (mask.width, mask.height) != (facts.width, facts.height):
        have, want = f"{mask.width} x {mask.height}", f"{facts.width} x {facts.height}"
        yield "mask-size", f"the mask has {have} (w x h) pixels, its image as displayed {want}"
    if limits.classes is not None:
        wrong = [value for value in mask.values if value != limits.ignore_index and not 0 <= value < limits.classes]
        if wrong:
            shown = ", ".join(map(str, wrong[:5])) + (", ..." if len(wrong) > 5 else "")
            allowed = f"0 to {limits.classes - 1}, and {limits.ignore_index}"
            yield "mask-range", f"{shown} in the mask; with --classes {limits.classes} there may be {allowed}"


_Add = Callable[[int, str, str], None]


def _same_content(its: Checked, other: Checked | None, add: _Add) -> None:
    groups: dict[str, list[int]] = defaultdict(list)
    for i, _, facts in its.samples:
        if facts is not None and facts.digest and facts.bytes:
            groups[facts.digest].append(i)
    there: dict[str, int] = {}
    if other is not None:
        for i, _, facts in other.samples:
            if facts is not None and facts.digest and facts.bytes:
                there.setdefault(facts.digest, i)
    for digest, group in groups.items():
        if digest in there and other is not None:
            line = other.lines.lines[there[digest]]
            where = f"{other.lines.filename}, line {line.number} ({line.name})"
            for i in group:
                add(i, "leak", f"the same content as {where}; take it off one of the lists")
        if len(group) == 1:
            continue
        by_target: dict[Any, list[int]] = defaultdict(list)
        for i in group:
            by_target[_target(its, i)].append(i)
        first_of_others = [places[0] for places in by_target.values()][:2]
        for places in by_target.values():
            for i in places:
                if len(by_target) > 1:
                    j = next(each for each in first_of_others if each not in places[:1])
                    add(i, "conflict", f"{_shown(its, i)}, but the same content {_where(its, j)} has {_shown(its, j)}")
                elif i != places[0]:
                    add(i, "duplicate", f"the same content as {_where(its, places[0])}, with the same {_word(its)}")


def _target(its: Checked, i: int) -> Any:
    mask = its.masks[i]
    return its.lines.lines[i].target if mask is None or mask.problem else mask.digest


def _where(its: Checked, i: int) -> str:
    line = its.lines.lines[i]
    return f"in line {line.number} ({line.name})"


def _word(its: Checked) -> str:
    return {"labels": "label", "none": "target (none)"}.get(its.lines.kind, its.lines.kind)


def _shown(its: Checked, i: int) -> str:
    target, kind = its.lines.lines[i].target, its.lines.kind
    if kind == "labels":
        return f"label {' '.join(map(str, target[:8]))}"
    return f"the mask {target[0]}" if kind == "mask" else f"{len(target)} {kind}"


def _classes_without_other(its: Checked, other: Checked, rule: str) -> Iterator[Finding]:
    """The classes of one list that the other does not have, in the line that has each first."""
    ours, theirs = its.classes, other.classes
    first: dict[Any, int] = {}
    for i, line, _ in its.samples:
        for number in _classes(line, its.lines.kind):
            first.setdefault(number, i)
    for number in sorted(ours.keys() - theirs.keys()) if theirs and its.lines.named == other.lines.named else ():
        i = first[number]
        message = f"the class {number} ({ours[number]:,} in this list) is not in {other.lines.filename}"
        yield Finding(rule, its.lines.filename, its.lines.lines[i].number, its.files[i], message)
