/* Scalar maths for generated loops: libm under names of our own, so that the compiler may call the vector versions of
   glibc's libmvec (MINDAST_MVEC, which the build defines where they are there), and what NumPy has and C lacks. */

#ifndef MINDAST_MATHS_H
#define MINDAST_MATHS_H

#include <stdint.h>

#ifdef MINDAST_MVEC
#define MINDAST_VECTOR __attribute__((simd("notinbranch")))
#else
#define MINDAST_VECTOR
#endif

#define MINDAST_UNARY(function, vector)                                                                       \
    extern double mindast_##function(double) __asm__(#function) vector __attribute__((const, nothrow));       \
    extern float mindast_##function##f(float) __asm__(#function "f") vector __attribute__((const, nothrow));
#define MINDAST_BINARY(function, vector)                                                                            \
    extern double mindast_##function(double, double) __asm__(#function) vector __attribute__((const, nothrow));     \
    extern float mindast_##function##f(float, float) __asm__(#function "f") vector __attribute__((const, nothrow));

MINDAST_UNARY(exp, MINDAST_VECTOR)
MINDAST_UNARY(exp2, MINDAST_VECTOR)
MINDAST_UNARY(expm1, MINDAST_VECTOR)
MINDAST_UNARY(log, MINDAST_VECTOR)
MINDAST_UNARY(log2, MINDAST_VECTOR)
MINDAST_UNARY(log10, MINDAST_VECTOR)
MINDAST_UNARY(log1p, MINDAST_VECTOR)
MINDAST_UNARY(sin, MINDAST_VECTOR)
MINDAST_UNARY(cos, MINDAST_VECTOR)
MINDAST_UNARY(tan, MINDAST_VECTOR)
MINDAST_UNARY(asin, MINDAST_VECTOR)
MINDAST_UNARY(acos, MINDAST_VECTOR)
MINDAST_UNARY(atan, MINDAST_VECTOR)
MINDAST_UNARY(sinh, MINDAST_VECTOR)
MINDAST_UNARY(cosh, MINDAST_VECTOR)
MINDAST_UNARY(tanh, MINDAST_VECTOR)
MINDAST_UNARY(asinh, MINDAST_VECTOR)
MINDAST_UNARY(acosh, MINDAST_VECTOR)
MINDAST_UNARY(atanh, MINDAST_VECTOR)
MINDAST_UNARY(cbrt, MINDAST_VECTOR)
MINDAST_UNARY(erf, MINDAST_VECTOR)
MINDAST_UNARY(erfc, MINDAST_VECTOR)
MINDAST_BINARY(pow, MINDAST_VECTOR)
MINDAST_BINARY(atan2, MINDAST_VECTOR)
MINDAST_BINARY(hypot, MINDAST_VECTOR)
MINDAST_BINARY(fmod, )

/* What the compiler has instructions for. */
#define MINDAST_BUILTIN(function)                                                                \
    static inline double mindast_##function(double x) { return __builtin_##function(x); }        \
    static inline float mindast_##function##f(float x) { return __builtin_##function##f(x); }

MINDAST_BUILTIN(sqrt)
MINDAST_BUILTIN(fabs)
MINDAST_BUILTIN(floor)
MINDAST_BUILTIN(ceil)
MINDAST_BUILTIN(trunc)
MINDAST_BUILTIN(rint)

