import LanguageModel
import Testing

@Suite struct SamplerTests {
  private func draws(
    _ settings: Sampler.Settings, _ logits: [Float], count: Int, stream: UInt64 = 0
  ) -> [Int] {
    var sampler = Sampler(settings: settings, stream: stream)
    return (0..<count).map { _ in logits.withUnsafeBufferPointer { sampler.next($0) } }
  }

  @Test func `temperature zero takes the likeliest token, the first among equals`() {
    #expect(draws(.greedy, [1, 5, 5, -2], count: 3) == [1, 1, 1])
    #expect(draws(.greedy, [.nan, 2, .nan], count: 1) == [1])
    #expect(draws(.greedy, [-.infinity, -.infinity], count: 1) == [0])
  }

  @Test func `the same seed gives the same tokens, other seeds and streams others`() {
    let logits = (0..<100).map { Float($0 % 17) / 4 }
    let settings = Sampler.Settings(temperature: 1, topK: 0, seed: 7)
    let first = draws(settings, logits, count: 50)
    #expect(first == draws(settings, logits, count: 50))
    #expect(first != draws(settings, logits, count: 50, stream: 1))
    #expect(first != draws(.init(temperature: 1, topK: 0, seed: 8), logits, count: 50))
  }

  @Test func `top-k leaves only the k likeliest`() {
    let logits: [Float] = [0, 3, 1, 3, 2, -1]
    #expect(Set(draws(.init(temperature: 5, topK: 2, seed: 1), logits, count: 200)) == [1, 3])
    #expect(Set(draws(.init(temperature: 5, topK: 3, seed: 1), logits, count: 200)) == [1, 3, 4])
    #expect(Set(draws(.init(temperature: 50, topK: 99, seed: 1), logits, count: 500)).count == 6)
  }

  @Test(arguments: [0, 4])
  func `frequencies follow the softmax of logits over temperature`(topK: Int) {
    let logits: [Float] = [0, 1, 2, .nan, -.infinity, 0.5]
    let counts = draws(.init(temperature: 2, topK: topK, seed: 3), logits, count: 40_000)
      .reduce(into: [Int](repeating: 0, count: 6)) { $0[$1] += 1 }
    // exp(logit / 2): 1, 1.64872, 2.71828, 1.28403
    let total = 1 + 1.64872 + 2.71828 + 1.28403
    for (token, weight) in [(0, 1.0), (1, 1.64872), (2, 2.71828), (5, 1.28403)] {
      #expect(abs(Double(counts[token]) / 40_000 - weight / total) < 0.01)
    }
    #expect(counts[3] == 0 && counts[4] == 0)
  }
}
