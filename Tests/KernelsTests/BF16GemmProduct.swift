import Kernels

/// A small generator with a fixed sequence.
struct Random {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// Uniform in -1...1.
  mutating func number() -> Float { Float(next() % 65_537) / 32_768 - 1 }
}

/// Memory for products on one thread.
final class Scratch {
  let scratch = UnsafeMutableRawPointer.allocate(
    byteCount: BF16Gemm.scratchByteCount, alignment: BF16Gemm.alignment)

  deinit { scratch.deallocate() }

  func packed(k: Int, n: Int) -> UnsafeMutableRawPointer {
    .allocate(
      byteCount: max(64, BF16Gemm.packedByteCount(k: k, n: n)), alignment: BF16Gemm.alignment)
  }
}

/// One product c [m×n] = a [m×k] · b [k×n] in all forms the package can compute it in.
struct Product {
  enum Form: CaseIterable {
    case forward, forwardFromFloat, narrowResult, inputGradient, sharedWeightGradient
    case weightGradient, weightGradientFromFloat
  }

  let m: Int
  let n: Int
  let k: Int
  /// Elements between the ends and starts of rows; they hold NaN.
  let gap: Int
  let a: Matrix
  let aTransposed: Matrix
  let b: Matrix
  let bTransposed: Matrix
  let old: [Float]

  /// Row-major values as given and rounded.
  final class Matrix {
    let stride: Int
    let count: Int
    private let wide: UnsafeMutablePointer<Float>
    private let narrow: UnsafeMutablePointer<UInt16>

    init(_ rows: Int, _ columns: Int, gap: Int, _ element: (Int, Int) -> Float) {
      stride = columns + gap
      count = rows * stride
      wide = .allocate(capacity: count)
      narrow = .allocate(capacity: count)
      wide.initialize(repeating: .nan, count: count)
      for row in 0..<rows {
        for column in 0..<columns { wide[row * stride + column] = element(row, column) }
      }
      narrow.initialize(repeating: 0, count: count)
      BF16Gemm.convert(wide, to: narrow, count: count)
    }

    deinit {
      wide.deallocate()
      narrow.deallocate()
    }

    /// The matrix from an element on, to be read as fp32.
    func float32(_ row: Int = 0, _ column: Int = 0) -> BF16Gemm.Operand {
      .float32(wide + row * stride + column, stride: stride)
    }

    func bfloat16(_ row: Int = 0, _ column: Int = 0) -> BF16Gemm.Operand {
      .bfloat16(narrow + row * stride + column, stride: stride)
    }

    /// The rounded element.
    subscript(row: Int, column: Int) -> Double {
      Double(Float(bitPattern: UInt32(narrow[row * stride + column]) << 16))
    }
  }

  init(m: Int, n: Int, k: Int, random: inout Random) {
    (self.m, self.n, self.k) = (m, n, k)
    let gap = random.below(3) * random.below(6)
    self.gap = gap
    let left = (0..<m * k).map { _ in random.number() }
    let right = (0..<n * k).map { _ in random.number() }
    a = Matrix(m, k, gap: gap) { left[$0 * k + $1] }
    aTransposed = Matrix(k, m, gap: gap) { left[$1 * k + $0] }
    b = Matrix(k, n, gap: gap) { right[$1 * k + $0] }
    bTransposed = Matrix(n, k, gap: gap) { right[$0 * k + $1] }
    // Quarters, which bfloat16 holds exactly.
    old = (0..<m * (n + gap)).map { _ in Float(random.below(17)) / 4 }
  }

  /// Adds the product to `old` (with rows of n + gap), one part of the result after the other.
  func run(_ form: Form, parts: [(rows: Range<Int>, columns: Range<Int>)]) -> [Float] {
    let memory = Scratch()
    let packed = memory.packed(k: k, n: n)
    defer { packed.deallocate() }
    let stride = n + gap
    var result = old
    var narrow = [UInt16](repeating: 0, count: old.count)
    BF16Gemm.convert(old, to: &narrow, count: old.count)
    result.withUnsafeMutableBufferPointer { result in
      narrow.withUnsafeMutableBufferPointer { narrow in
        guard let wideBase = result.baseAddress, let narrowBase = narrow.baseAddress else { return }
        for (rows, columns) in parts {
          let offset = rows.lowerBound * stride + columns.lowerBound
          runPart(
            form, rows, columns, wideBase + offset, narrowBase + offset, stride, packed, memory)
        }
      }
    }
    if form == .narrowResult {
      BF16Gemm.convert(narrow, to: &result, count: narrow.count)
    }
    return result
  }

