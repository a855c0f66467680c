"""Every record, by every check of its kind: a new primitive is tested here with nothing edited."""

from __future__ import annotations

import pytest

from mindast.primitives import PRIMITIVES
from mindast.primitives.base import Control
from tests.primitives.checker import Check, checks
from tests.primitives.sampler import Plain

PAIRS = [
    (record, check) for record in PRIMITIVES.values() if not isinstance(record, Control) for check in checks(record)
]


@pytest.mark.parametrize(("record", "check"), PAIRS, ids=[f"{r.name}-{c.__name__}" for r, c in PAIRS])
def test_record(record: Plain, check: Check) -> None:
    assert not list(check(record))
