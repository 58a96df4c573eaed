internal import CKernels
internal import Kernels

extension GPTDecoder {
  /// The model's additions for some tokens at a time.
  ///
  /// Smear needs the token before each; the ids of all cached tokens are kept, so that a row which
  /// is cut or copied knows its last one.
  final class Additions {
    private let model: GPT
    private let weights: GPT.Additions
    private let maximumLength: Int
    private let memory: Memory
    private let start: Floats
    private let middle: Floats
    private let own: Floats
    private let previous: Floats
    /// Token ids, rows × length.
    private var cached: [Int32]
    /// Ids of the tokens at hand.
    private var current: [Int32]

    /// Nil when the model has none.
    init?(model: GPT, block: Int, maximumRows: Int, maximumLength: Int) throws(LanguageModelError) {
      guard let weights = model.additions else { return nil }
      self.model = model
      self.weights = weights
      self.maximumLength = maximumLength
      let width = model.configuration.width
      do throws(KernelError) { memory = try Memory(count: (2 * block + 2) * width) } catch {
        throw .kernel(error)
      }
      start = memory.base
      middle = start + block * width
      own = middle + block * width
      previous = own + width
      cached = Array(repeating: 0, count: maximumRows * maximumLength)
      current = Array(repeating: 0, count: block)
    }

    func copyRow(_ source: Int, to target: Int, length: Int) {
      for place in 0..<length {
        cached[target * maximumLength + place] = cached[source * maximumLength + place]
      }
    }

    /// After the embeddings of `count` tokens, each the one at `positions` of its row.
    func enter(
      _ residual: Floats, _ ids: UnsafePointer<Int32>, rows: [Int], positions: [Int32], count: Int
    ) {
      let c = model.configuration
      for place in 0..<count {
        let at = rows[place] * maximumLength + Int(positions[place])
        cached[at] = ids[place]
        current[place] = ids[place]
        guard weights.smearScale != nil, positions[place] > 0 else { continue }
        var before = cached[at - 1]
        nb_embedding_forward(previous, model.embedding.value, &before, 1, c.width, c.normEpsilon)
        let x = residual + place * c.width
        own.update(from: x, count: c.width)
        weights.smear(x, own: own, previous: previous)
      }
    }

    func mixWithStart(_ layer: Int, _ residual: Floats, count: Int) {
      guard let r = weights.residualScalars, let s = weights.startScalars else { return }
      let numbers = count * model.configuration.width
      if layer == 0 { start.update(from: residual, count: numbers) }
      for i in 0..<numbers {
        residual[i] = r.value[layer] * residual[i] + s.value[layer] * start[i]
      }
    }

    func addValues(_ layer: Int, _ projected: Floats, _ input: Floats, count: Int) {
      current.withUnsafeBufferPointer { ids in
        guard let base = ids.baseAddress else { return }
        weights.addValues(layer, projected, input, base, rows: count)
      }
    }

    /// After a layer: keeps the middle one's output, and takes it out again after the last.
    func leave(_ layer: Int, _ residual: Floats, count: Int) {
      let c = model.configuration
      guard let scale = weights.backoutScale else { return }
      let numbers = count * c.width
      if layer == c.middleLayer { middle.update(from: residual, count: numbers) }
      guard layer == c.layers - 1 else { return }
      for i in 0..<numbers { residual[i] -= scale.value[0] * middle[i] }
    }
  }
}
