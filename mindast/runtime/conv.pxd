# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Convolution and its two gradients as matrix products, for generated kernels: inline, in C, without the interpreter.

Arrays are C-contiguous: x is (n, c, h, w), weights (o, c // groups, kh, kw), y (n, o, oh, ow). The windows of one image
and group form a matrix with a row per tap (channel, row and column of the kernel) and a column per output position
("im2col"); it exists a tile of columns at a time, in `work`, which the caller provides: `conv_work` elements.

    y = W @ columns(x)        columns(g_x) = W.T @ g_y        g_W = g_y @ columns(x).T

`ConvForm` is the one place where the form of a convolution is chosen.
"""

from libc.string cimport memcpy, memset
from scipy.linalg.cython_blas cimport dgemm, sgemm

ctypedef fused real:
    float
    double

cdef enum:
    TILE = 131072  # elements of `work`, about: half a level-2 cache in float32, and enough for BLAS to run at full speed

cdef enum ConvForm:
    TILES    # the windows are copied out, a tile of columns at a time
    DIRECT   # 1 x 1 kernel, stride 1, no padding: the image is the matrix of its windows


cdef struct Conv:
    Py_ssize_t n, c, h, w, o, kh, kw, sh, sw, ph, pw, dh, dw, groups
    Py_ssize_t oh, ow
    Py_ssize_t taps, places, tile   # rows and columns of the matrix of windows, and columns held at once
    ConvForm form


cdef inline Conv conv_plan(Py_ssize_t n, Py_ssize_t c, Py_ssize_t h, Py_ssize_t w, Py_ssize_t o, Py_ssize_t kh,
                           Py_ssize_t kw, Py_ssize_t sh, Py_ssize_t sw, Py_ssize_t ph, Py_ssize_t pw, Py_ssize_t dh,
                           Py_ssize_t dw, Py_ssize_t groups) noexcept nogil:
    """The convolution of these extents, strides, paddings and dilations; c is that of the image, of all groups."""
    cdef Conv p
    cdef Py_ssize_t tiles
    p.n, p.c, p.h, p.w, p.o, p.kh, p.kw = n, c, h, w, o, kh, kw
    p.sh, p.sw, p.ph, p.pw, p.dh, p.dw, p.groups = sh, sw, ph, pw, dh, dw, groups
    p.oh = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    p.ow = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    p.taps = c // groups * kh * kw
    p.places = p.oh * p.ow
    tiles = p.taps * p.places // TILE + 1
    p.tile = (p.places + tiles - 1) // tiles
    p.form = DIRECT if kh == kw == sh == sw == 1 and ph == pw == 0 else TILES
    return p


cdef inline Py_ssize_t conv_work(const Conv* p) noexcept nogil:
    """Elements of workspace that each of the three needs."""
    return p.taps * p.tile if p.form == TILES else 0


cdef inline void conv(const real* x, const real* weight, real* y, real* work, const Conv* p) noexcept nogil:
    """``y = conv(x, weight)``."""
    cdef Py_ssize_t image, group, first, count, per_x = p.c // p.groups * p.h * p.w, out = p.o // p.groups
    cdef const real* source
    cdef const real* filters
    cdef real* target
    if p.taps == 0:
        memset(y, 0, p.n * p.o * p.places * sizeof(real))
        return
    for image in range(p.n):
        for group in range(p.groups):
            source = x + (image * p.groups + group) * per_x
            filters = weight + group * out * p.taps
            target = y + (image * p.groups + group) * out * p.places
            if p.form == DIRECT:
                _gemm(b"N", b"N", p.places, out, p.taps, source, p.places, filters, p.taps, 0.0, target, p.places)
                continue
            first = 0
            while first < p.places:
                count = min(p.tile, p.places - first)
                _columns(source, work, first, count, p)
                _gemm(b"N", b"N", count, out, p.taps, work, count, filters, p.taps, 0.0, target + first, p.places)
                first += count


cdef inline void conv_input(const real* g, const real* weight, real* g_x, real* work, const Conv* p) noexcept nogil:
    """The adjoint of `conv` in its image: ``<y, conv(x, weight)> = <conv_input(y, weight), x>``."""
    cdef Py_ssize_t image, group, first, count, per_x = p.c // p.groups * p.h * p.w, out = p.o // p.groups
    cdef const real* source
    cdef const real* filters
    cdef real* target
    if p.form == TILES or out == 0:
        memset(g_x, 0, p.n * p.c * p.h * p.w * sizeof(real))
    if out == 0 or p.taps == 0:
        return
    for image in range(p.n):
        for group in range(p.groups):
            source = g + (image * p.groups + group) * out * p.places
            filters = weight + group * out * p.taps
            target = g_x + (image * p.groups + group) * per_x
            if p.form == DIRECT:
                _gemm(b"N", b"T", p.places, p.taps, out, source, p.places, filters, p.taps, 0.0, target, p.places)
                continue
            first = 0
            while first < p.places:
                count = min(p.tile, p.places - first)
                _gemm(b"N", b"T", count, p.taps, out, source + first, p.places, filters, p.taps, 0.0, work, count)
                _add_columns(work, target, first, count, p)
                first += count


cdef inline void conv_weight(const real* x, const real* g, real* g_weight, real* work, const Conv* p) noexcept nogil:
    """The adjoint of `conv` in its weights: ``<y, conv(x, weight)> = <conv_weight(x, y), weight>``."""
    cdef Py_ssize_t image, group, first, count, per_x = p.c // p.groups * p.h * p.w, out = p.o // p.groups
    cdef const real* source
    cdef const real* cotangent
    cdef real* target
    memset(g_weight, 0, p.o * p.taps * sizeof(real))
    if p.taps == 0:
        return
    for image in range(p.n):
        for group in range(p.groups):
            source = x + (image * p.groups + group) * per_x
            cotangent = g + (image * p.groups + group) * out * p.places
            target = g_weight + group * out * p.taps
            if p.form == DIRECT:
                _gemm(b"T", b"N", p.taps, out, p.places, source, p.places, cotangent, p.places, 1.0, target, p.taps)
                continue
            first = 0
            while first < p.places:
                count = min(p.tile, p.places - first)
                _columns(source, work, first, count, p)
                _gemm(b"T", b"N", p.taps, out, count, work, count, cotangent + first, p.places, 1.0, target, p.taps)
                first += count


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
    for channel in range(p.c // p.groups):
        for i in range(p.kh):
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
    for channel in range(p.c // p.groups):
        for i in range(p.kh):
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
