"""The errors that decide what happens to a task."""


class TransientError(Exception):
    """It may work later: the task is tried again, after a growing pause."""


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
