import Kernels
import Testing

@Suite("bfloat16 products") struct BF16GemmTests {
  @Test("Rounding is to nearest, ties to even, on every length")
  func conversion() {
    let cases: [(Float, UInt16)] = [
      (0, 0), (-0.0, 0x8000), (1, 0x3F80), (1.00390625, 0x3F80), (1.01171875, 0x3F82),
      (1.00390637, 0x3F81), (-3.5, 0xC060), (.infinity, 0x7F80), (3.4e38, 0x7F80),
    ]
    for length in [1, 9, 16, 31, 32, 33, 100] {
      let values = (0..<length).map { cases[$0 % cases.count].0 }
      var narrow = [UInt16](repeating: 7, count: length + 1)
      BF16Gemm.convert(values, to: &narrow, count: length)
      #expect(narrow[..<length].elementsEqual((0..<length).map { cases[$0 % cases.count].1 }))
      #expect(narrow[length] == 7)
      var wide = [Float](repeating: 7, count: length + 1)
      BF16Gemm.convert(narrow, to: &wide, count: length)
      let exact = narrow[..<length].map { Float(bitPattern: UInt32($0) << 16) }
      #expect(wide[..<length].elementsEqual(exact))
      #expect(wide[length] == 7)
    }
    var nan: UInt16 = 0
    BF16Gemm.convert([Float.nan], to: &nan, count: 1)
    #expect(Float(bitPattern: UInt32(nan) << 16).isNaN)
  }

  @Test(
    "Every form agrees with a Double reference on odd shapes", .enabled(if: BF16Gemm.isSupported))
  func oddShapes() throws {
    var random = Random(seed: 1)
    for index in 0..<1_500 {
      let shape = (random.below(70) + 1, random.below(70) + 1, random.below(70) + 1)
      let problem = Product(m: shape.0, n: shape.1, k: shape.2, random: &random)
      let form = Product.Form.allCases[index % Product.Form.allCases.count]
      try #require(problem.worstError(of: form, random: &random) <= 1, "\(shape) \(form)")
    }
  }

  @Test(
    "Every form agrees with a Double reference across block edges",
    .enabled(if: BF16Gemm.isSupported), arguments: Product.Form.allCases)
  func largeShapes(form: Product.Form) {
    var random = Random(seed: 2)
    for (m, n, k) in [
      (450, 70, 385), (30, 1_100, 801), (211, 545, 1_537), (14, 32, 384), (1, 1, 3_001),
    ] {
      let problem = Product(m: m, n: n, k: k, random: &random)
      #expect(problem.worstError(of: form, random: &random) <= 1, "\(m)×\(n)×\(k)")
    }
  }

  @Test("An empty sum is zero, and adds nothing", .enabled(if: BF16Gemm.isSupported))
  func emptySum() {
    let memory = Scratch()
    let packed = memory.packed(k: 0, n: 2)
    let result = UnsafeMutablePointer<Float>.allocate(capacity: 4)
    result.initialize(repeating: 5, count: 4)
    defer {
      packed.deallocate()
      result.deallocate()
    }
    let left = BF16Gemm.Operand.float32(result, stride: 0)
    BF16Gemm.multiply(
      .float32(result, stride: 2), accumulating: true, left, packed: packed, m: 1, n: 2, k: 0,
      scratch: memory.scratch)
    #expect((0..<4).map { result[$0] } == [5, 5, 5, 5])
    BF16Gemm.multiply(
      .float32(result, stride: 2), left, packed: packed, m: 1, n: 2, k: 0, scratch: memory.scratch)
    #expect((0..<4).map { result[$0] } == [0, 0, 5, 5])
  }

  @Test("No split of rows or columns changes a bit", .enabled(if: BF16Gemm.isSupported))
  func splits() {
    var random = Random(seed: 3)
    let (m, n, k) = (230, 160, 900)
    let problem = Product(m: m, n: n, k: k, random: &random)
    for form in Product.Form.allCases {
      let whole = problem.run(form, parts: [(0..<m, 0..<n)])
      var parts: [(Range<Int>, Range<Int>)] = []
      for rows in [0..<5, 5..<100, 100..<203, 203..<230] {
        for columns in [0..<32, 32..<128, 128..<160] { parts.append((rows, columns)) }
      }
      let split = problem.run(form, parts: parts)
      #expect(whole.map(\.bitPattern) == split.map(\.bitPattern), "\(form)")
    }
  }
}
