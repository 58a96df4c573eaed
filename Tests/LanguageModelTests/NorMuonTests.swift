import Glibc
import LanguageModel
import Testing

@Suite struct NorMuonTests {
  @Test(arguments: [(6, 9), (9, 6), (1, 12), (12, 1), (130, 40)])
  func directionsAgreeWithPlainArithmetic(rows: Int, columns: Int) throws {
    var average = [Float](repeating: 0, count: max(rows, columns))
    var exact = [Double](repeating: 0, count: max(rows, columns))
    for step in 0..<3 {
      let matrix = (0..<rows * columns).map { Float(($0 &* 7919 &+ step &* 31) % 1009) / 504 - 1 }
      let found = try norMuonDirection(matrix, rows: rows, columns: columns, average: average)
      let expected = reference(matrix.map(Double.init), rows, columns, &exact)
      let size = (expected.reduce(0) { $0 + $1 * $1 } / Double(expected.count)).squareRoot()
      for (a, b) in zip(found.direction, expected) { #expect(abs(Double(a) - b) < 1e-3 * size) }
      average = found.average
      for (a, b) in zip(average, exact) { #expect(abs(Double(a) - b) < 1e-3 * b + 1e-9) }
      // The norm is that of an orthogonal matrix, whatever the averages say.
      let norm = found.direction.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(abs(norm / Double(min(rows, columns)).squareRoot() - 1) < 1e-4)
    }
  }

  @Test func singularValuesEndNearOne() throws {
    // Orthogonal rows of very different length: every direction counts the same afterwards.
    let matrix: [Float] = [1, 1, 0, 0, 0.01, -0.01, 0, 0, 0, 0, 30, 0]
    let result = try norMuonDirection(
      matrix, rows: 3, columns: 4, average: [Float](repeating: 0, count: 4)
    ).direction
    for row in 0..<3 {
      for other in 0..<row {
        let product = (0..<4).reduce(Float(0)) {
          $0 + result[row * 4 + $1] * result[other * 4 + $1]
        }
        #expect(abs(product) < 0.3)
      }
    }
  }

  private func reference(
    _ matrix: [Double], _ rows: Int, _ columns: Int, _ average: inout [Double]
  ) -> [Double] {
    var x = matrix
    let norms = (0..<rows).map { r in
      (0..<columns).reduce(0.0) { $0 + pow(matrix[r * columns + $1], 2) }.squareRoot()
    }
    let mean = norms.reduce(0, +) / Double(rows)
    for i in x.indices { x[i] *= mean / norms[i / columns] }
    scale(&x, 1 / (1.01 * norm(x)))
    for (a, b, c) in [
      (8.156554524902461, -22.48329292557795, 15.878769915207462),
      (4.042929935166739, -2.808917465908714, 0.5000178451051316),
      (3.8916678022926607, -2.772484153217685, 0.5060648178503393),
      (3.285753657755655, -2.3681294933425376, 0.46449024233003106),
      (2.3465413258596377, -1.7097828382687081, 0.42323551169305323),
    ] {
      // X Xᵀ is larger than needed for tall matrices, and gives the same.
      let gram = product(x, transpose(x, rows, columns), rows, columns, rows)
      let square = product(gram, gram, rows, rows, rows)
      let change = product(zip(gram, square).map { b * $0 + c * $1 }, x, rows, rows, columns)
      x = zip(x, change).map { a * $0 + $1 }
    }
    scale(&x, Double(min(rows, columns)).squareRoot() / norm(x))
    let before = norm(x)
    let isTall = rows >= columns
    for i in average.indices {
      let line =
        isTall ? (0..<columns).map { x[i * columns + $0] } : (0..<rows).map { x[$0 * columns + i] }
      average[i] = 0.9 * average[i] + 0.1 * line.reduce(0) { $0 + $1 * $1 } / Double(line.count)
    }
    for i in x.indices { x[i] /= average[isTall ? i / columns : i % columns].squareRoot() }
    scale(&x, before / norm(x))
    return x
  }

  private func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  private func scale(_ x: inout [Double], _ factor: Double) {
    for i in x.indices { x[i] *= factor }
  }

  private func transpose(_ a: [Double], _ rows: Int, _ columns: Int) -> [Double] {
    (0..<rows * columns).map { a[$0 % rows * columns + $0 / rows] }
  }

  private func product(_ a: [Double], _ b: [Double], _ m: Int, _ k: Int, _ n: Int) -> [Double] {
    var c = [Double](repeating: 0, count: m * n)
    for i in 0..<m {
      for p in 0..<k {
        for j in 0..<n { c[i * n + j] += a[i * k + p] * b[p * n + j] }
      }
    }
    return c
  }
}
