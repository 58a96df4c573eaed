internal import CKernels
package import Kernels

/// Muon as nanochat has it since July 2026.
enum NorMuon {
  /// Of the averages of squares, and the least that is divided by.
  private static let beta: Float = 0.9
  private static let least: Float = 1e-10

  /// Coefficients of the five steps (Polar Express).
  private static func coefficients(_ step: Int) -> (a: Float, b: Float, c: Float) {
    switch step {
    case 0: (8.156554524902461, -22.48329292557795, 15.878769915207462)
    case 1: (4.042929935166739, -2.808917465908714, 0.5000178451051316)
    case 2: (3.8916678022926607, -2.772484153217685, 0.5060648178503393)
    case 3: (3.285753657755655, -2.3681294933425376, 0.46449024233003106)
    default: (2.3465413258596377, -1.7097828382687081, 0.42323551169305323)
    }
  }

  /// Replaces x, rows × columns, by the direction of its step. `average` holds one number for each
  /// place of the longer side and is updated. Needs `Muon.scratchCount` floats from x on.
  static func orthogonalize(
    _ engine: Engine, _ x: Floats, rows: Int, columns: Int, average: Floats
  ) {
    let count = rows * columns
    equalizeRows(x, rows: rows, columns: columns)
    let norm = sumOfSquares(x, count: count).squareRoot()
    nb_scale(x, Float(1 / (1.01 * norm + 1e-7)), count)
    Muon.iterate(engine, x, rows: rows, columns: columns, coefficients)
    let reached = sumOfSquares(x, count: count).squareRoot()
    let wanted = Double(min(rows, columns)).squareRoot()
    nb_scale(x, Float(wanted / max(reached, 1e-7)), count)
    reduceVariance(x, rows: rows, columns: columns, average: average)
  }

  /// Every row gets the mean norm of the rows.
  private static func equalizeRows(_ x: Floats, rows: Int, columns: Int) {
    var sum = 0.0
    for row in 0..<rows {
      sum += sumOfSquares(x + row * columns, count: columns).squareRoot()
    }
    let mean = sum / Double(rows)
    for row in 0..<rows {
      let norm = sumOfSquares(x + row * columns, count: columns).squareRoot()
      nb_scale(x + row * columns, Float(mean / max(norm, 1e-12)), columns)
    }
  }

  /// Divides each row (each column of a wide matrix) by the root of its average square over the
  /// steps, and keeps the norm of the whole.
  private static func reduceVariance(_ x: Floats, rows: Int, columns: Int, average: Floats) {
    let before = sumOfSquares(x, count: rows * columns).squareRoot()
    if rows >= columns {
      for row in 0..<rows {
        let mean = Float(sumOfSquares(x + row * columns, count: columns)) / Float(columns)
        average[row] += (1 - beta) * (mean - average[row])
        nb_scale(x + row * columns, 1 / max(average[row], least).squareRoot(), columns)
      }
    } else {
      // `average` is decayed first and then gets the squares row by row, which are contiguous.
      let share = (1 - beta) / Float(rows)
      for column in 0..<columns { average[column] *= beta }
      for row in 0..<rows {
        let values = x + row * columns
        for column in 0..<columns { average[column] += share * values[column] * values[column] }
      }
      // Behind x there is room; a root and a division for every entry would cost more than all else.
      let factors = x + rows * columns
      for column in 0..<columns { factors[column] = 1 / max(average[column], least).squareRoot() }
      for row in 0..<rows {
        let values = x + row * columns
        for column in 0..<columns { values[column] *= factors[column] }
      }
    }
    let after = sumOfSquares(x, count: rows * columns).squareRoot()
    nb_scale(x, Float(before / max(after, 1e-10)), rows * columns)
  }
}

/// One NorMuon direction of a matrix, and the averages of squares that it leaves.
package func norMuonDirection(
  _ matrix: [Float], rows: Int, columns: Int, average: [Float]
) throws(KernelError) -> (direction: [Float], average: [Float]) {
  precondition(
    matrix.count == rows * columns && average.count == max(rows, columns),
    "\(rows) × \(columns) is not \(matrix.count)")
  let scratch = try Memory(count: Muon.scratchCount(shapes: [(rows, columns)]))
  scratch.base.update(from: matrix, count: matrix.count)
  var average = average
  average.withUnsafeMutableBufferPointer { average in
    guard let base = average.baseAddress else { return }
    NorMuon.orthogonalize(
      Engine(NB_FP32.rawValue), scratch.base, rows: rows, columns: columns, average: base)
  }
  return (Array(UnsafeBufferPointer(start: scratch.base, count: matrix.count)), average)
}
