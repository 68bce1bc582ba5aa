"""The entry that Copier loads: it gives copier.yml its rules and the templates their model."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from copier.errors import MissingFileWarning, UserMessageError
from copier_template_extensions import ContextHook
from jinja2 import Environment, pass_context
from jinja2.runtime import Context


def _load_package() -> str:
    """Make a package of the modules beside this file and return its name.

    An update renders two versions of the template in one process. The name is made from the path,
    or the new version would get the old one's modules.
    """
    folder = Path(__file__).resolve().parent
    name = f"worker_template_{sha256(str(folder).encode()).hexdigest()[:16]}"
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


_package = _load_package()
answers = import_module(f"{_package}.answers")
model = import_module(f"{_package}.model")
quoting = import_module(f"{_package}.quoting")
updates = import_module(f"{_package}.updates")


class Questionnaire(ContextHook):
    """What this template adds to Copier.

    - `{{ answer | fault('question') }}`: what is wrong with an answer
    - `{{ text | toml }}`, `{{ text | dockerfile }}`: a text as a literal of that language
    - `{{ refuse_bad_answers() }}`: ends the run with a message if something is
    - `{{ owners_files() }}`: what an update leaves alone
    - `{{ stays_away(file) }}`: whether a file of the owners is not there and does not come
    - `{{ place() }}`: the folder of the service on this machine
    - `{{ to_include() }}`: what a file that services share does not say of this one yet
    - `service`: the model of the service, for everything that is rendered
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        _compile_once(environment)
        environment.filters["fault"] = answers.fault
        environment.filters["toml"] = quoting.toml
        environment.filters["dockerfile"] = quoting.dockerfile
        environment.globals["refuse_bad_answers"] = refuse_bad_answers
        environment.globals["owners_files"] = owners_files
        environment.globals["stays_away"] = stays_away
        environment.globals["place"] = place
        environment.globals["to_include"] = to_include

    def hook(self, context: dict[str, Any]) -> None:
        """Add the model, once all answers are there: before, those of `--data` are not cast yet."""
        if context["_copier_phase"] == "render":
            context["service"] = _service(tuple((key, context[key]) for key in answers.QUESTIONS))


def _compile_once(environment: Environment) -> None:
    """Keep what texts are compiled to.

    For each file, Copier compiles the names of its folders and that of the answers file anew: half
    of a copy's time.
    """
    compile_anew = functools.cache(environment.compile)

    def compile_once(source: Any, name: str | None = None, *args: Any, **kwargs: Any) -> Any:
        # Copier's `yield` tag counts on being told of every compilation.
        environment.preprocess(source, name)
        return compile_anew(source, name, *args, **kwargs)

    environment.compile = compile_once  # type: ignore[method-assign]


@functools.cache
def _service(items: tuple[tuple[str, Any], ...]) -> Any:
    """Build the model once for a set of answers: the hook is called for every file and name."""
    return model.Service.from_answers(dict(items))


@pass_context
def refuse_bad_answers(context: Context) -> str:
    """Return "" if the answers known so far can be used.

    Raises:
        UserMessageError: with all faults at once, if they cannot.
    """
    given = context["_copier_conf"]["data"]
    faults = answers.faults_of(given)
    if not _is_comparison(context["_copier_conf"]["dst_path"]):
        together = answers.faults_together(_known(context))
        faults = _faults_of_record(context, given) | together | faults
        faults |= answers.unknown_names(given)
    if faults:
        raise UserMessageError(answers.refusal(faults))
    return ""


def _faults_of_record(context: Context, given: Mapping[str, Any]) -> dict[str, str]:
    """Return what the run would do to recorded answers and to the files that follow from them."""
    conf = context["_copier_conf"]
    recorded = _recorded(context)
    known = _known(context)
    faults: dict[str, str] = updates.move(recorded, known, _at_root(context))
    if not faults and not answers.is_yes(known.get("allow_removal")):
        lost = updates.lost_files(recorded, known, _in_folder(context))
        faults |= updates.removals(lost)
    if conf["defaults"]:
        faults |= updates.unusable_records(recorded, given)
    return faults


def _known(context: Context) -> dict[str, Any]:
    """Return the answers that are known so far."""
    return {name: context[name] for name in answers.QUESTIONS if name in context}


@pass_context
def owners_files(context: Context) -> str:
    """Return patterns, one a line, of the owners' files that the service has had before.

    What services share is not compared: it belongs to none of them, and goes with none.
    """
    if _is_comparison(context["_copier_conf"]["dst_path"]):
        files = updates.shared_files(_known(context))
    else:
        files = updates.owners_files(_recorded(context), _in_folder(context))
    return "\n".join(f"/{file}" for file in files)


@pass_context
def stays_away(context: Context, file: str) -> bool:
    """Tell whether the service lacks an owners' file, and this update does not bring it."""
    return bool(updates.stays_away(file, _recorded(context), _in_folder(context)))


@pass_context
def place(context: Context) -> str:
    """Return the folder of the service on this machine."""
    folder = answers.service_folder(context["service_name"], context["layout"])
    return str(Path(context["_copier_conf"]["dst_path"], folder))


@pass_context
def to_include(context: Context) -> str:
    """Return what to add by hand to files that are shared, as a text to print, or ""."""
    folder = Path(context["_copier_conf"]["dst_path"])
    files = {
        file: (folder / file).read_text()
        for file in updates.shared_files(_known(context))
        if (folder / file).exists()
    }
    return str(updates.to_include(_known(context), files))


def _in_folder(context: Context) -> Callable[[str], bool]:
    """Return what tells whether the folder that is written to has a file."""
    folder = Path(context["_copier_conf"]["dst_path"])
    return lambda file: (folder / file).exists()


def _recorded(context: Context) -> Mapping[str, Any]:
    """Return the answers of the service as it is, or nothing when it is new."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingFileWarning)
        recorded: Mapping[str, Any] | None = context["_external_data"]["previous"]
    return recorded or {}


def _at_root(context: Context) -> Mapping[str, Any]:
    """Return the answers that Copier has recorded for the very folder that is written to."""
    file = Path(context["_copier_conf"]["dst_path"], ".copier-answers.yml")
    recorded: Mapping[str, Any] | None = yaml.safe_load(file.read_text()) if file.exists() else {}
    return recorded or {}


def _is_comparison(folder: Path) -> bool:
    """Tell whether this is one of the two copies that an update makes only to compare them.

    Their answers come from the record and not from a person, so a name that is no question is
    something the record has kept, and there is nothing to refuse.
    """
    return any(part.startswith("copier._main.") for part in folder.parts)
