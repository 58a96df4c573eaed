internal import CKernels
internal import Kernels

/// A weight matrix of outputs × inputs as the products see it.
struct Projection: @unchecked Sendable {
  let value: UnsafeMutablePointer<Float>
  let gradient: UnsafeMutablePointer<Float>
  let outputs: Int
  let inputs: Int

  /// `rows` may reach over the neighbours of the parameter.
  init(_ parameter: Parameter, rows: Int? = nil) {
    value = parameter.value.pointer
    gradient = parameter.gradient.pointer
    outputs = rows ?? parameter.rows
    inputs = parameter.columns
  }

  /// y = x Wᵀ, or y += x Wᵀ; x is rows × inputs, y rows × outputs.
  func forward(
    _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, adding: Bool = false
  ) {
    nb_gemm(
      0, 1, rows, outputs, inputs, 1, x, inputs, value, inputs, adding ? 1 : 0, y, outputs)
  }

  /// dx = dy W
  func backward(_ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, rows: Int) {
    nb_gemm(0, 0, rows, inputs, outputs, 1, dy, outputs, value, inputs, 0, dx, inputs)
  }

  /// The part `outputs` × `inputs` of gradient += dyᵀ x.
  func addGradient(
    outputs part: Range<Int>, inputs columns: Range<Int>, dy: UnsafePointer<Float>,
    x: UnsafePointer<Float>, rows: Int
  ) {
    nb_gemm(
      1, 0, part.count, columns.count, rows, 1, dy + part.lowerBound, outputs,
      x + columns.lowerBound, inputs, 1, gradient + part.lowerBound * inputs + columns.lowerBound,
      inputs)
  }
}

/// Sum of squares in double precision over runs in single.
func sumOfSquares(_ x: UnsafePointer<Float>, count: Int) -> Double {
  nb_sum_of_squares(x, count)
}
