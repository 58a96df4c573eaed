internal import CKernels
internal import Kernels

/// How products are computed: one of CKernels' engines.
typealias Engine = Int32

/// A weight matrix of outputs × inputs as the products see it.
///
/// Products read the weight from a packed copy that the caller keeps: `across` for the forward
/// product with the transpose, `along` for the backward one.
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

  /// Words of the larger of the two packed forms.
  static func packedWords(outputs: Int, inputs: Int) -> Int {
    max(
      nb_packed_words(Engine(NB_FP32.rawValue), inputs, outputs),
      nb_packed_words(Engine(NB_FP32.rawValue), outputs, inputs))
  }

  /// One task of packing: some panels of one weight.
  struct Packing {
    let projection: Projection
    let target: Floats
    let transposed: Bool
    let panels: Range<Int>

    func run(_ engine: Engine) {
      let p = projection
      nb_pack(
        engine, target, p.value, transposed ? p.inputs : p.outputs,
        transposed ? p.outputs : p.inputs, p.inputs, transposed ? 1 : 0, panels.lowerBound,
        panels.upperBound)
    }
  }

  /// The tasks that pack this weight, for the forward product or the backward one.
  func packing(into target: Floats, forward: Bool) -> [Packing] {
    let panels = nb_panel_count(forward ? outputs : inputs)
    return stride(from: 0, to: panels, by: 8).map {
      Packing(
        projection: self, target: target, transposed: forward,
        panels: $0..<min(panels, $0 + 8))
    }
  }

  /// y = x Wᵀ, or y += x Wᵀ; x is rows × inputs, y rows × outputs.
  func forward(
    _ engine: Engine, _ y: Floats, _ x: UnsafePointer<Float>, packed: Floats, rows: Int,
    adding: Bool = false, work: Floats
  ) {
    nb_product_rows(
      engine, y, outputs, x, inputs, packed, rows, outputs, inputs, adding ? 1 : 0, work)
  }

  /// dx = dy W
  func backward(
    _ engine: Engine, _ dx: Floats, _ dy: UnsafePointer<Float>, packed: Floats, rows: Int,
    work: Floats
  ) {
    nb_product_rows(engine, dx, inputs, dy, outputs, packed, rows, inputs, outputs, 0, work)
  }

  /// The part `outputs` × `inputs` of gradient += dyᵀ x.
  func addGradient(
    _ engine: Engine, outputs part: Range<Int>, inputs columns: Range<Int>,
    dy: UnsafePointer<Float>, x: UnsafePointer<Float>, rows: Int, work: Floats
  ) {
    nb_product_columns(
      engine, gradient + part.lowerBound * inputs + columns.lowerBound, inputs,
      dy + part.lowerBound, outputs, x + columns.lowerBound, inputs, part.count, columns.count,
      rows, work)
  }
}

/// Sum of squares in double precision over runs in single.
func sumOfSquares(_ x: UnsafePointer<Float>, count: Int) -> Double {
  nb_sum_of_squares(x, count)
}
