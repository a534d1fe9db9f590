"""Jobs on several threads with results in order; cores that shared a layer would wait for each other."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from danceit_core.media.letterbox import Picture


def at_once(jobs: Iterator[Callable[[], list[Picture]]], *, workers: int) -> Iterator[list[Picture]]:
    """The results of the jobs, in order; `workers` of them run at once, each on its share of the cores."""
    threads = torch.get_num_threads()
    running: deque[Future[list[Picture]]] = deque()
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(max(1, threads // workers),))
    try:
        for job in jobs:
            running.append(pool.submit(job))
            if len(running) > 2 * workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # a thread of the pool sets the number of later threads as well
