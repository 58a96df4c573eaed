package import Kernels

/// AdamW for embedding and head, Muon for the matrices, as one step.
package final class OptimizerSet {
  package let model: GPT
  package var settings: OptimizerSettings
  private let adamW: [AdamW]
  private let muon: Muon

  package init(model: GPT, settings: OptimizerSettings) throws(LanguageModelError) {
    precondition(!model.inferenceOnly, "a model made for inference has no gradients")
    self.model = model
    self.settings = settings
    do throws(KernelError) {
      var adamW: [AdamW] = []
      for parameter in model.parameters where parameter.role != .matrix {
        adamW.append(try AdamW(parameter))
      }
      self.adamW = adamW
      muon = try Muon(
        model.parameters.filter { $0.role == .matrix }, kind: settings.muon,
        threads: model.pool.threads)
    } catch {
      throw .kernel(error)
    }
  }

  /// Changes every weight by its gradient and returns the gradients' global norm before clipping.
  ///
  /// `multiplier` is the schedule's factor on every rate, `stepIndex` counts from 0, and `clip` is
  /// the largest global norm (nil or 0: no clipping). `gradientNorm` is that norm where it is known
  /// already. Gradients are left as they are.
  @discardableResult
  package func step(
    multiplier: Float, stepIndex: Int, clip: Float?, gradientNorm: Float? = nil
  ) -> Float {
    let norm = gradientNorm ?? model.gradientNorm()
    var scale: Float = 1
    if let clip, clip > 0, norm > clip { scale = clip / (norm + 1e-6) }
    for optimizer in adamW {
      let (rate, beta1) = settings.adamW(
        optimizer.parameter.role, width: model.configuration.width)
      model.timed(.adamw) {
        optimizer.step(
          model: model, rate: rate * multiplier, beta1: beta1, settings: settings,
          stepIndex: stepIndex, gradientScale: scale)
      }
    }
    model.timed(.muon) {
      muon.step(
        model: model, rate: settings.matrixRate * multiplier,
        momentum: settings.momentum(step: stepIndex), gradientScale: scale)
    }
    return norm
  }

  /// All state by name, for the checkpoint: reading and writing these tensors is all there is.
  package var state: [(name: String, tensor: Tensor)] {
    adamW.flatMap(\.state) + muon.state
  }

  /// Forgets all steps: every tensor of the state is zero again.
  package func reset() {
    for entry in state { entry.tensor.buffer.update(repeating: 0) }
  }

  /// Bytes of state and scratch for a model of this shape.
  package static func plannedBytes(
    configuration: GPTConfiguration, threads: Int, muon: MuonKind = .newtonSchulz
  ) -> Int {
    let shapes = configuration.parameterShapes
    let matrices = shapes.filter { $0.role == .matrix }.map { ($0.rows, $0.columns) }
    let adamW = shapes.reduce(0) { $1.role == .matrix ? $0 : $0 + 2 * $1.rows * $1.columns }
    let momenta = matrices.reduce(0) { sum, shape in
      sum + shape.0 * shape.1 + (muon == .normuon ? max(shape.0, shape.1) : 0)
    }
    return (adamW + momenta + Muon.scratchCount(shapes: matrices) * threads)
      * MemoryLayout<Float>.stride
  }
}
