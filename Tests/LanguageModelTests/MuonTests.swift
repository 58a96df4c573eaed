import LanguageModel
import Testing

@Suite struct MuonTests {
  @Test func aNumberGoesThroughTheKnownSequence() throws {
    for size: Float in [1e-3, 1, 250] {
      let result = try orthogonalized([size], rows: 1, columns: 1)
      // After five steps; the first four are 0.701, 1.11362, 0.720706 and 1.089974.
      #expect(abs(result[0] - 0.696436) < (size < 1 ? 1e-3 : 1e-5))
    }
  }

  @Test func aSmallMatrixGivesTheReferenceValues() throws {
    let expected: [Float] = [-0.5683, 0.0577, 0.6838, 0.5634, 0.4056, 0.2479]
    let wide = try orthogonalized([1, 2, 3, 4, 5, 6], rows: 2, columns: 3)
    for (a, b) in zip(wide, expected) { #expect(abs(a - b) < 1e-4) }
    let tall = try orthogonalized([1, 4, 2, 5, 3, 6], rows: 3, columns: 2)
    for i in 0..<3 {
      for j in 0..<2 { #expect(abs(tall[i * 2 + j] - wide[j * 3 + i]) < 1e-6) }
    }
  }

  @Test func theSymmetricProductsAgreeWithPlainArithmetic() throws {
    // Larger than a block of rows, so that halves are computed and mirrored.
    let rows = 130, columns = 150
    let matrix = (0..<rows * columns).map { Float(($0 &* 7919) % 1009) / 504 - 1 }
    let result = try orthogonalized(matrix, rows: rows, columns: columns)
    let norm = matrix.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() + 1e-7
    var x = matrix.map { Double($0) / norm }
    for _ in 0..<5 {
      let gram = product(x, transpose(x, rows, columns), rows, columns, rows)
      let square = product(gram, gram, rows, rows, rows)
      let b = zip(gram, square).map { -4.7750 * $0 + 2.0315 * $1 }
      let change = product(b, x, rows, rows, columns)
      x = zip(x, change).map { 3.4445 * $0 + $1 }
    }
    let worst = zip(result, x).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
    #expect(worst < 1e-4)
  }

  private func transpose(_ a: [Double], _ rows: Int, _ columns: Int) -> [Double] {
    (0..<rows * columns).map { a[$0 % rows * columns + $0 / rows] }
  }

  private func product(_ a: [Double], _ b: [Double], _ m: Int, _ k: Int, _ n: Int) -> [Double] {
    var c = [Double](repeating: 0, count: m * n)
    for i in 0..<m {
      for p in 0..<k {
        let x = a[i * k + p]
        for j in 0..<n { c[i * n + j] += x * b[p * n + j] }
      }
    }
    return c
  }
}
