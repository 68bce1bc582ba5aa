"""Look at dead letters, send them again or delete them: `python -m app.dead_letters list`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence

from kombu.exceptions import OperationalError

from app.celery_app import app
from app.core.dead_letter_store import DeadLetterStore
from app.core.dead_letters import DeadLetter, Reason, letter_id, queues_of_tasks
from app.core.errors import PermanentError
from app.core.table import print_table

COLUMNS = ("id", "died_at", "reason", "attempts", "task", "error")


class Refused(PermanentError):
    """What was asked for cannot be done."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Args:
        arguments: the command line, by default that of the process.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command in ("replay", "drop") and bool(options.id) == options.all:
        parser.error(f"{options.command}: give either the ID of one dead letter or --all")
    connection = app.connection_for_write()
    # kombu counts one among the errors of a connection that would be our own.
    away: tuple[type[BaseException], ...] = (
        OperationalError,
        *(error for error in connection.connection_errors if error is not KeyError),
    )
    try:
        connection.ensure_connection(max_retries=1, interval_start=0)
        with connection, DeadLetterStore(connection) as store:
            COMMANDS[options.command](store, options)
    except PermanentError as error:
        return _fail(str(error))
    except away as error:
        return _fail(f"the broker {connection.as_uri()} is away: {error}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.dead_letters", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    chosen = argparse.ArgumentParser(add_help=False)
    chosen.add_argument("--queue", choices=queues_of_tasks(), help="only those of a queue")
    chosen.add_argument("--task", help="only those of a task")
    chosen.add_argument("--reason", choices=list(Reason), help="only those with a reason")
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="print JSON")

    commands.add_parser("list", parents=[chosen, as_json], help="list dead letters")
    show = commands.add_parser("show", parents=[as_json], help="show one with all it holds")
    show.add_argument("id", metavar="ID")
    for name, text in (("replay", "send again"), ("drop", "delete")):
        command = commands.add_parser(name, parents=[chosen], help=f"{text} one, or all")
        command.add_argument("id", metavar="ID", nargs="?")
        command.add_argument("--all", action="store_true", help="all, or all that are chosen")
    return parser


def _list(store: DeadLetterStore, options: argparse.Namespace) -> None:
    letters = [letter.describe() for letter in _chosen(store, options)]
    if options.json:
        print(json.dumps(letters, indent=2))
    elif letters:
        headings = [name.replace("_", " ").upper() for name in COLUMNS]
        print_table(headings, ([letter[name] for name in COLUMNS] for letter in letters))
    else:
        print("no dead letters")


def _show(store: DeadLetterStore, options: argparse.Namespace) -> None:
    shown = _find(store, options.id).describe()
    if options.json:
        print(json.dumps(shown, indent=2))
        return
    message = shown.pop("message")
    traceback = shown.pop("traceback")
    for name, value in shown.items():
        print(f"{name:<10}  {value if isinstance(value, str) else json.dumps(value)}".rstrip())
    print(f"{'headers':<10}  {json.dumps(message['headers'])}")
    print(f"{'body':<10}  {message['body']}")
    print(f"\n{traceback}" if traceback else "", end="")


def _replay(store: DeadLetterStore, options: argparse.Namespace) -> None:
    """Send dead letters to their tasks again. Those that cannot be sent are left, and counted."""
    letters = _wanted(store, options)
    refused = 0
    done = 0
    for letter in letters:
        if letter.obstacle:
            refused += 1
            obstacle = letter.obstacle
        else:
            done += store.replay(letter)
    if refused:
        raise Refused(f"replayed {done}, but {refused} cannot be replayed: {obstacle}")
    print(f"replayed {_count(done)}")


def _drop(store: DeadLetterStore, options: argparse.Namespace) -> None:
    print(f"dropped {_count(sum(store.drop(letter) for letter in _wanted(store, options)))}")


COMMANDS = {"list": _list, "show": _show, "replay": _replay, "drop": _drop}


def _wanted(store: DeadLetterStore, options: argparse.Namespace) -> Iterator[DeadLetter]:
    """Return the dead letter of the command line, or all that it chooses."""
    if options.id:
        yield _find(store, options.id)
    else:
        yield from _chosen(store, options)


def _chosen(store: DeadLetterStore, options: argparse.Namespace) -> Iterator[DeadLetter]:
    for queue in [options.queue] if options.queue else queues_of_tasks():
        for letter in store.letters(queue):
            right_task = options.task in (None, letter.task)
            if right_task and options.reason in (None, letter.reason):
                yield letter


def _find(store: DeadLetterStore, wanted: str) -> DeadLetter:
    for queue in queues_of_tasks():
        if wanted.startswith(letter_id(queue, "")):
            for letter in store.letters(queue):
                if letter.id == wanted:
                    return letter
    raise Refused(f"there is no dead letter {wanted}; `list` shows all")


def _count(number: int) -> str:
    return f"{number} dead letter{'' if number == 1 else 's'}"


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