/* The rest, once for double and once for float. A NaN wins in maximum and minimum, and loses in fmax and fmin. */
#define MINDAST_HELPERS(real, f)                                                                                     \
    static inline real mindast_copysign##f(real x, real y) { return __builtin_copysign##f(x, y); }                   \
    static inline real mindast_where##f(int c, real x, real y) { return c ? x : y; }                                 \
    static inline real mindast_maximum##f(real x, real y) { return x > y || x != x ? x : y; }                        \
    static inline real mindast_minimum##f(real x, real y) { return x < y || x != x ? x : y; }                        \
    static inline real mindast_fmax##f(real x, real y) { return x > y || y != y ? x : y; }                           \
    static inline real mindast_fmin##f(real x, real y) { return x < y || y != y ? x : y; }                           \
    static inline real mindast_sign##f(real x) { return x != x ? x : (real)((x > 0) - (x < 0)); }                    \
    static inline real mindast_expit##f(real x) {                                                                    \
        real small = mindast_exp##f(-__builtin_fabs##f(x)); /* never overflows */                                    \
        return (x >= 0 ? 1 : small) / (1 + small);                                                                   \
    }                                                                                                                \
    static inline real mindast_logaddexp##f(real x, real y) {                                                        \
        real larger = mindast_maximum##f(x, y), gap = -__builtin_fabs##f(x - y);                                     \
        return x == y ? x + (real)0.69314718055994530942 : larger + mindast_log1p##f(mindast_exp##f(gap));           \
    }                                                                                                                \
    static inline real mindast_logaddexp2##f(real x, real y) {                                                       \
        real larger = mindast_maximum##f(x, y), gap = -__builtin_fabs##f(x - y);                                     \
        return x == y ? x + 1                                                                                        \
                      : larger + (real)1.44269504088896340736 * mindast_log1p##f(mindast_exp2##f(gap));              \
    }                                                                                                                \
    static inline real mindast_floor_mod##f(real x, real y) {                                                        \
        real rest = mindast_fmod##f(x, y);                                                                           \
        return rest ? ((rest < 0) != (y < 0) ? rest + y : rest) : mindast_copysign##f(rest, y);                      \
    }                                                                                                                \
    static inline real mindast_floor_divide##f(real x, real y) {                                                     \
        real rest, quotient, floored;                                                                                \
        if (y == 0) return x / y;                                                                                    \
        rest = mindast_fmod##f(x, y);                                                                                \
        quotient = (x - rest) / y;                                                                                   \
        if (rest && (rest < 0) != (y < 0)) quotient -= 1;                                                            \
        if (!quotient) return mindast_copysign##f(0, x / y);                                                         \
        floored = mindast_floor##f(quotient);                                                                        \
        return quotient - floored > (real)0.5 ? floored + 1 : floored;                                               \
    }                                                                                                                \
    static inline real mindast_pow_int##f(real x, int64_t n) {                                                       \
        double power = 1, square = x; /* in double: a float's power rounds once */                                   \
        int left = n < 0 ? (int)-n : (int)n;                                                                         \
        if (n < -8 || n > 8) return mindast_pow##f(x, (real)n);                                                      \
        for (; left; left >>= 1, square *= square)                                                                   \
            if (left & 1) power *= square;                                                                           \
        return (real)(n < 0 ? 1 / power : power);                                                                    \
    }

MINDAST_HELPERS(double, )
MINDAST_HELPERS(float, f)

/* Integers, in 64 bits: rounded towards minus infinity, and 0 where NumPy warns and gives 0. */
static inline int64_t mindast_floor_divide_int(int64_t x, int64_t y) {
    if (y == 0 || (y == -1 && x == INT64_MIN)) return y == 0 ? 0 : x;
    return x / y - (x % y != 0 && (x % y < 0) != (y < 0));
}

static inline int64_t mindast_floor_mod_int(int64_t x, int64_t y) {
    int64_t rest = y == 0 || y == -1 ? 0 : x % y;
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

static inline int64_t mindast_fmod_int(int64_t x, int64_t y) { return y == 0 || y == -1 ? 0 : x % y; }

static inline int64_t mindast_pow_int_int(int64_t x, int64_t n) {
    uint64_t power = 1, square = (uint64_t)x, left = n < 0 ? 0 : (uint64_t)n;
    for (; left; left >>= 1, square *= square)
        if (left & 1) power *= square;
    return (int64_t)power;
}

static inline int64_t mindast_where_int(int c, int64_t x, int64_t y) { return c ? x : y; }
static inline int64_t mindast_maximum_int(int64_t x, int64_t y) { return x > y ? x : y; }
static inline int64_t mindast_minimum_int(int64_t x, int64_t y) { return x < y ? x : y; }

#endif
