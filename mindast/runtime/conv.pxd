# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Convolution and its two gradients as matrix products, for generated kernels: inline, in C, without the interpreter.

Arrays are C-contiguous: x is (n, c, h, w), weights (o, c // groups, kh, kw), y (n, o, oh, ow). The windows of one image
and group form a matrix with a row per tap (channel, row and column of the kernel) and a column per place in the output
("im2col"), which exists a tile of columns at a time.

    y = W @ columns(x)        columns(g_x) = W.T @ g_y        g_W = g_y @ columns(x).T

Where rows are not strided, the taps of the next kernel row are those of this one a few columns on. So one kernel row is
copied, with a halo of columns, and each product becomes one per kernel row, on weights that are packed by kernel rows.

`work` holds a tile, then the packed weights; its length decides the number of columns (`conv_workspace` of
primitives/nn.py tells it). Each function takes the strides, paddings and dilations of rows and columns, and the groups.
"""

from libc.string cimport memcpy, memset
from scipy.linalg.cython_blas cimport dgemm, sgemm

ctypedef fused real:
    float
    double

cdef enum ConvForm:  # this is where the form of a convolution is chosen
    DIRECT           # 1 x 1 kernel, stride 1, no padding: the image is the matrix of its windows
    WINDOWS          # rows are strided: whole windows are copied
    ROWS             # kernel rows are copied


cdef struct Conv:
    Py_ssize_t n, groups, out            # images, groups, and filters of a group
    Py_ssize_t c, h, w, kh, kw, oh, ow   # extents; c is that of a group
    Py_ssize_t sh, sw, ph, pw, dh, dw
    ConvForm form
    Py_ssize_t rows, taps, places        # kernel rows that are copied; rows and columns of the matrix
    Py_ssize_t steps, step, halo         # products for a tile, columns from one to the next, and all of these together
    Py_ssize_t tile, tiles               # columns of a tile, and how many tiles there are


cdef inline Conv _plan(const real[:, :, :, ::1] x, const real[:, :, :, ::1] weight, const real[:, :, :, ::1] y,
                       Py_ssize_t room, Py_ssize_t sh, Py_ssize_t sw, Py_ssize_t ph, Py_ssize_t pw, Py_ssize_t dh,
                       Py_ssize_t dw, Py_ssize_t groups) noexcept nogil:
    cdef Conv p
    p.n, p.groups, p.out = x.shape[0], groups, weight.shape[0] // groups
    p.c, p.h, p.w = weight.shape[1], x.shape[2], x.shape[3]
    p.kh, p.kw, p.oh, p.ow = weight.shape[2], weight.shape[3], y.shape[2], y.shape[3]
    p.sh, p.sw, p.ph, p.pw, p.dh, p.dw = sh, sw, ph, pw, dh, dw
    if p.kh == p.kw == sh == sw == 1 and ph == pw == 0:
        p.form = DIRECT
    else:
        p.form = ROWS if sh == 1 else WINDOWS
    p.steps = p.kh if p.form == ROWS else 1
    p.rows = 1 if p.form == ROWS else p.kh
    p.taps, p.places = p.c * p.rows * p.kw, p.oh * p.ow
    p.step = dh * p.ow
    p.halo = (p.steps - 1) * p.step
    if p.form == ROWS:
        room -= p.out * p.taps * p.kh
    p.tile = max(1, min(p.places, room // p.taps - p.halo)) if p.taps else 1
    p.tiles = (p.places + p.tile - 1) // p.tile
    return p


cdef inline void conv(const real[:, :, :, ::1] x, const real[:, :, :, ::1] weight, real[:, :, :, ::1] y, real[::1] work,
                      Py_ssize_t sh, Py_ssize_t sw, Py_ssize_t ph, Py_ssize_t pw, Py_ssize_t dh, Py_ssize_t dw,
                      Py_ssize_t groups) noexcept nogil:
    """``y = conv(x, weight)``."""
    cdef Conv p = _plan(x, weight, y, work.shape[0], sh, sw, ph, pw, dh, dw, groups)
    cdef Py_ssize_t group, image, number, first, count, i
    cdef const real* source
    cdef const real* filters
    cdef real* target
    if p.taps == 0:
        memset(&y[0, 0, 0, 0], 0, p.n * groups * p.out * p.places * sizeof(real))
        return
    for group in range(groups):
        filters = _packed(&weight[0, 0, 0, 0] + group * p.out * p.taps * p.steps, &work[0], &p)
        for image in range(p.n):
            source = &x[0, 0, 0, 0] + (image * groups + group) * p.c * p.h * p.w
            target = &y[0, 0, 0, 0] + (image * groups + group) * p.out * p.places
            if p.form == DIRECT:
                _gemm(b"N", b"N", p.places, p.out, p.taps, source, p.places, filters, p.taps, 0, target, p.places)
                continue
            for number in range(p.tiles):
                first = number * p.tile
                count = min(p.tile, p.places - first)
                _columns(source, &work[0], first, count + p.halo, &p)
                for i in range(p.steps):
                    _gemm(b"N", b"N", count, p.out, p.taps, &work[0] + i * p.step, count + p.halo,
                          filters + i * p.out * p.taps, p.taps, i > 0, target + first, p.places)


cdef inline void conv_input(const real[:, :, :, ::1] g, const real[:, :, :, ::1] weight, real[:, :, :, ::1] g_x,
                            real[::1] work, Py_ssize_t sh, Py_ssize_t sw, Py_ssize_t ph, Py_ssize_t pw, Py_ssize_t dh,
                            Py_ssize_t dw, Py_ssize_t groups) noexcept nogil:
    """The adjoint of `conv` in its image: ``<y, conv(x, weight)> = <conv_input(y, weight), x>``."""
    cdef Conv p = _plan(g_x, weight, g, work.shape[0], sh, sw, ph, pw, dh, dw, groups)
    cdef Py_ssize_t group, image, number, first, count, i
    cdef const real* source
    cdef const real* filters
    cdef real* target
    if p.form != DIRECT or p.out == 0:
        memset(&g_x[0, 0, 0, 0], 0, p.n * groups * p.c * p.h * p.w * sizeof(real))
    if p.out == 0 or p.taps == 0:
        return
    for group in range(groups):
        filters = _packed(&weight[0, 0, 0, 0] + group * p.out * p.taps * p.steps, &work[0], &p)
        for image in range(p.n):
            source = &g[0, 0, 0, 0] + (image * groups + group) * p.out * p.places
            target = &g_x[0, 0, 0, 0] + (image * groups + group) * p.c * p.h * p.w
            if p.form == DIRECT:
                _gemm(b"N", b"T", p.places, p.taps, p.out, source, p.places, filters, p.taps, 0, target, p.places)
                continue
            for number in range(p.tiles):
                first = number * p.tile
                count = min(p.tile, p.places - first)
                if p.steps > 1:
                    memset(&work[0], 0, p.taps * (count + p.halo) * sizeof(real))
                for i in range(p.steps):
                    _gemm(b"N", b"T", count, p.taps, p.out, source + first, p.places, filters + i * p.out * p.taps,
                          p.taps, p.steps > 1, &work[0] + i * p.step, count + p.halo)
                _add_columns(&work[0], target, first, count + p.halo, &p)


cdef inline void conv_weight(const real[:, :, :, ::1] x, const real[:, :, :, ::1] g, real[:, :, :, ::1] g_weight,
                             real[::1] work, Py_ssize_t sh, Py_ssize_t sw, Py_ssize_t ph, Py_ssize_t pw, Py_ssize_t dh,
                             Py_ssize_t dw, Py_ssize_t groups) noexcept nogil:
    """The adjoint of `conv` in its weights: ``<y, conv(x, weight)> = <conv_weight(x, y), weight>``."""
    cdef Conv p = _plan(x, g_weight, g, work.shape[0], sh, sw, ph, pw, dh, dw, groups)
    cdef Py_ssize_t group, image, number, first, count, i
    cdef const real* source
    cdef const real* cotangent
    cdef real* target
    if p.taps == 0 or p.out == 0:
        return
    for group in range(groups):
        target = &g_weight[0, 0, 0, 0] + group * p.out * p.taps * p.steps
        if p.steps > 1:
            target = &work[0] + p.taps * (p.tile + p.halo)
        memset(target, 0, p.out * p.taps * p.steps * sizeof(real))
        for image in range(p.n):
            source = &x[0, 0, 0, 0] + (image * groups + group) * p.c * p.h * p.w
            cotangent = &g[0, 0, 0, 0] + (image * groups + group) * p.out * p.places
            if p.form == DIRECT:
                _gemm(b"T", b"N", p.taps, p.out, p.places, source, p.places, cotangent, p.places, 1, target, p.taps)
                continue
            for number in range(p.tiles):
                first = number * p.tile
                count = min(p.tile, p.places - first)
                _columns(source, &work[0], first, count + p.halo, &p)
                for i in range(p.steps):
                    _gemm(b"T", b"N", p.taps, p.out, count, &work[0] + i * p.step, count + p.halo,
                          cotangent + first, p.places, 1, target + i * p.out * p.taps, p.taps)
        if p.steps > 1:
            _by_rows(&g_weight[0, 0, 0, 0] + group * p.out * p.taps * p.steps, target, False, &p)


cdef inline const real* _packed(const real* weight, real* work, const Conv* p) noexcept nogil:
    """The weights of one group by kernel rows, behind the tile; where a tile takes one product they are so already."""
    cdef real* packed = work + p.taps * (p.tile + p.halo)
    if p.steps == 1:
        return weight
    _by_rows(<real*> weight, packed, True, p)
    return packed


cdef inline void _by_rows(real* weight, real* packed, bint pack, const Conv* p) noexcept nogil:
    """Copy ``weight[o, c, i, j]`` of one group to ``packed[i, o, c, j]`` where `pack`, else the other way."""
    cdef Py_ssize_t i, filter, j, size = p.kw * sizeof(real)
    for i in range(p.steps):
        for filter in range(p.out * p.c):
            j = (filter * p.kh + i) * p.kw
            if pack:
                memcpy(packed, weight + j, size)
            else:
                memcpy(weight + j, packed, size)
            packed += p.kw


cdef inline void _gemm(char* ta, char* tb, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const real* a, Py_ssize_t lda,
                       const real* b, Py_ssize_t ldb, real beta, real* c, Py_ssize_t ldc) noexcept nogil:
    """``c = a @ b + beta c`` in column order, as BLAS counts."""
    cdef int m_ = <int> m, n_ = <int> n, k_ = <int> k, lda_ = <int> lda, ldb_ = <int> ldb, ldc_ = <int> ldc
    cdef real one = 1.0
    if m == 0 or n == 0 or k == 0:
        return
    if real is float:
        sgemm(ta, tb, &m_, &n_, &k_, &one, <float*> a, &lda_, <float*> b, &ldb_, &beta, c, &ldc_)
    else:
        dgemm(ta, tb, &m_, &n_, &k_, &one, <double*> a, &lda_, <double*> b, &ldb_, &beta, c, &ldc_)


cdef inline void _inside(Py_ssize_t shift, Py_ssize_t stride, Py_ssize_t extent, Py_ssize_t count,
                         Py_ssize_t* first, Py_ssize_t* last) noexcept nogil:
    """The range of output coordinates in ``range(count)`` that read a pixel of the image: ``out * stride + shift``."""
    first[0] = 0 if shift >= 0 else min(count, (stride - 1 - shift) // stride)
    last[0] = 0 if shift >= extent else min(count, (extent - 1 - shift) // stride + 1)
    last[0] = max(first[0], last[0])


cdef inline void _columns(const real* x, real* columns, Py_ssize_t first, Py_ssize_t count,
                          const Conv* p) noexcept nogil:
    """Columns ``first:first + count`` of the matrix of windows of one image and group."""
    cdef Py_ssize_t channel, i, j, y, row, left, right, begin, end, low, high, place, stop = first + count
    cdef const real* pixels
    cdef real* out = columns
    for channel in range(p.c):
        for i in range(p.rows):
            for j in range(p.kw):
                _inside(j * p.dw - p.pw, p.sw, p.w, p.ow, &left, &right)
                for y in range(first // p.ow, (stop - 1) // p.ow + 1):
                    begin, end = max(first, y * p.ow) - y * p.ow, min(stop, (y + 1) * p.ow) - y * p.ow
                    row = y * p.sh + i * p.dh - p.ph
                    low, high = min(max(left, begin), end), max(min(right, end), begin)
                    if row < 0 or row >= p.h or low >= high:
                        memset(out, 0, (end - begin) * sizeof(real))
                        out += end - begin
                        continue
                    pixels = x + (channel * p.h + row) * p.w + j * p.dw - p.pw
                    memset(out, 0, (low - begin) * sizeof(real))
                    if p.sw == 1:
                        memcpy(out + low - begin, pixels + low, (high - low) * sizeof(real))
                    else:
                        for place in range(low, high):
                            out[place - begin] = pixels[place * p.sw]
                    memset(out + high - begin, 0, (end - high) * sizeof(real))
                    out += end - begin


cdef inline void _add_columns(const real* columns, real* x, Py_ssize_t first, Py_ssize_t count,
                              const Conv* p) noexcept nogil:
    """The transpose of `_columns`: each element is added to the pixel that it would have been read from."""
    cdef Py_ssize_t channel, i, j, y, row, left, right, begin, end, low, high, place, stop = first + count
    cdef const real* source = columns
    cdef real* pixels
    for channel in range(p.c):
        for i in range(p.rows):
            for j in range(p.kw):
                _inside(j * p.dw - p.pw, p.sw, p.w, p.ow, &left, &right)
                for y in range(first // p.ow, (stop - 1) // p.ow + 1):
                    begin, end = max(first, y * p.ow) - y * p.ow, min(stop, (y + 1) * p.ow) - y * p.ow
                    row = y * p.sh + i * p.dh - p.ph
                    low, high = min(max(left, begin), end), max(min(right, end), begin)
                    if row >= 0 and row < p.h:
                        pixels = x + (channel * p.h + row) * p.w + j * p.dw - p.pw
                        if p.sw == 1:
                            for place in range(low, high):
                                pixels[place] += source[place - begin]
                        else:
                            for place in range(low, high):
                                pixels[place * p.sw] += source[place - begin]
                    source += end - begin
