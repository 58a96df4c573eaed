/// The shape of a model: everything that decides its parameters and its mathematics.
package struct GPTConfiguration: Sendable, Hashable {
  /// Rows of embedding and head: the learned vocabulary and the special tokens.
  package var vocabularySize: Int
  package var layers: Int
  package var width: Int
  package var heads: Int
  /// Heads of keys and values; divides `heads`.
  package var keyValueHeads: Int
  /// The longest sequence the model is meant for.
  package var sequenceLength: Int
  package var mlpWidth: Int
  package var normEpsilon: Float = 1e-6
  package var rotaryBase: Float = 10_000
  package var logitSoftcap: Float = 15
  package var additions = ModelAdditions()

  package init(
    vocabularySize: Int, layers: Int, width: Int, heads: Int, keyValueHeads: Int? = nil,
    sequenceLength: Int, mlpWidth: Int? = nil
  ) {
    self.vocabularySize = vocabularySize
    self.layers = layers
    self.width = width
    self.heads = heads
    self.keyValueHeads = keyValueHeads ?? heads
    self.sequenceLength = sequenceLength
    self.mlpWidth = mlpWidth ?? width.multipliedReportingOverflow(by: 4).partialValue
  }

  package var headSize: Int { heads > 0 ? width / heads : 0 }

  /// Outputs of the joint query, key and value projection.
  var projectedWidth: Int { (heads + 2 * keyValueHeads) * headSize }

  // MARK: Sizes

  package var matrixParameterCount: Int {
    layers * (projectedWidth * width + width * width + 2 * mlpWidth * width)
  }

  package var parameterCount: Int {
    matrixParameterCount + 2 * vocabularySize * width
      + additionShapes.reduce(0) { $0 + $1.rows * $1.columns }
  }

  /// Floating-point operations of one trained token: 6 for each parameter but those of tables, and
  /// attention counted over the whole sequence.
  package func flopsPerToken(sequence: Int) -> Double {
    let tables = additionShapes.reduce(vocabularySize * width) {
      $1.role == .valueEmbedding ? $0 + $1.rows * $1.columns : $0
    }
    return 6 * Double(parameterCount - tables)
      + 12 * Double(layers) * Double(width) * Double(sequence)
  }

  // MARK: The depth dial

  /// The shape nanochat gives a depth: width 64 × depth, heads of about 128.
  package static func depth(_ depth: Int, vocabularySize: Int, sequenceLength: Int)
    throws(LanguageModelError) -> GPTConfiguration
  {
    guard (1...Self.largestDepth).contains(depth) else {
      throw .invalidShape(
        field: "depth", value: depth, requirement: "it must be in 1...\(Self.largestDepth)")
    }
    guard isValidDepth(depth) else {
      let below = (1..<depth).last(where: isValidDepth)
      let above = (depth...Self.largestDepth).first(where: isValidDepth)
      throw .invalidDepth(depth, nearest: [below, above].compactMap { $0 })
    }
    let configuration = GPTConfiguration(
      vocabularySize: vocabularySize, layers: depth, width: 64 * depth, heads: dialHeads(depth),
      sequenceLength: sequenceLength)
    try configuration.validate()
    return configuration
  }

  private static let largestDepth = 256

  private static func dialHeads(_ depth: Int) -> Int { (64 * depth + 127) / 128 }

  private static func isValidDepth(_ depth: Int) -> Bool {
    let heads = dialHeads(depth)
    return 64 * depth % heads == 0 && (64 * depth / heads).isMultiple(of: 2)
  }

  // MARK: Validation

  /// Throws for the first number that makes no model.
  package func validate() throws(LanguageModelError) {
    func check(_ field: String, _ value: Int, _ range: ClosedRange<Int>) throws(LanguageModelError)
    {
      guard range.contains(value) else {
        throw .invalidShape(
          field: field, value: value,
          requirement: "it must be in \(range.lowerBound)...\(range.upperBound)")
      }
    }
    try check("vocabulary_size", vocabularySize, 1...(1 << 24))
    try check("layers", layers, 1...1024)
    try check("width", width, 2...65_536)
    try check("heads", heads, 1...4096)
    try check("key_value_heads", keyValueHeads, 1...heads)
    try check("sequence_length", sequenceLength, 1...(1 << 20))
    try check("mlp_width", mlpWidth, 1...(1 << 20))
    guard width.isMultiple(of: heads), (width / heads).isMultiple(of: 2) else {
      throw .invalidShape(
        field: "width", value: width,
        requirement: "it must be an even multiple of `heads`, which is \(heads)")
    }
    guard heads.isMultiple(of: keyValueHeads) else {
      throw .invalidShape(
        field: "key_value_heads", value: keyValueHeads,
        requirement: "it must divide `heads`, which is \(heads)")
    }
    // The softmax keeps no maximum: the norm of queries and keys bounds its exponent by the root of
    // the head size, and the softcap that of the vocabulary.
    try check("head_size", headSize, 2...(additions.sharpAttention ? 2048 : 4096))
    guard logitSoftcap > 0, logitSoftcap <= 60 else {
      throw .invalidNumber(
        field: "logit_softcap", value: Double(logitSoftcap), requirement: "it must be in 0...60")
    }
    guard normEpsilon > 0, normEpsilon < 1 else {
      throw .invalidNumber(
        field: "norm_epsilon", value: Double(normEpsilon), requirement: "it must be in 0...1")
    }
    guard rotaryBase > 1, rotaryBase.isFinite else {
      throw .invalidNumber(
        field: "rotary_base", value: Double(rotaryBase), requirement: "it must be above 1")
    }
  }
}
