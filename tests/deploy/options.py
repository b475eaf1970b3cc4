# SPDX-License-Identifier: Apache-2.0
"""Where each program declares its options and environment variables."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = "services/base/flags/daemon_flags.cc"
SOURCES = {"coordinator": ["services/coordinator/options.cc", SHARED], "worker": ["workers/daemon/options.cc", SHARED],
           "cli": ["services/cli/cli.cc"]}


def options_of(program):
    """The text of the declarations."""
    return "".join((ROOT / path).read_text() for path in SOURCES[program])
