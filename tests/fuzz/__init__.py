"""Malformed inputs by the hundred: does any of them end in a traceback, a hang, or a wrong exit code?

::

    python -m tests.fuzz                        # or: make fuzz; a few minutes
    python -m tests.fuzz --only audio -n 2000   # more of one kind

Every input follows from a seed, its kind and its number alone, so that a fault is found again by the three. Each is a
folder with a few files and one command; commands run in a process of their own, as `audiolime` does, with a bound on
time. A fault is an exit code that is not documented for such input, a word of "unexpected", a traceback, a death, a
hang, or something left behind by a command that failed.
"""
