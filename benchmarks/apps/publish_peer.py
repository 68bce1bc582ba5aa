"""Sends tasks of a peer: publish_peer.py MODULE TASKS"""

from __future__ import annotations

import sys
from importlib import import_module

import_module(sys.argv[1]).publish(int(sys.argv[2]))
