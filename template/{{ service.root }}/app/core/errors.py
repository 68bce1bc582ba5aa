"""The errors that decide what happens to a task."""


class TransientError(Exception):
    """It may work later: the task is tried again, after a growing pause.

    Attributes:
        retry_after: how many seconds the pause must have at least, where that is known.
    """

    def __init__(self, *args: object, retry_after: float | None = None) -> None:
        super().__init__(*args)
        self.retry_after = retry_after


class PermanentError(Exception):
    """It will never work: the task fails at once."""


class InvalidArguments(PermanentError):
    """A task was called with arguments that do not fit its signature."""


class PayloadTooLarge(PermanentError):
    """A task was called with more data than a message should carry."""


class InvalidTask(PermanentError):
    """A task is made in a way in which it could not keep its promises."""


class DelayTooLong(PermanentError):
    """A task was delayed for longer than the broker can keep it."""


class TaskMemoryError(PermanentError):
    """A task needs more memory than its process can get."""


class DeliveredTooOften(PermanentError):
    """A message came back again and again, from workers that died with it, for example."""
