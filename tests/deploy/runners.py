"""Runs what pipelines run, on this machine: the jobs that propose updates, as they are rendered."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.pipelines import Entry, script, steps
from tests.harness import clean_environment
from tests.update.services import commit_all, git

FAKE = f"""#!{sys.executable}
import json, os, pathlib, sys
name = pathlib.Path(sys.argv[0]).name
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps([name, *sys.argv[1:]]) + "\\n")
if sys.argv[1:3] == ["pr", "list"]:
    print(os.environ["OPEN"])
"""
"""A program that notes how it is called. As `gh` it knows of an open pull request, or of none."""

NOTE_OPTIONS = 'env | sed -n "s/^GIT_PUSH_OPTION_[0-9]*=//p" > options'
"""A hook of Git that notes with which options somebody pushed."""


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Args:
        code: 0, or what its first failing step ended with.
        printed: by all steps.
        summary: what it wrote for people to read.
        calls: of the programs that are not real, with their arguments.
    """

    code: int
    printed: str
    summary: str = ""
    calls: list[list[str]] = field(default_factory=list)

    def called(self, *words: str) -> list[str]:
        """Return the only call that begins with these words."""
        (found,) = (call for call in self.calls if tuple(call[: len(words)]) == words)
        return found


class Repository:
    """A repository on a server, as pipelines check it out."""

    def __init__(self, work: Path, folder: Path) -> None:
        """Put what is committed in a folder on the server.

        Args:
            work: the folder with the service, or with several.
            folder: an empty one for everything else.
        """
        self.folder = folder
        self.origin = folder / "origin.git"
        git(folder, "clone", "--quiet", "--bare", str(work), str(self.origin))
        git(self.origin, "config", "receive.advertisePushOptions", "true")
        hook = self.origin / "hooks/post-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{NOTE_OPTIONS}\n")
        hook.chmod(0o755)
        self.main = git(self.origin, "symbolic-ref", "--short", "HEAD").strip()
        self.checkout = folder / "checkout"

    def branches(self) -> set[str]:
        """Return the branches on the server."""
        return set(git(self.origin, "branch", "--format=%(refname:short)").split())

    def changed(self, branch: str) -> set[str]:
        """Return the files that a branch changes."""
        return set(git(self.origin, "diff", "--name-only", self.main, branch).split())

    def read(self, branch: str, file: str) -> str:
        """Return the text of a file on a branch."""
        return git(self.origin, "show", f"{branch}:{file}")

    def head(self, branch: str) -> str:
        """Return the last commit of a branch."""
        return git(self.origin, "rev-parse", branch).strip()

    def work_on(self, branch: str) -> None:
        """Push a commit of a person to a branch, which is made if it is not there."""
        folder = self.folder / f"work-on-{branch}"
        git(self.folder, "clone", "--quiet", str(self.origin), str(folder))
        git(folder, "switch", "--quiet", *(["--create"] * (branch not in self.branches())), branch)
        (folder / "NOTES.md").write_text("Read this.\n")
        commit_all(folder, "Somebody's work")
        git(folder, "push", "--quiet", "origin", branch)

    def push_options(self) -> list[str]:
        """Return the options of the last push."""
        return (self.origin / "options").read_text().splitlines()

    def github(self, workflow: Entry, pull_request: str = "") -> Outcome:
        """Run the steps of a workflow.

        Args:
            workflow: with one job.
            pull_request: the number of the one that is open, if there is one.
        """
        (job,) = workflow["jobs"].values()
        files = {name: self.folder / name for name in ("output", "summary", "calls")}
        for file in files.values():
            file.write_text("")
        self._check_out()
        environment = job["env"] | {
            "CALLS": str(files["calls"]),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_REF_NAME": self.main,
            "GITHUB_REPOSITORY": "owner/repository",
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "OPEN": pull_request,
            "RUNNER_TEMP": str(self.folder),
        }
        printed, code = "", 0
        for step in (each for each in steps(workflow) if "run" in each):
            known = {
                "secrets.TEMPLATE_TOKEN": "",
                "secrets.UPDATE_TOKEN || github.token": "a-token",
                "steps.update.outputs.version": files["output"].read_text().strip()[8:],
            }
            if "if" in step and not known[step["if"]]:
                continue
            own = {name: _evaluated(text, known) for name, text in step.get("env", {}).items()}
            done = self._bash(step["run"], ["-e"], environment | own)
            printed += done.stdout
            code = done.returncode
            if code:
                break
        calls = [json.loads(line) for line in files["calls"].read_text().splitlines()]
        return Outcome(code, printed, files["summary"].read_text(), calls)

    def gitlab(self, job: Entry) -> Outcome:
        """Run the script of a job."""
        calls = self.folder / "calls"
        calls.write_text("")
        self._check_out()
        environment = job["variables"] | {
            "CALLS": str(calls),
            "CI_COMMIT_BRANCH": self.main,
            "CI_PROJECT_URL": f"file://{self.origin.with_suffix('')}",
            "CI_SERVER_HOST": "gitlab.example",
            "UPDATE_TOKEN": "a-token",
        }
        git(self.checkout, "switch", "--quiet", "--detach")
        done = self._bash(script(job), [], environment)
        found = [json.loads(line) for line in calls.read_text().splitlines()]
        return Outcome(done.returncode, done.stdout, calls=found)

    def _check_out(self) -> None:
        """Check the main branch out as runners do, which begin anew each time."""
        shutil.rmtree(self.checkout, ignore_errors=True)
        url = f"file://{self.origin}"
        git(self.folder, "clone", "--quiet", "--depth=1", url, str(self.checkout))

    def _bash(
        self, text: str, options: list[str], environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a script on a machine of nobody, on which some programs only note their calls."""
        fakes, home = self.folder / "bin", self.folder / "home"
        home.mkdir(exist_ok=True)
        fakes.mkdir(exist_ok=True)
        for name in ("gh", "pip", "uv"):
            (fakes / name).write_text(FAKE)
            (fakes / name).chmod(0o755)
        clean = clean_environment()
        machine = {
            "GIT_CONFIG_NOSYSTEM": "1",
            "HOME": str(home),
            "PATH": f"{fakes}{os.pathsep}{clean['PATH']}",
        }
        return subprocess.run(
            ["bash", *options, "-c", text],
            cwd=self.checkout,
            env=clean | machine | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def _evaluated(text: str, known: dict[str, str]) -> str:
    """Return a text with the values of its expressions, which must all be known."""
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: known[found[1]], text)
