"""Runs a program on a terminal of its own and types a line when it asks for one.

Usage: typed.py LINE PROGRAM ARGUMENT...
"""

import os
import pty
import sys

line, program = sys.argv[1], sys.argv[2:]
is_typed = False


def read(terminal):
    global is_typed
    shown = os.read(terminal, 4096)
    if b": " in shown and not is_typed:
        is_typed = True
        os.write(terminal, line.encode() + b"\n")
    return shown


sys.exit(os.waitstatus_to_exitcode(pty.spawn(program, read, lambda _: b"")))
