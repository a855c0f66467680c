"""Every record, by every check of its kind: a new primitive is tested here with nothing edited."""

from __future__ import annotations

from pathlib import Path

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


def test_the_page_on_adding_a_primitive_shows_a_record_as_it_is() -> None:
    root = Path(__file__).resolve().parents[2]
    page = (root / "docs" / "adding-a-primitive.md").read_text(encoding="utf-8")
    shown = page.split("```python\n")[1].split("```")[0]
    assert shown in (root / "mindast" / "primitives" / "maths.py").read_text(encoding="utf-8")
    assert len(shown.splitlines()) <= 20
