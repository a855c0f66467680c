"""The committed adjoints are what would be written today (``make golden`` writes them; review the difference)."""

from __future__ import annotations

from benchmarks import golden


def test_generated_is_up_to_date() -> None:
    assert not [path.name for path in golden.differing()]


def test_nothing_else_is_there() -> None:
    expected = {f"{mode}.{kind}" for mode in golden.MODES for kind in golden.KINDS}
    for name in golden.programs.PROGRAMS:
        assert {p.name for p in (golden.GENERATED / name).iterdir() if p.suffix[1:] in golden.KINDS} == expected
