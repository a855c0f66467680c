# cython: language_level=3
"""What generated modules are written in: maths, reductions, and the arrays at their door. The C is in the headers beside.

Names ending in f are for float32.
"""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "maths.h" nogil:
    double exp "mindast_exp"(double x) noexcept
    float expf "mindast_expf"(float x) noexcept
    double exp2 "mindast_exp2"(double x) noexcept
    float exp2f "mindast_exp2f"(float x) noexcept
    double expm1 "mindast_expm1"(double x) noexcept
    float expm1f "mindast_expm1f"(float x) noexcept
    double log "mindast_log"(double x) noexcept
    float logf "mindast_logf"(float x) noexcept
    double log2 "mindast_log2"(double x) noexcept
    float log2f "mindast_log2f"(float x) noexcept
    double log10 "mindast_log10"(double x) noexcept
    float log10f "mindast_log10f"(float x) noexcept
    double log1p "mindast_log1p"(double x) noexcept
    float log1pf "mindast_log1pf"(float x) noexcept
    double sin "mindast_sin"(double x) noexcept
    float sinf "mindast_sinf"(float x) noexcept
    double cos "mindast_cos"(double x) noexcept
    float cosf "mindast_cosf"(float x) noexcept
    double tan "mindast_tan"(double x) noexcept
    float tanf "mindast_tanf"(float x) noexcept
    double asin "mindast_asin"(double x) noexcept
    float asinf "mindast_asinf"(float x) noexcept
    double acos "mindast_acos"(double x) noexcept
    float acosf "mindast_acosf"(float x) noexcept
    double atan "mindast_atan"(double x) noexcept
    float atanf "mindast_atanf"(float x) noexcept
    double sinh "mindast_sinh"(double x) noexcept
    float sinhf "mindast_sinhf"(float x) noexcept
    double cosh "mindast_cosh"(double x) noexcept
    float coshf "mindast_coshf"(float x) noexcept
    double tanh "mindast_tanh"(double x) noexcept
    float tanhf "mindast_tanhf"(float x) noexcept
    double asinh "mindast_asinh"(double x) noexcept
    float asinhf "mindast_asinhf"(float x) noexcept
    double acosh "mindast_acosh"(double x) noexcept
    float acoshf "mindast_acoshf"(float x) noexcept
    double atanh "mindast_atanh"(double x) noexcept
    float atanhf "mindast_atanhf"(float x) noexcept
    double cbrt "mindast_cbrt"(double x) noexcept
    float cbrtf "mindast_cbrtf"(float x) noexcept
    double erf "mindast_erf"(double x) noexcept
    float erff "mindast_erff"(float x) noexcept
    double erfc "mindast_erfc"(double x) noexcept
    float erfcf "mindast_erfcf"(float x) noexcept
    double sqrt "mindast_sqrt"(double x) noexcept
    float sqrtf "mindast_sqrtf"(float x) noexcept
    double fabs "mindast_fabs"(double x) noexcept
    float fabsf "mindast_fabsf"(float x) noexcept
    double floor "mindast_floor"(double x) noexcept
    float floorf "mindast_floorf"(float x) noexcept
    double ceil "mindast_ceil"(double x) noexcept
    float ceilf "mindast_ceilf"(float x) noexcept
    double trunc "mindast_trunc"(double x) noexcept
    float truncf "mindast_truncf"(float x) noexcept
    double rint "mindast_rint"(double x) noexcept
    float rintf "mindast_rintf"(float x) noexcept
    double sign "mindast_sign"(double x) noexcept
    float signf "mindast_signf"(float x) noexcept
    double expit "mindast_expit"(double x) noexcept
    float expitf "mindast_expitf"(float x) noexcept
    double pow "mindast_pow"(double x, double y) noexcept
    float powf "mindast_powf"(float x, float y) noexcept
    double atan2 "mindast_atan2"(double x, double y) noexcept
    float atan2f "mindast_atan2f"(float x, float y) noexcept
    double hypot "mindast_hypot"(double x, double y) noexcept
    float hypotf "mindast_hypotf"(float x, float y) noexcept
    double fmod "mindast_fmod"(double x, double y) noexcept
    float fmodf "mindast_fmodf"(float x, float y) noexcept
    double copysign "mindast_copysign"(double x, double y) noexcept
    float copysignf "mindast_copysignf"(float x, float y) noexcept
    double maximum "mindast_maximum"(double x, double y) noexcept
    float maximumf "mindast_maximumf"(float x, float y) noexcept
    double minimum "mindast_minimum"(double x, double y) noexcept
    float minimumf "mindast_minimumf"(float x, float y) noexcept
    double fmax "mindast_fmax"(double x, double y) noexcept
    float fmaxf "mindast_fmaxf"(float x, float y) noexcept
    double fmin "mindast_fmin"(double x, double y) noexcept
    float fminf "mindast_fminf"(float x, float y) noexcept
    double logaddexp "mindast_logaddexp"(double x, double y) noexcept
    float logaddexpf "mindast_logaddexpf"(float x, float y) noexcept
    double logaddexp2 "mindast_logaddexp2"(double x, double y) noexcept
    float logaddexp2f "mindast_logaddexp2f"(float x, float y) noexcept
    double floor_mod "mindast_floor_mod"(double x, double y) noexcept
    float floor_modf "mindast_floor_modf"(float x, float y) noexcept
    double floor_divide "mindast_floor_divide"(double x, double y) noexcept
    float floor_dividef "mindast_floor_dividef"(float x, float y) noexcept
    double where "mindast_where"(bint c, double x, double y) noexcept
    float wheref "mindast_wheref"(bint c, float x, float y) noexcept
    int64_t where_int "mindast_where_int"(bint c, int64_t x, int64_t y) noexcept
    double pow_int "mindast_pow_int"(double x, int64_t n) noexcept
    float pow_intf "mindast_pow_intf"(float x, int64_t n) noexcept
    int64_t pow_int_int "mindast_pow_int_int"(int64_t x, int64_t y) noexcept
    int64_t floor_divide_int "mindast_floor_divide_int"(int64_t x, int64_t y) noexcept
    int64_t floor_mod_int "mindast_floor_mod_int"(int64_t x, int64_t y) noexcept
    int64_t fmod_int "mindast_fmod_int"(int64_t x, int64_t y) noexcept
    int64_t maximum_int "mindast_maximum_int"(int64_t x, int64_t y) noexcept
    int64_t minimum_int "mindast_minimum_int"(int64_t x, int64_t y) noexcept
    const double INFINITY "__builtin_inf()"
    const double NAN "__builtin_nan(\"\")"


