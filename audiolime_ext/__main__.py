"""The command ``audiolime``, and ``python -m audiolime_ext``: what stands around the imports and the exit.

Both take some tenths of a second, in which Ctrl-C is no error, either.
"""

import sys


def main() -> int:
    """Run the command and return its exit code."""
    try:
        from audiolime_ext.cli import main as command

        return command()
    except KeyboardInterrupt:  # in an import, or a model's own
        print("audiolime: interrupted", file=sys.stderr)
        return 130
    finally:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_DFL)  # from here on it simply ends


if __name__ == "__main__":
    sys.exit(main())
