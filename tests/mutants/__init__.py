"""Would the tests notice? Wrong numbers, comparisons and signs by the dozen, each tried in a copy of the sources.

::

    python -m tests.mutants                                        # or: make mutants; a dozen minutes on two cores
    python -m tests.mutants --module explanation/checks --seed 3   # others, of one module

What is mutated are the modules that turn answers into claims (`modules`), each against the tests of its name and those
that guard it. Published tools take longer or leave out what matters here: mutmut 3 changes bodies of functions only,
while limits are constants of modules, and runs all tests once to learn which meet what; cosmic-ray knows one command
for all modules, no sample, and changes the working tree; mutatest has had no release since 2022.
"""
