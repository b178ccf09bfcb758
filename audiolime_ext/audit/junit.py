"""The gate's decision as JUnit XML, which CI systems show: a test case for each class and component.

What fails is a ``<failure>``; what is undecided an ``<error type="inconclusive">``, which CI systems count apart from
failures; what is known from a baseline is ``<skipped>``, as other tools write an expected failure. Recordings that were
not measured are one more test case. Valid by the schema of Ant's format and by Jenkins' [1]_.

References
----------
.. [1] https://github.com/windyroad/JUnit-Schema and the xsd of Jenkins' xUnit plug-in.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timezone
from xml.etree import ElementTree

from audiolime_ext.audit.admission import Admission

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENTS = {"fail": "failure", "inconclusive": "error", "known": "skipped"}
_COUNTED = {"tests": "", "failures": "failure", "errors": "error", "skipped": "skipped"}


def to_junit(found: Admission) -> bytes:
    """A decision as an XML document."""
    suite = ElementTree.Element("testsuite", name="audiolime audit gate", package="audiolime", id="0", time="0")
    suite.set("timestamp", datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"))
    suite.set("hostname", "localhost")
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("store", found.path), ("tolerance", found.decision.tolerance), ("outcome", found.outcome)):
        ElementTree.SubElement(properties, "property", name=name, value=_legible(str(value)))
    counts = Counter(
        _add(suite, pair.label, pair.component, pair.outcome, "\n".join([pair.text, *found.examples(pair)]))
        for pair in found.decision.pairs
    )
    counts[
        _add(suite, "recordings", "all are measured", "inconclusive" if found.missing else "pass", found.missing)
    ] += 1
    for name, element in _COUNTED.items():
        suite.set(name, str(counts[element] if element else counts.total()))
    ElementTree.SubElement(suite, "system-out").text = _legible("\n".join([found.heading, *found.lines("known")]))
    ElementTree.SubElement(suite, "system-err")
    whole = ElementTree.Element("testsuites")
    whole.append(suite)
    ElementTree.indent(whole)
    return bytes(ElementTree.tostring(whole, encoding="utf-8", xml_declaration=True)) + b"\n"


def _add(suite: ElementTree.Element, classname: str, name: str, outcome: str, text: str) -> str:
    """One test case; the name of what is in it."""
    case = ElementTree.SubElement(suite, "testcase", classname=_legible(classname), name=_legible(name), time="0")
    if outcome not in _ELEMENTS:
        return ""
    result = ElementTree.SubElement(case, _ELEMENTS[outcome], type=outcome, message=_legible(text.split("\n")[0]))
    result.text = _legible(text)
    return result.tag


def _legible(text: str) -> str:
    """What XML cannot hold is replaced."""
    return _NO_XML.sub("\ufffd", text)
