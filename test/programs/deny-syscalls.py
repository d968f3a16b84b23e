"""Runs a command under a seccomp filter: deny-syscalls.py NAME,NAME... COMMAND [ARGUMENT...]

The named system calls fail with EPERM, as they do in a container whose profile forbids them. Everything else is allowed.
"""

import ctypes
import os
import platform
import sys

# The same on all machines since 5.1; sendmsg and sendto are older and differ.
NUMBERS = {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427}
NUMBERS.update({"x86_64": {"sendto": 44, "sendmsg": 46}, "aarch64": {"sendto": 206, "sendmsg": 211}}[platform.machine()])

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
EPERM = 1


class Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint32)]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(Instruction))]


def build(numbers):
    """Load the call's number, compare it with each, and deny or allow."""
    code = [Instruction(LOAD_WORD, 0, 0, 0)]
    for at, number in enumerate(numbers):
        code.append(Instruction(JUMP_IF_EQUAL, len(numbers) - at, 0, number))
    code.append(Instruction(RETURN, 0, 0, ALLOW))
    code.append(Instruction(RETURN, 0, 0, ERRNO | EPERM))
    return (Instruction * len(code))(*code)


def main():
    instructions = build([NUMBERS[name] for name in sys.argv[1].split(",")])
    program = Program(len(instructions), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_SECCOMP")
    os.execvp(sys.argv[2], sys.argv[2:])


main()
