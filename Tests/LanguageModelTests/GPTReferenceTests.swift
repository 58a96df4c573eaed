import JSON
import Kernels
import LanguageModel
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Agreement with the PyTorch model of `Scripts/torch_reference.py`.
///
/// The ordinary run uses a small recorded shape. `NANOBUILD_PARITY=FOLDER` checks a folder that the
/// script recorded for any other.
@Suite struct GPTReferenceTests {
  @Test func theRecordedModelWithGroupedKeysAgrees() throws {
    let here = "\(#filePath)".split(separator: "/").dropLast().joined(separator: "/")
    try expectAgreement("/" + here + "/Fixtures/grouped")
  }

  @Test(.enabled(if: getenv("NANOBUILD_PARITY") != nil)) func anotherRecordedModelAgrees() throws {
    try expectAgreement(getenv("NANOBUILD_PARITY").map { String(cString: $0) } ?? "")
  }

  private func expectAgreement(_ folder: String) throws {
    let reference = try Reference(folder)
    let c = reference.configuration
    let model = try GPT(
      configuration: c, pool: ThreadPool(threads: 2), maximumBatch: reference.batch,
      trainingSequence: c.sequenceLength)
    fill(model)
    let count = reference.batch * c.sequenceLength
    let first = tokens(c, count: count, step: 0)
    var logits = [Float](repeating: 0, count: count * c.vocabularySize)
    model.logits(
      tokens: first, batch: reference.batch, sequence: c.sequenceLength, into: &logits)
    let logitError = zip(logits, reference.logits).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(logits.count == reference.logits.count)
    #expect(logitError < 1e-5)

    _ = step(model, first, count: count, batch: reference.batch)
    var offset = 0
    var worst: Float = 0
    for parameter in model.parameters {
      var difference = 0.0, size = 0.0
      for i in 0..<parameter.count {
        let expected = Double(reference.gradients[offset + i])
        difference +=
          (Double(parameter.gradient.pointer[i]) - expected)
          * (Double(parameter.gradient.pointer[i]) - expected)
        size += expected * expected
      }
      offset += parameter.count
      let relative = Float((difference / size).squareRoot())
      worst = max(worst, relative)
      #expect(relative < 1e-4, "\(parameter.name)")
    }

    let optimizer = try OptimizerSet(model: model, settings: OptimizerSettings())
    var lossError = 0.0
    for index in reference.losses.indices {
      model.zeroGradients()
      let sum = step(
        model, tokens(c, count: count, step: index), count: count, batch: reference.batch)
      optimizer.step(multiplier: 1, stepIndex: index, clip: 1)
      lossError = max(lossError, abs(sum.mean - reference.losses[index]))
    }
    #expect(lossError < 1e-4)
    print("parity \(folder): logits \(logitError), gradients \(worst), losses \(lossError)")
  }

  private func step(_ model: GPT, _ tokens: [Int32], count: Int, batch: Int) -> LossSum {
    tokens.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return LossSum() }
      return model.forwardBackward(
        tokens: base, targets: base + 1, batch: batch, sequence: count / batch,
        gradientScale: 1 / Float(count))
    }
  }

  // MARK: The script's formulas

  private func uniform(_ index: Int, seed: Int) -> Double {
    var x = (UInt64(index) &* 2_654_435_761 &+ UInt64(seed) &* 40503 &+ 12345) & 0xFFFF_FFFF
    x = ((x ^ (x >> 16)) &* 73_244_475) & 0xFFFF_FFFF
    x = ((x ^ (x >> 16)) &* 73_244_475) & 0xFFFF_FFFF
    return Double(x ^ (x >> 16)) / 4_294_967_296 - 0.5
  }

  private func fill(_ model: GPT) {
    for (index, parameter) in model.parameters.enumerated() {
      let scale =
        parameter.role == .embedding ? 3.4 : 3.4 / Double(parameter.columns).squareRoot()
      for i in 0..<parameter.count {
        parameter.value.pointer[i] = Float(uniform(i, seed: index + 1) * scale)
      }
    }
  }

  private func tokens(_ c: GPTConfiguration, count: Int, step: Int) -> [Int32] {
    (0...count).map {
      min(
        Int32(c.vocabularySize - 1),
        Int32((uniform($0, seed: 1000 + step) + 0.5) * Double(c.vocabularySize)))
    }
  }

  private struct Reference {
    let configuration: GPTConfiguration
    let batch: Int
    let losses: [Double]
    let logits: [Float]
    let gradients: [Float]

    init(_ folder: String) throws {
      let json = try JSONParser.parse(Self.bytes(folder + "/reference.json"))
      func number(_ key: String) throws -> Int { try #require(json[key]?.intValue) }
      configuration = GPTConfiguration(
        vocabularySize: try number("vocabulary"), layers: try number("layers"),
        width: try number("width"), heads: try number("heads"),
        keyValueHeads: try number("kv_heads"), sequenceLength: try number("sequence"))
      batch = try number("batch")
      losses = try #require(json["losses"]?.arrayValue).compactMap(\.doubleValue)
      logits = try Self.floats(folder + "/logits.f32")
      gradients = try Self.floats(folder + "/gradients.f32")
    }

    static func bytes(_ path: String) throws -> [UInt8] {
      let file = try #require(fopen(path, "rb"))
      defer { fclose(file) }
      fseek(file, 0, SEEK_END)
      var bytes = [UInt8](repeating: 0, count: ftell(file))
      rewind(file)
      #expect(fread(&bytes, 1, bytes.count, file) == bytes.count)
      return bytes
    }

    static func floats(_ path: String) throws -> [Float] {
      let bytes = try bytes(path)
      return bytes.withUnsafeBytes { raw in
        (0..<bytes.count / 4).map {
          Float(
            bitPattern: UInt32(
              littleEndian: raw.loadUnaligned(
                fromByteOffset: 4 * $0, as: UInt32.self)))
        }
      }
    }
  }
}