  private func runPart(
    _ form: Form, _ rows: Range<Int>, _ columns: Range<Int>, _ wide: UnsafeMutablePointer<Float>,
    _ narrow: UnsafeMutablePointer<UInt16>, _ stride: Int, _ packed: UnsafeMutableRawPointer,
    _ memory: Scratch
  ) {
    let (row, column, m, n) = (rows.lowerBound, columns.lowerBound, rows.count, columns.count)
    switch form {
    case .forward:
      BF16Gemm.packTransposed(bTransposed.float32(), into: packed, k: k, columns: columns)
    case .forwardFromFloat:
      BF16Gemm.packTransposed(bTransposed.bfloat16(), into: packed, k: k, columns: columns)
    case .narrowResult:
      BF16Gemm.pack(b.float32(), into: packed, k: k, columns: columns)
    case .inputGradient, .sharedWeightGradient:
      BF16Gemm.pack(b.bfloat16(), into: packed, k: k, columns: columns)
    case .weightGradient, .weightGradientFromFloat: break
    }
    let right = BF16Gemm.columns(from: column, of: packed, k: k)
    let result = BF16Gemm.Result.float32(wide, stride: stride)
    switch form {
    case .forward:
      BF16Gemm.multiply(
        result, accumulating: true, a.bfloat16(row), packed: right, m: m, n: n, k: k,
        scratch: memory.scratch)
    case .forwardFromFloat, .inputGradient:
      BF16Gemm.multiply(
        result, accumulating: true, a.float32(row), packed: right, m: m, n: n, k: k,
        scratch: memory.scratch)
    case .narrowResult:
      BF16Gemm.multiply(
        .bfloat16(narrow, stride: stride), accumulating: true, a.bfloat16(row), packed: right,
        m: m, n: n, k: k, scratch: memory.scratch)
    case .sharedWeightGradient:
      BF16Gemm.multiply(
        result, accumulating: true, leftTransposed: aTransposed.bfloat16(0, row), packed: right,
        m: m, n: n, k: k, scratch: memory.scratch)
    case .weightGradient:
      BF16Gemm.multiply(
        wide, stride: stride, accumulating: true, leftTransposed: aTransposed.bfloat16(0, row),
        right: b.bfloat16(0, column), m: m, n: n, k: k, scratch: memory.scratch)
    case .weightGradientFromFloat:
      BF16Gemm.multiply(
        wide, stride: stride, accumulating: true, leftTransposed: aTransposed.float32(0, row),
        right: b.float32(0, column), m: m, n: n, k: k, scratch: memory.scratch)
    }
  }
}

extension Product {
  /// The largest error in units of what rounding allows, and infinity where an element outside of the
  /// result changed. Large results are sampled.
  func worstError(of form: Form, random: inout Random) -> Double {
    let result = run(form, parts: [(0..<m, 0..<n)])
    let stride = n + gap
    var worst = 0.0
    for row in 0..<m {
      for column in n..<stride where result[row * stride + column] != old[row * stride + column] {
        return .infinity
      }
    }
    let all = m * n * k < 400_000
    for sample in 0..<(all ? m * n : 2_000) {
      let (row, column) = all ? (sample / n, sample % n) : (random.below(m), random.below(n))
      var sum = Double(old[row * stride + column])
      var magnitude = abs(sum)
      for index in 0..<k {
        let term = a[row, index] * b[index, column]
        sum += term
        magnitude += abs(term)
      }
      var allowed = 1e-6 * magnitude + 1e-6
      if form == .narrowResult { allowed += abs(sum) / 256 }
      let error = abs(Double(result[row * stride + column]) - sum)
      worst = max(worst, error.isNaN ? .infinity : error / allowed)
    }
    return worst
  }
}
