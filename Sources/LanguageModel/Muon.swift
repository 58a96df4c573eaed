internal import CKernels
internal import Kernels

/// Muon (Jordan, 2024): momentum whose matrices are made orthogonal by five Newton–Schulz steps.
final class Muon {
  private let parameters: [Parameter]
  private let momenta: [Tensor]
  private let scratch: Memory
  private let scratchStride: Int

  init(_ parameters: [Parameter], threads: Int) throws(KernelError) {
    self.parameters = parameters
    var momenta: [Tensor] = []
    for parameter in parameters {
      momenta.append(try Tensor(shape: [parameter.rows, parameter.columns]))
    }
    self.momenta = momenta
    scratchStride = Self.scratchCount(shapes: parameters.map { ($0.rows, $0.columns) })
    scratch = try Memory(count: scratchStride * threads)
  }

  /// Floats of scratch one worker needs for the largest of the shapes.
  static func scratchCount(shapes: [(rows: Int, columns: Int)]) -> Int {
    let counts = shapes.map { shape in
      let small = min(shape.rows, shape.columns)
      return 2 * shape.rows * shape.columns + 2 * small * small
    }
    return ((counts.max() ?? 0) + 15) / 16 * 16
  }

  /// Each matrix is one task, the largest first.
  func step(pool: ThreadPool, rate: Float, decay: Float, momentum: Float, gradientScale: Float) {
    let order = parameters.indices.sorted { parameters[$0].count > parameters[$1].count }
    pool.parallelWithWorker(chunks: order.count) { task, worker in
      let index = order[task]
      let parameter = parameters[index]
      let update = scratch.base + worker * scratchStride
      let squares = nb_muon_momentum(
        update, momenta[index].pointer, parameter.gradient.pointer, momentum, gradientScale,
        parameter.count)
      Self.orthogonalize(
        update, rows: parameter.rows, columns: parameter.columns, sumOfSquares: squares)
      let shape = max(1, Float(parameter.rows) / Float(parameter.columns)).squareRoot()
      nb_muon_apply(
        parameter.value.pointer, update, rate * shape, rate * decay, parameter.count)
    }
  }

  /// Replaces x, rows × columns, by its nearly orthogonal factor. Needs `scratchCount` floats from
  /// x on.
  static func orthogonalize(_ x: Floats, rows: Int, columns: Int, sumOfSquares: Double) {
    let count = rows * columns
    let other = x + count
    let small = min(rows, columns), large = max(rows, columns)
    let gram = other + count
    let square = gram + small * small
    nb_scale(x, Float(1 / (sumOfSquares.squareRoot() + 1e-7)), count)
    var current = x, next = other
    if rows > columns {
      nb_transpose(next, current, rows, columns)
      swap(&current, &next)
    }
    let (a, b, c): (Float, Float, Float) = (3.4445, -4.7750, 2.0315)
    for _ in 0..<5 {
      // gram = X Xᵀ; B = b·gram + c·gram²; X = a·X + B X
      nb_gemm(0, 1, small, small, large, 1, current, large, current, large, 0, gram, small)
      nb_gemm(0, 0, small, small, small, 1, gram, small, gram, small, 0, square, small)
      nb_muon_polynomial(gram, square, b, c, small * small)
      next.update(from: current, count: count)
      nb_gemm(0, 0, small, large, small, 1, gram, small, current, large, a, next, large)
      swap(&current, &next)
    }
    if rows > columns {
      nb_transpose(next, current, columns, rows)
      swap(&current, &next)
    }
    if current != x { x.update(from: current, count: count) }
  }

  var state: [(name: String, tensor: Tensor)] {
    zip(parameters, momenta).map { ("muon.momentum." + $0.name, $1) }
  }
}
