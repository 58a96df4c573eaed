internal import CKernels
package import Kernels

/// The nearly orthogonal factor of a matrix: five Newton–Schulz steps, whose singular values end
/// between about 0.7 and 1.2.
package func orthogonalized(
  _ matrix: [Float], rows: Int, columns: Int
) throws(KernelError) -> [Float] {
  precondition(matrix.count == rows * columns, "\(rows) × \(columns) is not \(matrix.count)")
  let scratch = try Memory(count: Muon.scratchCount(shapes: [(rows, columns)]))
  scratch.base.update(from: matrix, count: matrix.count)
  Muon.orthogonalize(
    Engine(NB_FP32.rawValue), scratch.base, rows: rows, columns: columns,
    sumOfSquares: sumOfSquares(scratch.base, count: matrix.count))
  return Array(UnsafeBufferPointer(start: scratch.base, count: matrix.count))
}

/// Which form of Muon.
package enum MuonKind: String, Sendable, Hashable, CaseIterable {
  /// Jordan's of 2024.
  case newtonSchulz = "newton_schulz"
  /// With rows of equal norm, the Polar Express coefficients (Amsel et al., arXiv 2505.16932), and
  /// NorMuon's average of squares by neuron (Li et al., arXiv 2510.05491).
  case normuon
}

/// Muon (Jordan, 2024): momentum whose matrices are made orthogonal by five Newton–Schulz steps.
final class Muon {
  private let parameters: [Parameter]
  /// Indices of the parameters, the largest first.
  private let order: [Int]
  private let momenta: [Tensor]
  /// Averages of squares by row or column; empty for the plain form.
  private let squares: [Tensor]
  private let scratch: Memory
  private let scratchStride: Int

  init(_ parameters: [Parameter], kind: MuonKind, threads: Int) throws(KernelError) {
    self.parameters = parameters
    order = parameters.indices.sorted { parameters[$0].count > parameters[$1].count }
    var momenta: [Tensor] = [], squares: [Tensor] = []
    for parameter in parameters {
      momenta.append(try Tensor(shape: [parameter.rows, parameter.columns]))
      if kind == .normuon {
        squares.append(try Tensor(shape: [max(parameter.rows, parameter.columns)]))
      }
    }
    self.momenta = momenta
    self.squares = squares
    scratchStride = Self.scratchCount(shapes: parameters.map { ($0.rows, $0.columns) })
    scratch = try Memory(count: scratchStride * threads)
  }

  /// Floats of scratch one worker needs for the largest of the shapes.
  static func scratchCount(shapes: [(rows: Int, columns: Int)]) -> Int {
    let counts = shapes.map { shape in
      let small = min(shape.rows, shape.columns), large = max(shape.rows, shape.columns)
      return 2 * shape.rows * shape.columns + 2 * small * small
        + Projection.packedWords(outputs: small, inputs: large) + Int(NB_PRODUCT_WORDS)
    }
    return ((counts.max() ?? 0) + 15) / 16 * 16
  }

  /// Each matrix is one task, the largest first.
  func step(model: GPT, rate: Float, momentum: Float, gradientScale: Float) {
    model.pool.parallelWithWorker(chunks: order.count) { task, worker in
      let index = order[task]
      let parameter = parameters[index]
      let update = scratch.base + worker * scratchStride
      let squares = nb_muon_momentum(
        update, momenta[index].pointer, parameter.gradient.pointer, momentum, gradientScale,
        parameter.count)
      if self.squares.isEmpty {
        Self.orthogonalize(
          model.engine, update, rows: parameter.rows, columns: parameter.columns,
          sumOfSquares: squares)
      } else {
        NorMuon.orthogonalize(
          model.engine, update, rows: parameter.rows, columns: parameter.columns,
          average: self.squares[index].pointer)
      }
      let shape = max(1, Float(parameter.rows) / Float(parameter.columns)).squareRoot()
      // Matrices do not decay.
      nb_muon_apply(parameter.value.pointer, update, rate * shape, 0, parameter.count)
    }
  }

  /// Replaces x, rows × columns, by its nearly orthogonal factor. Needs `scratchCount` floats from
  /// x on.
  static func orthogonalize(
    _ engine: Engine, _ x: Floats, rows: Int, columns: Int, sumOfSquares: Double
  ) {
    nb_scale(x, Float(1 / (sumOfSquares.squareRoot() + 1e-7)), rows * columns)
    iterate(engine, x, rows: rows, columns: columns) { _ in (3.4445, -4.7750, 2.0315) }
  }

  /// Five steps X = a X + (b X Xᵀ + c (X Xᵀ)²) X in place, on the smaller side.
  static func iterate(
    _ engine: Engine, _ x: Floats, rows: Int, columns: Int,
    _ coefficients: (Int) -> (a: Float, b: Float, c: Float)
  ) {
    let count = rows * columns
    let small = min(rows, columns), large = max(rows, columns)
    let other = x + count
    let gram = other + count
    let square = gram + small * small
    let packed = square + small * small
    let work = packed + Projection.packedWords(outputs: small, inputs: large)
    var current = x, next = other
    if rows > columns {
      nb_transpose(next, current, rows, columns)
      swap(&current, &next)
    }
    for step in 0..<5 {
      let (a, b, c) = coefficients(step)
      // gram = X Xᵀ; B = b·gram + c·gram²; X = a·X + B X
      symmetricSquare(engine, gram, current, rows: small, columns: large, packed, work)
      symmetricSquare(engine, square, gram, rows: small, columns: small, packed, work)
      nb_muon_polynomial(gram, square, b, c, small * small)
      nb_pack(engine, packed, current, small, large, large, 0, 0, nb_panel_count(large))
      nb_scale_copy(next, current, a, count)
      nb_product_rows(engine, next, large, gram, small, packed, small, large, small, 1, work)
      swap(&current, &next)
    }
    if rows > columns {
      nb_transpose(next, current, columns, rows)
      swap(&current, &next)
    }
    if current != x { x.update(from: current, count: count) }
  }

  /// s = X Xᵀ for rows × columns X: the lower half by products, the upper by symmetry.
  private static func symmetricSquare(
    _ engine: Engine, _ s: Floats, _ x: Floats, rows: Int, columns: Int, _ packed: Floats,
    _ work: Floats
  ) {
    nb_pack(engine, packed, x, columns, rows, columns, 1, 0, nb_panel_count(rows))
    let block = 96
    for first in stride(from: 0, to: rows, by: block) {
      let height = min(block, rows - first)
      nb_product_part(
        engine, s + first * rows, rows, x + first * columns, columns, packed, rows, 0, height,
        first + height, columns, 0, work)
    }
    nb_mirror(s, rows)
  }

  var state: [(name: String, tensor: Tensor)] {
    zip(parameters, momenta).map { ("muon.momentum." + $0.name, $1) }
      + zip(parameters, squares).map { ("muon.squares." + $0.name, $1) }
  }
}
