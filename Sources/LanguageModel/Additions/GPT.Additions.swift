internal import Kernels

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension GPT {
  /// Weights and memory of the model's `ModelAdditions`, allocated once like the workspace.
  final class Additions: @unchecked Sendable {
    let configuration: GPTConfiguration
    /// Value and gradient of a parameter.
    struct Weight {
      let value: Floats
      let gradient: Floats
      let count: Int
    }

    /// By layer, where there is one.
    let valueTables: [Weight?]
    let valueGates: [Weight?]
    let residualScalars: Weight?
    let startScalars: Weight?
    let smearGate: Weight?
    let smearScale: Weight?
    let backoutScale: Weight?

    /// The normed embeddings before the smear.
    let embedded: Floats
    /// The input of layer 0, its gradient, and each layer's input before the mix.
    let start: Floats
    let startGradient: Floats
    let mixInputs: [Floats]
    /// False when there is no backward pass to keep them for.
    let keepsInputs: Bool
    /// The output of the middle layer, and the gradient of the sum that it is taken out of.
    let middle: Floats
    let finalGradient: Floats
    /// Gradients of the value gates before their sigmoid, and the gates themselves.
    let gateGradient: Floats
    let gates: Floats
    /// Sums of single chunks, `partialWidth` numbers each; added up in order.
    let partials: UnsafeMutablePointer<Double>
    let partialWidth: Int
    private let memory: Memory
    private let partialMemory: Memory

    /// Nil when the model has none.
    init?(
      configuration c: GPTConfiguration, parameters: [Parameter], tokens: Int, inferenceOnly: Bool
    ) throws(KernelError) {
      guard !c.additions.isEmpty else { return nil }
      configuration = c
      keepsInputs = !inferenceOnly
      func weight(_ name: String) -> Weight? {
        parameters.first { $0.name == name }.map {
          Weight(value: $0.value.pointer, gradient: $0.gradient.pointer, count: $0.count)
        }
      }
      valueTables = (0..<c.layers).map { weight("model.layers.\($0).self_attn.value_embed.weight") }
      valueGates = (0..<c.layers).map { weight("model.layers.\($0).self_attn.value_gate.weight") }
      residualScalars = weight("model.residual_scalars")
      startScalars = weight("model.start_scalars")
      smearGate = weight("model.smear_gate.weight")
      smearScale = weight("model.smear_scale")
      backoutScale = weight("model.backout_scale")

      let plan = Plan(configuration: c, tokens: tokens, inferenceOnly: inferenceOnly)
      memory = try Memory(count: plan.sizes.reduce(0, +))
      var next = memory.base
      let parts = plan.sizes.map { size -> Floats in
        defer { next += size }
        return next
      }
      (embedded, start, startGradient) = (parts[0], parts[1], parts[2])
      (middle, finalGradient) = (parts[3], parts[4])
      (gateGradient, gates) = (parts[5], parts[6])
      mixInputs = Array(parts[7...])
      partialWidth = plan.partialWidth
      partialMemory = try Memory(count: 2 * plan.partialCount)
      partials = UnsafeMutableRawPointer(partialMemory.base)
        .bindMemory(to: Double.self, capacity: plan.partialCount)
    }

    /// Sizes in floats, known before the memory is taken.
    struct Plan {
      let sizes: [Int]
      let partialWidth: Int
      let partialCount: Int

      init(configuration c: GPTConfiguration, tokens: Int, inferenceOnly: Bool) {
        let a = c.additions
        func size(_ isNeeded: Bool, _ width: Int, training: Bool = false) -> Int {
          isNeeded && !(training && inferenceOnly) ? Workspace.Plan.rounded(tokens * width) : 0
        }
        sizes =
          [
            size(a.smear, c.width), size(a.residualScalars, c.width),
            size(a.residualScalars, c.width, training: true), size(a.backout, c.width),
            size(a.backout, c.width, training: true),
            size(a.valueEmbeddings, c.keyValueHeads, training: true),
            size(a.valueEmbeddings, c.keyValueHeads, training: true),
          ]
          // Layer 0's is `start`.
          + (1..<max(1, c.layers)).map { _ in
            size(a.residualScalars, c.width, training: true)
          }
        partialWidth = 1 + c.smearGateInputs
        partialCount = a.isEmpty ? 0 : (tokens / 16 + 1) * partialWidth
      }

      var count: Int { sizes.reduce(0, +) + 2 * partialCount }
    }

    /// Adds up what chunks left at `place` of their partial sums.
    func sum(chunks: Int, at place: Int) -> Float {
      var total = 0.0
      for chunk in 0..<chunks { total += partials[chunk * partialWidth + place] }
      return Float(total)
    }
  }
}

/// Σ a b in runs of single precision.
func dotProduct(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Double {
  // Sixteen lanes, since the compiler may not reorder a sum of floats by itself.
  let (x, y) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
  let run = 1024
  var total = 0.0
  var place = 0
  while place + 16 <= count {
    let end = min(place + run, count - 15)
    var lanes = SIMD16<Float>.zero
    while place < end {
      let left = x.loadUnaligned(fromByteOffset: 4 * place, as: SIMD16<Float>.self)
      let right = y.loadUnaligned(fromByteOffset: 4 * place, as: SIMD16<Float>.self)
      lanes += left * right
      place += 16
    }
    total += Double(lanes.sum())
  }
  while place < count {
    total += Double(a[place] * b[place])
    place += 1
  }
  return total
}

func sigmoid(_ x: Float) -> Float { 1 / (1 + expf(-x)) }
