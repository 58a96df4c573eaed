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
        model.parameters.filter { $0.role == .matrix }, threads: model.pool.threads)
    } catch {
      throw .kernel(error)
    }
  }

  /// Changes every weight by its gradient and returns the gradients' global norm before clipping.
  ///
  /// `multiplier` is the schedule's factor on every rate, `stepIndex` counts from 0, and `clip` is
  /// the largest global norm (nil or 0: no clipping). Gradients are left as they are.
  @discardableResult
  package func step(multiplier: Float, stepIndex: Int, clip: Float?) -> Float {
    let norm = model.timed(.norm) { model.gradientNorm() }
    var scale: Float = 1
    if let clip, clip > 0, norm > clip { scale = clip / (norm + 1e-6) }
    let widthFactor = 1 / (Float(model.configuration.width) / 768).squareRoot()
    for optimizer in adamW {
      let base =
        optimizer.parameter.role == .embedding ? settings.embeddingRate : settings.headRate
      model.timed(.adamw) {
        optimizer.step(
          model: model, rate: base * widthFactor * multiplier, settings: settings,
          stepIndex: stepIndex, gradientScale: scale)
      }
    }
    model.timed(.muon) {
      muon.step(
        model: model, rate: settings.matrixRate * multiplier,
        decay: settings.matrixWeightDecay, momentum: settings.momentum(step: stepIndex),
        gradientScale: scale)
    }
    return norm
  }

  /// All state by name, for the checkpoint: reading and writing these tensors is all there is.
  package var state: [(name: String, tensor: Tensor)] {
    adamW.flatMap(\.state) + muon.state
  }

  /// Bytes of state and scratch for a model of this shape.
  package static func plannedBytes(configuration: GPTConfiguration, threads: Int) -> Int {
    let vectors = 4 * configuration.vocabularySize * configuration.width
    return
      (vectors + configuration.matrixParameterCount
      + Muon.scratchCount(
        shapes: configuration.parameterShapes.filter { $0.role == .matrix }.map {
          ($0.rows, $0.columns)
        }) * threads) * MemoryLayout<Float>.stride
  }
}
