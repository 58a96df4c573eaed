internal import CKernels

/// Matrix products of bfloat16 numbers with fp32 sums, for machines with AVX512_BF16.
///
/// Matrices are row-major; bfloat16 numbers are the upper halves of fp32 numbers, held as `UInt16`.
/// A call uses the calling thread alone and allocates nothing. To use more threads, split the rows or
/// columns of the result and call for every part: the order of an element's sum depends on k alone,
/// so no split changes a bit. Everything but the conversions needs `isSupported`.
package enum BF16Gemm {
  /// A matrix that is read; `stride` counts elements between the starts of rows.
  package enum Operand {
    /// Rounded to bfloat16 while it is packed.
    case float32(UnsafePointer<Float>, stride: Int)
    case bfloat16(UnsafePointer<UInt16>, stride: Int)
  }

  /// A matrix that is written; `stride` counts elements between the starts of rows.
  package enum Result {
    case float32(UnsafeMutablePointer<Float>, stride: Int)
    /// Rounded once, after the whole sum.
    case bfloat16(UnsafeMutablePointer<UInt16>, stride: Int)
  }

  /// Whether this machine has the instructions.
  package static let isSupported: Bool = nb_bf16_supported()

  /// The alignment in bytes that packed matrices and scratch memory need.
  package static let alignment = 64

  /// Bytes of scratch memory that one product at a time needs, whatever its size.
  package static var scratchByteCount: Int { nb_bf16_scratch_bytes() }

  /// Columns of a packed matrix that lie together: parts start at multiples of this.
  package static let columnGranularity = 32

  // MARK: Conversions

  /// Rounds `count` numbers to nearest, ties to even. Works on every machine.
  package static func convert(
    _ values: UnsafePointer<Float>, to result: UnsafeMutablePointer<UInt16>, count: Int
  ) {
    nb_bf16_from_float(result, values, count)
  }

  /// Widens `count` numbers exactly. Works on every machine.
  package static func convert(
    _ values: UnsafePointer<UInt16>, to result: UnsafeMutablePointer<Float>, count: Int
  ) {
    nb_bf16_to_float(result, values, count)
  }

  // MARK: Packing right sides

  /// Bytes of a right side [k×n] in packed form.
  package static func packedByteCount(k: Int, n: Int) -> Int { nb_bf16_packed_bytes(k, n) }

  /// Packs the given columns of `right` [k×n]: weights [out×in] for the gradient of the input, or
  /// activations [rows×in] for the gradient of the weights.
  ///
  /// `columns` starts at a multiple of `columnGranularity` and ends at one or at n.
  package static func pack(
    _ right: Operand, into packed: UnsafeMutableRawPointer, k: Int, columns: Range<Int>
  ) {
    checkAlignment(packed, columns)
    nb_bf16_pack(packed, right.matrix, k, columns.lowerBound, columns.upperBound)
  }

  /// Packs the given columns of the transpose of `right` [n×k]: weights [out×in] for the forward
  /// product. `columns` is bounded as in `pack`.
  package static func packTransposed(
    _ right: Operand, into packed: UnsafeMutableRawPointer, k: Int, columns: Range<Int>
  ) {
    checkAlignment(packed, columns)
    nb_bf16_pack_transposed(packed, right.matrix, k, columns.lowerBound, columns.upperBound)
  }

  /// The packed form of a right side's columns from `column` on, a multiple of `columnGranularity`.
  package static func columns(
    from column: Int, of packed: UnsafeRawPointer, k: Int
  ) -> UnsafeRawPointer {
    precondition(column % columnGranularity == 0)
    return packed + nb_bf16_packed_offset(k, column)
  }

  // MARK: Products

  /// `result` [m×n] = `left` [m×k] · `packed` [k×n]: outputs from inputs and packed weights, or the
  /// gradient of inputs from that of outputs.
  package static func multiply(
    _ result: Result, accumulating: Bool = false, _ left: Operand, packed: UnsafeRawPointer,
    m: Int, n: Int, k: Int, scratch: UnsafeMutableRawPointer
  ) {
    checkAlignment(scratch)
    nb_bf16_multiply(result.matrix(accumulating), left.matrix, packed, m, n, k, scratch)
  }

  /// `result` [m×n] = `left`ᵀ · `packed`, with `left` [k×m] and `packed` [k×n]: the gradient of
  /// weights when several threads share one packed right side.
  package static func multiply(
    _ result: Result, accumulating: Bool = false, leftTransposed left: Operand,
    packed: UnsafeRawPointer, m: Int, n: Int, k: Int, scratch: UnsafeMutableRawPointer
  ) {
    checkAlignment(scratch)
    nb_bf16_multiply_left_transposed(
      result.matrix(accumulating), left.matrix, packed, m, n, k, scratch)
  }

  /// `result` [m×n] = `left`ᵀ · `right`, with `left` [k×m] and `right` [k×n]: the gradient of weights
  /// [out×in] from that of outputs [rows×out] and inputs [rows×in].
  ///
  /// Between threads, split the longer of m and n: both sides are packed by every caller.
  package static func multiply(
    _ result: UnsafeMutablePointer<Float>, stride: Int, accumulating: Bool = false,
    leftTransposed left: Operand, right: Operand, m: Int, n: Int, k: Int,
    scratch: UnsafeMutableRawPointer
  ) {
    checkAlignment(scratch)
    let target = Result.float32(result, stride: stride).matrix(accumulating)
    nb_bf16_multiply_transposed(target, left.matrix, right.matrix, m, n, k, scratch)
  }

  private static func checkAlignment(_ memory: UnsafeRawPointer, _ columns: Range<Int> = 0..<0) {
    precondition(Int(bitPattern: memory) % alignment == 0, "memory aligned to 64 bytes")
    precondition(columns.lowerBound % columnGranularity == 0, "columns from a multiple of 32")
  }
}

extension BF16Gemm.Operand {
  fileprivate var matrix: nb_bf16_operand {
    switch self {
    case .float32(let values, let stride):
      nb_bf16_operand(values: values, stride: stride, is_bf16: false)
    case .bfloat16(let values, let stride):
      nb_bf16_operand(values: values, stride: stride, is_bf16: true)
    }
  }
}

extension BF16Gemm.Result {
  fileprivate func matrix(_ accumulating: Bool) -> nb_bf16_result {
    switch self {
    case .float32(let values, let stride):
      nb_bf16_result(values: values, stride: stride, is_bf16: false, accumulates: accumulating)
    case .bfloat16(let values, let stride):
      nb_bf16_result(values: values, stride: stride, is_bf16: true, accumulates: accumulating)
    }
  }
}
