"""The gate's decision as JUnit XML, which CI systems show: a test case for each class and component.

A pair that is shown is a ``<failure type="shown">``. One that is open or not auditable is an ``<error>`` of that type,
because then the gate does not pass: CI systems show errors in red, too, and count them apart from failures. One that is
known from a baseline or waived is ``<skipped>``, as other tools write an expected failure, with the numbers that are
not held against the model, and one that is ruled out is a test case that passes. The message is the verdict's sentence,
with the limit and the number of songs that would decide. Recordings that were not measured are one more test case. The
file is valid by the schema of Ant's format and by Jenkins' [1]_.

References
----------
.. [1] https://github.com/windyroad/JUnit-Schema and the xsd of Jenkins' xUnit plug-in.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timezone
from xml.etree import ElementTree

from audiolime_ext.audit.verdict.admission import Admission
from audiolime_ext.audit.verdict.gate import Gated
from audiolime_ext.files.names import utf8

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENTS = {"fail": "failure", "inconclusive": "error", "known": "skipped", "waived": "skipped"}
_COUNTED = {"tests": "", "failures": "failure", "errors": "error", "skipped": "skipped"}


def to_junit(found: Admission) -> bytes:
    """A decision as an XML document."""
    suite = ElementTree.Element("testsuite", name="audiolime audit gate", package="audiolime", id="0", time="0")
    suite.set("timestamp", datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"))
    suite.set("hostname", "localhost")
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("store", found.path), ("limit", found.decision.limit.text), ("outcome", found.outcome)):
        ElementTree.SubElement(properties, "property", name=name, value=_legible(str(value)))
    counts = Counter(_case_of(suite, found, pair) for pair in found.decision.pairs)
    missing = "inconclusive" if found.missing else "pass"
    counts[_add(suite, "recordings", "all are measured", missing, "not measured", found.missing)] += 1
    for name, element in _COUNTED.items():
        suite.set(name, str(counts[element] if element else counts.total()))
    ElementTree.SubElement(suite, "system-out").text = _legible(
        "\n".join([found.heading, *found.notes, *found.lines("known", "waived")])
    )
    ElementTree.SubElement(suite, "system-err")
    whole = ElementTree.Element("testsuites")
    whole.append(suite)
    ElementTree.indent(whole)
    return bytes(ElementTree.tostring(whole, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case_of(suite: ElementTree.Element, found: Admission, pair: Gated) -> str:
    """Add the test case of a pair; give the name of the element in it."""
    of = pair.verdict
    kind = pair.outcome if pair.outcome in ("known", "waived") else of.status
    return _add(suite, of.label, of.component, pair.outcome, kind, "\n".join([pair.text, *found.examples(pair)]))


def _add(suite: ElementTree.Element, classname: str, name: str, outcome: str, kind: str, text: str) -> str:
    """Add one test case; give the name of the element in it."""
    case = ElementTree.SubElement(suite, "testcase", classname=_legible(classname), name=_legible(name), time="0")
    if outcome not in _ELEMENTS:
        return ""
    result = ElementTree.SubElement(case, _ELEMENTS[outcome], type=kind, message=_legible(text.split("\n")[0]))
    result.text = _legible(text)
    return result.tag


def _legible(text: str) -> str:
    """The text, with what XML cannot hold replaced."""
    return _NO_XML.sub("\ufffd", utf8(text))
