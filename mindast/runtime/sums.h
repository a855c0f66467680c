/* Reductions of blocks of terms. Lanes are spelled out, so that the compiler vectorises them without leave to reorder
   anything else; a float32 sum runs in double, a float64 sum adds its blocks with compensation, so that both are at
   least as accurate as NumPy's pairwise sum. */

#ifndef MINDAST_SUMS_H
#define MINDAST_SUMS_H

#include <stddef.h>

enum { MINDAST_BLOCK = 256 };

typedef struct { double total, lost; } mindast_sum;

static inline mindast_sum mindast_zero(void) { mindast_sum none = {0.0, 0.0}; return none; }

static inline void mindast_add(mindast_sum *sum, double x) {
    double total = sum->total + x;
    double larger = __builtin_fabs(sum->total) >= __builtin_fabs(x) ? sum->total : x;
    double smaller = __builtin_fabs(sum->total) >= __builtin_fabs(x) ? x : sum->total;
    sum->lost += (larger - total) + smaller;
    sum->total = total;
}

/* Past an infinity what was lost is no number, and nothing to add. */
static inline double mindast_total(mindast_sum sum) {
    return sum.lost - sum.lost == 0.0 ? sum.total + sum.lost : sum.total;
}

#define MINDAST_LANES 32

/* The terms folded lane by lane with `combine(lane, term)`, then the lanes among themselves. */
#define MINDAST_FOLD(name, wide, type, start, combine)                                                  \
    static inline wide name(const type *terms, ptrdiff_t count) {                                       \
        wide lanes[MINDAST_LANES];                                                                      \
        ptrdiff_t i, k, width;                                                                          \
        for (k = 0; k < MINDAST_LANES; k++) lanes[k] = start;                                           \
        for (i = 0; i + MINDAST_LANES <= count; i += MINDAST_LANES)                                     \
            for (k = 0; k < MINDAST_LANES; k++) lanes[k] = combine(lanes[k], (wide)terms[i + k]);       \
        for (k = 0; i < count; i++, k++) lanes[k] = combine(lanes[k], (wide)terms[i]);                  \
        for (width = MINDAST_LANES / 2; width; width /= 2)                                              \
            for (k = 0; k < width; k++) lanes[k] = combine(lanes[k], lanes[k + width]);                 \
        return lanes[0];                                                                                \
    }

#define MINDAST_PLUS(a, b) ((a) + (b))
#define MINDAST_TIMES(a, b) ((a) * (b))
#define MINDAST_LARGER(a, b) ((b) > (a) || (b) != (b) ? (b) : (a))
#define MINDAST_SMALLER(a, b) ((b) < (a) || (b) != (b) ? (b) : (a))

MINDAST_FOLD(mindast_plus_block, double, double, 0.0, MINDAST_PLUS)
MINDAST_FOLD(mindast_plus_blockf, double, float, 0.0, MINDAST_PLUS)
MINDAST_FOLD(mindast_times_block, double, double, 1.0, MINDAST_TIMES)
MINDAST_FOLD(mindast_times_blockf, double, float, 1.0, MINDAST_TIMES)
MINDAST_FOLD(mindast_larger_block, double, double, -__builtin_inf(), MINDAST_LARGER)
MINDAST_FOLD(mindast_larger_blockf, float, float, -__builtin_inff(), MINDAST_LARGER)
MINDAST_FOLD(mindast_smaller_block, double, double, __builtin_inf(), MINDAST_SMALLER)
MINDAST_FOLD(mindast_smaller_blockf, float, float, __builtin_inff(), MINDAST_SMALLER)

static inline void mindast_add_terms(mindast_sum *sum, const double *terms, ptrdiff_t count) {
    for (; count > MINDAST_BLOCK; count -= MINDAST_BLOCK, terms += MINDAST_BLOCK)
        mindast_add(sum, mindast_plus_block(terms, MINDAST_BLOCK));
    mindast_add(sum, mindast_plus_block(terms, count));
}

static inline void mindast_add_termsf(mindast_sum *sum, const float *terms, ptrdiff_t count) {
    sum->total += mindast_plus_blockf(terms, count);
}

static inline double mindast_multiply_terms(double product, const double *terms, ptrdiff_t count) {
    return product * mindast_times_block(terms, count);
}

static inline double mindast_multiply_termsf(double product, const float *terms, ptrdiff_t count) {
    return product * mindast_times_blockf(terms, count);
}

static inline double mindast_max_terms(double largest, const double *terms, ptrdiff_t count) {
    return MINDAST_LARGER(largest, mindast_larger_block(terms, count));
}

static inline float mindast_max_termsf(float largest, const float *terms, ptrdiff_t count) {
    return MINDAST_LARGER(largest, mindast_larger_blockf(terms, count));
}

static inline double mindast_min_terms(double smallest, const double *terms, ptrdiff_t count) {
    return MINDAST_SMALLER(smallest, mindast_smaller_block(terms, count));
}

static inline float mindast_min_termsf(float smallest, const float *terms, ptrdiff_t count) {
    return MINDAST_SMALLER(smallest, mindast_smaller_blockf(terms, count));
}

#endif
