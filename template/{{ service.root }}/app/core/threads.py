"""The pool `threads`: Python cannot end a thread, so there are no time limits."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Thread

from app.core.in_process import InProcessPool, Job


class Threads(InProcessPool):
    """A pool of threads. A task that never ends does not keep the process from its end."""

    def on_start(self) -> None:
        """Start the threads."""
        # Celery makes it at its first use: threads that begin at a time would make one each.
        _ = self.app.backend
        self._waiting: SimpleQueue[Job] = SimpleQueue()
        for number in range(self.limit):
            Thread(target=self._work, name=f"task-{number}", daemon=True).start()

    def run(self, job: Job) -> None:
        """Give a job to the next thread that is free."""
        self._waiting.put(job)

    def _work(self) -> None:
        while True:
            self._waiting.get().run()
