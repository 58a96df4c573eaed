package import Kernels

/// A sum of losses and how many targets it counts.
package struct LossSum: Sendable, Hashable {
  /// Natural-logarithm loss summed over the counted targets.
  package var loss: Double
  package var count: Int

  package init(loss: Double = 0, count: Int = 0) {
    self.loss = loss
    self.count = count
  }

  /// The mean, or 0 when nothing was counted, which is no loss: whoever may have counted nothing asks
  /// for `count` first.
  package var mean: Double { count == 0 ? 0 : loss / Double(count) }

  package static func += (sum: inout LossSum, other: LossSum) {
    sum.loss += other.loss
    sum.count += other.count
  }
}

/// nanochat's transformer of October 2025, forward and hand-written backward.
///
///     x = norm(embedding[id])
///     for each layer: x += attention(norm(x)); x += mlp(norm(x))
///     logits = cap · tanh(head(norm(x)) / cap)
///
/// Norms have no weights, projections no biases; queries and keys are rotated and then normed by
/// head; the MLP is relu². All memory is allocated at the start. Rows are handled in chunks whose
/// number depends on the batch alone, so results don't depend on the number of threads.
/// One caller at a time.
package final class GPT: @unchecked Sendable {
  package let configuration: GPTConfiguration
  package let pool: ThreadPool
  package let maximumBatch: Int
  package let trainingSequence: Int
  package let inferenceOnly: Bool
  package let precision: Precision
  /// Filled with the time of each part when set.
  package var profile: TrainingProfile?
  /// Every weight, in the order of `GPTConfiguration.parameterShapes`.
  package let parameters: [Parameter]

  let embedding: Projection
  let layers: [Layer]
  let head: Projection
  let workspace: Workspace
  let gradients: Memory?
  let engine: Engine
  let tasks: Tasks
  /// Nil in the plain model.
  let additions: Additions?
  /// Sums of squares of the gradients, one a span.
  private var spanSums: [Double]

  /// The projections of one block.
  struct Layer {
    /// Queries, keys and values in one: (heads + 2 key-value heads) · head size outputs.
    let attention: Projection
    let output: Projection
    let expand: Projection
    let contract: Projection
  }

  /// Makes a model of zeros for at most `maximumBatch` × `trainingSequence` tokens at once.
  package init(
    configuration: GPTConfiguration, pool: ThreadPool, maximumBatch: Int, trainingSequence: Int,
    inferenceOnly: Bool = false, precision: Precision = .fp32, products: ProductLibrary = .native
  ) throws(LanguageModelError) {
    try configuration.validate()
    engine = try LanguageModel.engine(precision, products)
    guard (1...65_536).contains(maximumBatch) else {
      throw .invalidShape(
        field: "batch_rows", value: maximumBatch, requirement: "it must be in 1...65536")
    }
    guard (1...(1 << 20)).contains(trainingSequence) else {
      throw .invalidShape(
        field: "sequence_length", value: trainingSequence, requirement: "it must be in 1...1048576")
    }
    self.configuration = configuration
    self.pool = pool
    self.maximumBatch = maximumBatch
    self.trainingSequence = trainingSequence
    self.inferenceOnly = inferenceOnly
    self.precision = precision
    do throws(KernelError) {
      let values = try Memory(count: configuration.arenaCount)
      let gradients = inferenceOnly ? nil : try Memory(count: configuration.arenaCount)
      let nothing = try Memory(count: 0)
      var parameters: [Parameter] = []
      for (shape, offset) in zip(configuration.parameterShapes, configuration.arenaOffsets) {
        parameters.append(
          Parameter(
            name: shape.name, role: shape.role, rows: shape.rows, columns: shape.columns,
            value: Tensor(viewing: values, offset: offset, shape: [shape.rows, shape.columns]),
            gradient: gradients.map {
              Tensor(viewing: $0, offset: offset, shape: [shape.rows, shape.columns])
            } ?? Tensor(viewing: nothing, offset: 0, shape: [0])))
      }
      self.parameters = parameters
      self.gradients = gradients
      embedding = Projection(parameters[0])
      head = Projection(parameters[1 + 6 * configuration.layers])
      layers = (0..<configuration.layers).map { layer in
        let first = 1 + 6 * layer
        return Layer(
          attention: Projection(parameters[first], rows: configuration.projectedWidth),
          output: Projection(parameters[first + 3]),
          expand: Projection(parameters[first + 4]),
          contract: Projection(parameters[first + 5]))
      }
      workspace = try Workspace(
        configuration: configuration, batch: maximumBatch, sequence: trainingSequence,
        threads: pool.threads, inferenceOnly: inferenceOnly)
      tasks = Tasks(
        layers: layers, head: head, workspace: workspace, width: configuration.width,
        inferenceOnly: inferenceOnly)
      spanSums = [Double](repeating: 0, count: Self.spans(gradients?.count ?? 0))
      additions = try Additions(
        configuration: configuration, parameters: parameters, tokens: workspace.capacity,
        inferenceOnly: inferenceOnly)
    } catch {
      throw .kernel(error)
    }
  }

  package func zeroGradients() {
    guard let gradients else { return }
    timed(.zero) {
      parallelSpans(gradients.count) { range in
        (gradients.base + range.lowerBound).update(repeating: 0, count: range.count)
      }
    }
  }

  /// The global Euclidean norm of all gradients.
  package func gradientNorm() -> Float {
    guard let gradients else { return 0 }
    return timed(.norm) {
      spanSums.withUnsafeMutableBufferPointer { sums in
        parallelSpans(gradients.count) { range in
          sums[range.lowerBound / Self.spanSize] = sumOfSquares(
            gradients.base + range.lowerBound, count: range.count)
        }
      }
      return Float(spanSums.reduce(0, +).squareRoot())
    }
  }

  static let spanSize = 1 << 16

  private static func spans(_ count: Int) -> Int { (count + spanSize - 1) / spanSize }

  /// Splits `0..<count` into spans of fixed size and hands them to the pool.
  func parallelSpans(_ count: Int, _ body: (Range<Int>) -> Void) {
    let size = Self.spanSize
    pool.parallel(chunks: Self.spans(count)) { chunk in
      body(chunk * size..<min(count, (chunk + 1) * size))
    }
  }
}

extension GPTConfiguration {
  /// Where each parameter starts in the arena, in floats. Padding keeps 64-byte alignment, except
  /// that nothing may come between query, key and value.
  var arenaOffsets: [Int] {
    var offset = 0
    return parameterShapes.enumerated().map { index, shape in
      let slot = (index - 1) % 6
      let follows = index > 0 && index < 1 + 6 * layers && (slot == 1 || slot == 2)
      if !follows { offset = (offset + 15) / 16 * 16 }
      defer { offset += shape.rows * shape.columns }
      return offset
    }
  }

  var arenaCount: Int {
    zip(arenaOffsets, parameterShapes).map { $0 + $1.rows * $1.columns }.max() ?? 0
  }
}
