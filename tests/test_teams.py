"""Teams: the threads of the opencv backend."""

from __future__ import annotations

import os
import threading
import time

import images
import numpy as np
import pytest

import pixfeed
from pixfeed.backends import teams
from pixfeed.backends.teams import Team


def test_each_task_is_carried_out_once():
    team = Team(3)
    done = []
    team.each(100, done.append, 3, -1)
    assert sorted(done) == list(range(100))
    team.each(0, done.append, 3, -1)
    assert len(done) == 100


@pytest.mark.parametrize("threads", [1, 2])
def test_no_more_threads_than_wanted(threads):
    team = Team(4)
    working, most, lock = 0, 0, threading.Lock()

    def task(_: int) -> None:
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        time.sleep(0.002)
        with lock:
            working -= 1

    team.each(20, task, threads, -1)
    assert most == threads


def test_a_failure_is_raised_and_the_rest_left_out():
    team, done = Team(1), []

    def task(i: int) -> None:
        done.append(i)
        if i == 3:
            raise KeyError("three")

    with pytest.raises(KeyError, match="three"):
        team.each(10, task, 1, -1)
    assert done == [0, 1, 2, 3]
    team.each(1, done.append, 1, -1)  # it goes on working
    assert done == [0, 1, 2, 3, 0]


def test_cancelling_and_priorities():
    """A call with a lower number goes first, between two tasks of another; a cancelled one leaves out the rest."""
    team, order, begun, go = Team(1), [], threading.Event(), threading.Event()

    def first(i: int) -> None:
        order.append(("later", i))
        if i == 0:
            begun.set()
            go.wait()

    later = threading.Thread(target=lambda: team.each(3, first, 1, 7))
    later.start()
    begun.wait()
    sooner = threading.Thread(target=lambda: team.each(2, lambda i: order.append(("sooner", i)), 1, 2))
    sooner.start()
    while len(team._under_way) < 2 or team._waiting.empty():
        time.sleep(0.001)
    go.set()
    later.join()
    sooner.join()
    assert order == [("later", 0), ("sooner", 0), ("sooner", 1), ("later", 1), ("later", 2)]

    done = []

    def cancels(i: int) -> None:
        done.append(i)
        team.cancel(5)

    team.each(10, cancels, 1, 5)
    assert done == [0]


def test_a_system_without_threads(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(teams, "_teams", teams._Teams())
    picture = images.picture(20, 30)
    np.testing.assert_array_equal(pixfeed.imread(images.png(picture), backend="opencv"), picture[..., ::-1])


def test_threads_end_with_the_team():
    others = set(threading.enumerate())  # of other tests, which may end meanwhile
    team = Team(3)
    team.each(3, lambda i: None, 3, -1)
    own = set(threading.enumerate()) - others
    assert len(own) == 3
    del team
    for thread in own:
        thread.join(10)
    assert not any(thread.is_alive() for thread in own)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_has_teams_of_its_own():
    data = images.jpeg(images.picture(20, 30))
    expected = pixfeed.imread(data, backend="opencv")
    child = os.fork()
    if child == 0:
        same = np.array_equal(pixfeed.imread(data, backend="opencv"), expected)
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0
