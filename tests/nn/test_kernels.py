"""The compiled convolution and its two gradients against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mindast.build.compiler import available
from mindast.ir.array import Var
from mindast.ir.build import Builder
from mindast.ir.types import ArrayType, Dim, dim_value, sym
from mindast.primitives import PRIMITIVES
from mindast.primitives.nn import TILE_BYTES, conv_workspace
from tests.nn.geometries import SETTINGS, Sample, sample, samples
from tests.nn.native import KERNELS, call, module, workspace

torch = pytest.importorskip("torch")
PLAIN = ((1, 1), (0, 0), (1, 1), 1)
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


@pytest.fixture(scope="module")
def native() -> Any:
    if not available():
        pytest.skip("no C compiler")
    return module()


def by_torch(s: Sample) -> dict[str, Any]:
    """What each kernel should give."""
    x, w = (torch.tensor(a, requires_grad=True) for a in (s.x, s.w))
    y = torch.nn.functional.conv2d(x, w, **s.options)
    g_x, g_w = torch.autograd.grad(y, (x, w), torch.tensor(s.g))
    return dict(zip(KERNELS, (y.detach().numpy(), g_x.numpy(), g_w.numpy()), strict=True))


def compare(native: Any, s: Sample, dtype: str = "float64", room: int | None = None) -> None:
    for kernel, wanted in by_torch(s).items():
        found = call(native, kernel, s, dtype, room)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=TOLERANCE[dtype] * max(1.0, np.max(np.abs(wanted))))


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_kernels_agree_with_torch(native: Any, setting: Any) -> None:
    for s in samples(setting):
        compare(native, s)
        compare(native, s, "float32")


@pytest.mark.parametrize("columns", [1, 2, 5, 7, 31, 1000])
@pytest.mark.parametrize(
    "setting", [((1, 1), (1, 2), (1, 1), 1), ((1, 2), (2, 3), (2, 1), 2), ((2, 3), (2, 3), (2, 1), 2)]
)
def test_tiles_of_any_size(native: Any, setting: Any, columns: int) -> None:
    s = sample((7, 9), (3, 2), setting)
    assert s is not None
    (stride, _), _, (dilation, _), groups = setting
    _, c, kh, kw = s.w.shape
    if stride == 1:
        room = c * kw * (columns + dilation * (kh - 1) * s.g.shape[3]) + s.w.size // groups
    else:
        room = c * kh * kw * columns
    compare(native, s, room=room + 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stride", [(1, 1), (2, 1)])
def test_several_tiles_as_planned(native: Any, stride: Any, dtype: str) -> None:
    s = sample((121, 67), (5, 3), (stride, (1, 2), (1, 2), 2), channels=36, out=6, batch=2)
    assert s is not None
    elements = TILE_BYTES // np.dtype(dtype).itemsize
    assert elements / 2 < workspace(s, dtype) < 1.2 * elements
    assert s.g[0, 0].size * s.w[0].size > 2 * elements
    compare(native, s, dtype)


@pytest.mark.parametrize("stride", [(1, 1), (2, 1)])
def test_more_taps_than_a_tile_holds(native: Any, stride: Any) -> None:
    s = sample((11, 9), (10, 8), (stride, (1, 1), (1, 1), 1), channels=1700, out=2, batch=1)
    assert s is not None
    assert s.w[0].size > TILE_BYTES // 8
    compare(native, s)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("batch", "channels", "out"), [(0, 2, 3), (2, 0, 3), (2, 3, 0)])
@pytest.mark.parametrize("size", [(3, 3), (1, 1)])
def test_nothing_at_all(native: Any, kernel: str, batch: int, channels: int, out: int, size: Any) -> None:
    s = sample((4, 4), size, PLAIN, channels, out, batch)
    assert s is not None
    found = call(native, kernel, s, "float64")
    np.testing.assert_array_equal(found, np.zeros_like(found))


@pytest.mark.parametrize("stride", [1, 2])
def test_the_planned_workspace_fits_every_length(stride: int) -> None:
    c, h, w, kh, kw = map(sym, ("c", "h", "w", "kh", "kw"))
    x, weight = Var(ArrayType("float32", (sym("n"), c, h, w))), Var(ArrayType("float32", (sym("o"), c, kh, kw)))
    options: dict[str, Any] = {"stride": (stride, 2), "padding": (1, 0), "dilation": (2, 1), "groups": 1}
    builder = Builder()
    y = builder.one(PRIMITIVES["conv"], x, weight, **options)
    builder.one(PRIMITIVES["conv_input"], y, weight, shape=(h, w), **options)
    builder.one(PRIMITIVES["conv_weight"], x, y, kernel=(kh, kw), **options)
    planned: set[Dim] = {conv_workspace(e) for e in builder.eqns}
    (size,) = planned
    for lengths in ((4, 9, 8, 3, 2), (64, 56, 56, 3, 3), (300, 70, 41, 5, 3), (9000, 40, 40, 6, 6), (1, 1, 1, 2, 1)):
        values = {"o": 7, **dict(zip(("c", "h", "w", "kh", "kw"), lengths, strict=True))}
        oh, ow = (dim_value(d, values) for d in y.type.shape[2:])
        taps = lengths[0] * lengths[4] * (1 if stride == 1 else lengths[3])
        halo, packed = (2 * (lengths[3] - 1) * ow, 7 * taps * lengths[3]) if stride == 1 else (0, 0)
        columns, rest = divmod(dim_value(size, values) - packed, taps)
        assert rest == 0
        assert 1 <= columns - halo <= oh * ow
        assert (columns - halo - 1) * taps * 4 <= TILE_BYTES
