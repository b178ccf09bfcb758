"""Two models side by side: a line for each pair of the first, whatever is known of it in the second."""

from __future__ import annotations

from audiolime_ext.audit.verdict.comparison import side_by_side
from audiolime_ext.audit.verdict.limits import Limit
from audiolime_ext.audit.verdict.rates import Rate
from audiolime_ext.audit.verdict.status import Verdict

LIMIT = Limit(0.05, "the limit you gave")
RATE = Rate(0.75, 0.51, 0.91, 60, 20, 20, 20.0, 0.95)


def test_pairs_are_found_by_their_names_and_what_was_not_tried_has_no_numbers() -> None:
    now = [Verdict("a", "x", "shown", LIMIT, RATE), Verdict("a", "y", "open", LIMIT)]
    before = [Verdict("b", "x", "shown", LIMIT, RATE), Verdict("a", "y", "not auditable", LIMIT, why_not="it is")]
    assert side_by_side(now, before, ("new", "old")).splitlines() == [
        "class  component  new                       old",
        "a      x          shown: 75 % (51 to 91 %)  not there",
        "a      y          open                      not auditable",
    ]
