#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Matrix products of bfloat16 numbers with fp32 sums, on the AVX512_BF16 instructions.
//
// One call uses one thread and allocates nothing. Split a product over threads by rows or columns
// of the result: every element's sum has an order that depends on k alone, so splits change no bit.
// Only the conversions and `nb_bf16_supported` may be called where that function says no.

/// Whether this machine has the instructions.
bool nb_bf16_supported(void);

/// Rounds to nearest, ties to even; where the instructions exist, subnormal numbers become zero.
void nb_bf16_from_float(uint16_t *result, const float *values, size_t count);
/// Exact.
void nb_bf16_to_float(float *result, const uint16_t *values, size_t count);

/// A row-major matrix that is read; `stride` counts elements between rows.
typedef struct nb_bf16_operand {
  const void *values;
  size_t stride;
  bool is_bf16;  // else fp32, rounded while packing
} nb_bf16_operand;

/// A row-major matrix that is written; `stride` counts elements between rows.
typedef struct nb_bf16_result {
  void *values;
  size_t stride;
  bool is_bf16;      // else fp32
  bool accumulates;  // adds to what is there
} nb_bf16_result;

/// Bytes of a packed right side [k×n]; its memory must be aligned to 64 bytes.
size_t nb_bf16_packed_bytes(size_t k, size_t n);
/// Where column `column` (a multiple of 32) starts in a packed right side with k rows, in bytes.
size_t nb_bf16_packed_offset(size_t k, size_t column);
/// Packs columns [first, last) of `b` [k×n]; `first` is a multiple of 32, `last` too or n.
void nb_bf16_pack(void *packed, nb_bf16_operand b, size_t k, size_t first, size_t last);
/// Packs columns [first, last) of the transpose of `b` [n×k]; bounds as in `nb_bf16_pack`.
void nb_bf16_pack_transposed(void *packed, nb_bf16_operand b, size_t k, size_t first, size_t last);

/// Bytes of scratch memory for one call of a product, whatever its size; aligned to 64 bytes.
size_t nb_bf16_scratch_bytes(void);

/// c [m×n] = a [m×k] · packed [k×n].
void nb_bf16_multiply(
    nb_bf16_result c, nb_bf16_operand a, const void *packed, size_t m, size_t n, size_t k,
    void *scratch);
/// c [m×n] = aᵀ · packed, with a [k×m] and packed [k×n].
void nb_bf16_multiply_left_transposed(
    nb_bf16_result c, nb_bf16_operand a, const void *packed, size_t m, size_t n, size_t k,
    void *scratch);
/// c [m×n] = aᵀ · b, with a [k×m] and b [k×n]; c holds fp32.
void nb_bf16_multiply_transposed(
    nb_bf16_result c, nb_bf16_operand a, nb_bf16_operand b, size_t m, size_t n, size_t k,
    void *scratch);
