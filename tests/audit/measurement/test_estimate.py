"""What an audit will take is known from the first recording that can be measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import plan_audit
from audiolime_ext.errors import AudioError
from tests.audit_collection import confounded, make_collection

SETTINGS = Settings(n_donors=3, n_same=2, kinds=("own",), noise=False)


def test_recordings_and_donors_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 6)
    whole = plan_audit(manifest, confounded, "bands:2", ignore=["stems"], settings=SETTINGS).estimate()
    for name in ("000.wav", "003.wav"):
        (tmp_path / name).write_bytes(name.encode())
    spoiled = plan_audit(manifest, confounded, "bands:2", ignore=["stems"], settings=SETTINGS).estimate()
    assert (spoiled.n_recordings, whole.n_recordings) == (6, 6)
    assert 0 < spoiled.n_asked <= whole.n_asked


def test_where_no_recording_can_be_read_the_first_says_why(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 2)
    for name in ("000.wav", "001.wav"):
        (tmp_path / name).write_bytes(name.encode())
    audit = plan_audit(manifest, confounded, "bands:2", ignore=["stems"], settings=SETTINGS)
    with pytest.raises(AudioError, match=r"000\.wav cannot be read as audio"):
        audit.estimate()
