import LanguageModel
import Testing

@Suite struct GPTConfigurationTests {
  @Test(arguments: [(2, 2_955_520), (4, 8_270_336), (12, 100_308_480)])
  func theDialGivesTheDocumentedSizes(depth: Int, parameters: Int) throws {
    let c = try GPTConfiguration.depth(depth, vocabularySize: 10_009, sequenceLength: 2048)
    #expect(c.width == 64 * depth)
    #expect(c.matrixParameterCount == 12 * depth * c.width * c.width)
    #expect(c.parameterCount == parameters)
  }

  @Test func anImpossibleDepthNamesItsNeighbours() {
    #expect(throws: LanguageModelError.invalidDepth(5, nearest: [4, 6])) {
      try GPTConfiguration.depth(5, vocabularySize: 100, sequenceLength: 64)
    }
    #expect(throws: LanguageModelError.self) {
      try GPTConfiguration.depth(0, vocabularySize: 100, sequenceLength: 64)
    }
    #expect(throws: LanguageModelError.self) {
      try GPTConfiguration.depth(Int.max, vocabularySize: 100, sequenceLength: 64)
    }
  }

  @Test func impossibleShapesAreRefused() {
    func refused(_ change: (inout GPTConfiguration) -> Void) {
      var c = GPTConfiguration(
        vocabularySize: 100, layers: 2, width: 32, heads: 4, sequenceLength: 16)
      change(&c)
      #expect(throws: LanguageModelError.self) { try c.validate() }
    }
    refused { $0.width = 30 }
    refused { $0.heads = 0 }
    refused { $0.keyValueHeads = 3 }
    refused { $0.layers = -1 }
    refused { $0.width = Int.max }
    refused { $0.logitSoftcap = .nan }
    refused { $0.normEpsilon = 0 }
  }

  @Test func flopsPerTokenAreThoseOfTheSpecification() throws {
    let c = try GPTConfiguration.depth(4, vocabularySize: 10_240, sequenceLength: 512)
    #expect(abs(c.flopsPerToken(sequence: 512) / 1e6 - 40.9) < 0.1)
  }
}
