"""The thread of a worker process that sends batches to the loader: its queues, and errors instead of silence.

Python's queues pickle in a thread of their own, and drop what cannot be pickled with no more than a traceback on the
standard error: torch's loader then waits for that batch for ever.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing import queues

from torch._utils import ExceptionWrapper


def given_queues() -> list[queues.Queue]:
    """The queues that this process was started with: in a DataLoader's worker process, the loader's."""
    started_with = getattr(multiprocessing.current_process(), "_args", ())
    return [it for it in started_with if isinstance(it, queues.Queue)]


def report_errors() -> None:
    """From now on a batch of this worker process that cannot be sent is an error in the loop that waits for it. To be
    called before the first batch is sent."""
    for queue in given_queues():
        queue._on_queue_feeder_error = lambda error, sent, queue=queue: _send(queue, error, sent)


def _send(queue: queues.Queue, error: Exception, sent: object) -> None:
    number = sent[0] if isinstance(sent, tuple) and len(sent) == 2 else None
    if not isinstance(number, int):  # no batch
        queues.Queue._on_queue_feeder_error(error, sent)
        return
    info = type(error), error, error.__traceback__
    queue.put((number, ExceptionWrapper(info, "in a DataLoader worker process, where the batch could not be sent")))