cdef extern from "sums.h" nogil:
    ctypedef struct Sum "mindast_sum":
        pass
    Sum zero "mindast_zero"() noexcept
    void add_term "mindast_add"(Sum* sum, double term) noexcept
    void add_terms "mindast_add_terms"(Sum* sum, const double* terms, Py_ssize_t count) noexcept
    void add_termsf "mindast_add_termsf"(Sum* sum, const float* terms, Py_ssize_t count) noexcept
    double total "mindast_total"(Sum sum) noexcept
    double multiply_terms "mindast_multiply_terms"(double product, const double* terms, Py_ssize_t count) noexcept
    double multiply_termsf "mindast_multiply_termsf"(double product, const float* terms, Py_ssize_t count) noexcept
    double max_terms "mindast_max_terms"(double so_far, const double* terms, Py_ssize_t count) noexcept
    float max_termsf "mindast_max_termsf"(float so_far, const float* terms, Py_ssize_t count) noexcept
    double min_terms "mindast_min_terms"(double so_far, const double* terms, Py_ssize_t count) noexcept
    float min_termsf "mindast_min_termsf"(float so_far, const float* terms, Py_ssize_t count) noexcept


cdef extern from "arrays.h":
    int import_numpy "_import_array"() except -1
    bint expected "MINDAST_EXPECTED"(bint condition) noexcept
    bint is_array "mindast_is_array"(object x, int type, int rank) noexcept
    bint is_scalar "mindast_is_scalar"(object x, int type) noexcept
    bint is_float "PyFloat_CheckExact"(object x) noexcept
    bint is_bool "PyBool_Check"(object x) noexcept
    bint is_int "mindast_is_int"(object x) noexcept
    double float_value "PyFloat_AS_DOUBLE"(object x) noexcept
    int64_t int_value "PyLong_AsLongLong"(object x) noexcept
    void scalar_value "PyArray_ScalarAsCtype"(object x, void* into) noexcept
    Py_ssize_t length "mindast_length"(object x, int axis) noexcept
    void* data "mindast_data"(object x) noexcept
    object result "mindast_result"(object out, int place, int type, int rank, ...)
    object scalar "mindast_scalar"(int type, void* value)
    char* workspace "mindast_workspace"(Py_ssize_t bytes, double estimate) except NULL
    void* cell "mindast_cell"(object out, int place, void* otherwise) noexcept
    void release "free"(void* memory) noexcept
    char* take "mindast_take"(char** here, Py_ssize_t bytes) noexcept nogil
    Py_ssize_t quotient "mindast_quotient"(Py_ssize_t a, Py_ssize_t b) noexcept nogil
    Py_ssize_t aligned "mindast_aligned"(Py_ssize_t bytes) noexcept nogil
    enum:
        BLAS_LIMIT "INT_MAX"
        BOOL "NPY_BOOL"
        INT8 "NPY_INT8"
        INT16 "NPY_INT16"
        INT32 "NPY_INT32"
        INT64 "NPY_INT64"
        UINT8 "NPY_UINT8"
        UINT16 "NPY_UINT16"
        UINT32 "NPY_UINT32"
        UINT64 "NPY_UINT64"
        FLOAT32 "NPY_FLOAT32"
        FLOAT64 "NPY_FLOAT64"

    # Memoryviews of contiguous memory, for arguments and slices of the workspace.
    int8_t[::1] view1_int8 "MINDAST_VIEW"(int8_t* start, Py_ssize_t n0) noexcept
    int8_t[:, ::1] view2_int8 "MINDAST_VIEW"(int8_t* start, Py_ssize_t n0, Py_ssize_t n1) noexcept
    int8_t[:, :, ::1] view3_int8 "MINDAST_VIEW"(int8_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2) noexcept
    int8_t[:, :, :, ::1] view4_int8 "MINDAST_VIEW"(int8_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3) noexcept
    int8_t[:, :, :, :, ::1] view5_int8 "MINDAST_VIEW"(int8_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4) noexcept
    int8_t[:, :, :, :, :, ::1] view6_int8 "MINDAST_VIEW"(int8_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5) noexcept
    int8_t[:, :, :, :, :, :, ::1] view7_int8 "MINDAST_VIEW"(int8_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5, Py_ssize_t n6) noexcept
    int16_t[::1] view1_int16 "MINDAST_VIEW"(int16_t* start, Py_ssize_t n0) noexcept
    int16_t[:, ::1] view2_int16 "MINDAST_VIEW"(int16_t* start, Py_ssize_t n0, Py_ssize_t n1) noexcept
    int16_t[:, :, ::1] view3_int16 "MINDAST_VIEW"(int16_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2) noexcept
    int16_t[:, :, :, ::1] view4_int16 "MINDAST_VIEW"(int16_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3) noexcept
    int16_t[:, :, :, :, ::1] view5_int16 "MINDAST_VIEW"(int16_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4) noexcept
    int16_t[:, :, :, :, :, ::1] view6_int16 "MINDAST_VIEW"(int16_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5) noexcept
    int16_t[:, :, :, :, :, :, ::1] view7_int16 "MINDAST_VIEW"(int16_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5, Py_ssize_t n6) noexcept
    int32_t[::1] view1_int32 "MINDAST_VIEW"(int32_t* start, Py_ssize_t n0) noexcept
    int32_t[:, ::1] view2_int32 "MINDAST_VIEW"(int32_t* start, Py_ssize_t n0, Py_ssize_t n1) noexcept
    int32_t[:, :, ::1] view3_int32 "MINDAST_VIEW"(int32_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2) noexcept
    int32_t[:, :, :, ::1] view4_int32 "MINDAST_VIEW"(int32_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3) noexcept
    int32_t[:, :, :, :, ::1] view5_int32 "MINDAST_VIEW"(int32_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4) noexcept
    int32_t[:, :, :, :, :, ::1] view6_int32 "MINDAST_VIEW"(int32_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5) noexcept
    int32_t[:, :, :, :, :, :, ::1] view7_int32 "MINDAST_VIEW"(int32_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5, Py_ssize_t n6) noexcept
    int64_t[::1] view1_int64 "MINDAST_VIEW"(int64_t* start, Py_ssize_t n0) noexcept
    int64_t[:, ::1] view2_int64 "MINDAST_VIEW"(int64_t* start, Py_ssize_t n0, Py_ssize_t n1) noexcept
    int64_t[:, :, ::1] view3_int64 "MINDAST_VIEW"(int64_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2) noexcept
    int64_t[:, :, :, ::1] view4_int64 "MINDAST_VIEW"(int64_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3) noexcept
    int64_t[:, :, :, :, ::1] view5_int64 "MINDAST_VIEW"(int64_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4) noexcept
    int64_t[:, :, :, :, :, ::1] view6_int64 "MINDAST_VIEW"(int64_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5) noexcept
    int64_t[:, :, :, :, :, :, ::1] view7_int64 "MINDAST_VIEW"(int64_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5, Py_ssize_t n6) noexcept
    uint8_t[::1] view1_uint8 "MINDAST_VIEW"(uint8_t* start, Py_ssize_t n0) noexcept
    uint8_t[:, ::1] view2_uint8 "MINDAST_VIEW"(uint8_t* start, Py_ssize_t n0, Py_ssize_t n1) noexcept
    uint8_t[:, :, ::1] view3_uint8 "MINDAST_VIEW"(uint8_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2) noexcept
    uint8_t[:, :, :, ::1] view4_uint8 "MINDAST_VIEW"(uint8_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3) noexcept
    uint8_t[:, :, :, :, ::1] view5_uint8 "MINDAST_VIEW"(uint8_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4) noexcept
    uint8_t[:, :, :, :, :, ::1] view6_uint8 "MINDAST_VIEW"(uint8_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5) noexcept
    uint8_t[:, :, :, :, :, :, ::1] view7_uint8 "MINDAST_VIEW"(uint8_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5, Py_ssize_t n6) noexcept
    uint16_t[::1] view1_uint16 "MINDAST_VIEW"(uint16_t* start, Py_ssize_t n0) noexcept
    uint16_t[:, ::1] view2_uint16 "MINDAST_VIEW"(uint16_t* start, Py_ssize_t n0, Py_ssize_t n1) noexcept
    uint16_t[:, :, ::1] view3_uint16 "MINDAST_VIEW"(uint16_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2) noexcept
    uint16_t[:, :, :, ::1] view4_uint16 "MINDAST_VIEW"(uint16_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3) noexcept
    uint16_t[:, :, :, :, ::1] view5_uint16 "MINDAST_VIEW"(uint16_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4) noexcept
    uint16_t[:, :, :, :, :, ::1] view6_uint16 "MINDAST_VIEW"(uint16_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5) noexcept
    uint16_t[:, :, :, :, :, :, ::1] view7_uint16 "MINDAST_VIEW"(uint16_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5, Py_ssize_t n6) noexcept
    uint32_t[::1] view1_uint32 "MINDAST_VIEW"(uint32_t* start, Py_ssize_t n0) noexcept
    uint32_t[:, ::1] view2_uint32 "MINDAST_VIEW"(uint32_t* start, Py_ssize_t n0, Py_ssize_t n1) noexcept
    uint32_t[:, :, ::1] view3_uint32 "MINDAST_VIEW"(uint32_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2) noexcept
    uint32_t[:, :, :, ::1] view4_uint32 "MINDAST_VIEW"(uint32_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3) noexcept
    uint32_t[:, :, :, :, ::1] view5_uint32 "MINDAST_VIEW"(uint32_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4) noexcept
    uint32_t[:, :, :, :, :, ::1] view6_uint32 "MINDAST_VIEW"(uint32_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5) noexcept
    uint32_t[:, :, :, :, :, :, ::1] view7_uint32 "MINDAST_VIEW"(uint32_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5, Py_ssize_t n6) noexcept
    uint64_t[::1] view1_uint64 "MINDAST_VIEW"(uint64_t* start, Py_ssize_t n0) noexcept
    uint64_t[:, ::1] view2_uint64 "MINDAST_VIEW"(uint64_t* start, Py_ssize_t n0, Py_ssize_t n1) noexcept
    uint64_t[:, :, ::1] view3_uint64 "MINDAST_VIEW"(uint64_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2) noexcept
    uint64_t[:, :, :, ::1] view4_uint64 "MINDAST_VIEW"(uint64_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3) noexcept
    uint64_t[:, :, :, :, ::1] view5_uint64 "MINDAST_VIEW"(uint64_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4) noexcept
    uint64_t[:, :, :, :, :, ::1] view6_uint64 "MINDAST_VIEW"(uint64_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5) noexcept
    uint64_t[:, :, :, :, :, :, ::1] view7_uint64 "MINDAST_VIEW"(uint64_t* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5, Py_ssize_t n6) noexcept
    float[::1] view1_float32 "MINDAST_VIEW"(float* start, Py_ssize_t n0) noexcept
    float[:, ::1] view2_float32 "MINDAST_VIEW"(float* start, Py_ssize_t n0, Py_ssize_t n1) noexcept
    float[:, :, ::1] view3_float32 "MINDAST_VIEW"(float* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2) noexcept
    float[:, :, :, ::1] view4_float32 "MINDAST_VIEW"(float* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3) noexcept
    float[:, :, :, :, ::1] view5_float32 "MINDAST_VIEW"(float* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4) noexcept
    float[:, :, :, :, :, ::1] view6_float32 "MINDAST_VIEW"(float* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5) noexcept
    float[:, :, :, :, :, :, ::1] view7_float32 "MINDAST_VIEW"(float* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5, Py_ssize_t n6) noexcept
    double[::1] view1_float64 "MINDAST_VIEW"(double* start, Py_ssize_t n0) noexcept
    double[:, ::1] view2_float64 "MINDAST_VIEW"(double* start, Py_ssize_t n0, Py_ssize_t n1) noexcept
    double[:, :, ::1] view3_float64 "MINDAST_VIEW"(double* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2) noexcept
    double[:, :, :, ::1] view4_float64 "MINDAST_VIEW"(double* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3) noexcept
    double[:, :, :, :, ::1] view5_float64 "MINDAST_VIEW"(double* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4) noexcept
    double[:, :, :, :, :, ::1] view6_float64 "MINDAST_VIEW"(double* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5) noexcept
    double[:, :, :, :, :, :, ::1] view7_float64 "MINDAST_VIEW"(double* start, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n3, Py_ssize_t n4, Py_ssize_t n5, Py_ssize_t n6) noexcept
