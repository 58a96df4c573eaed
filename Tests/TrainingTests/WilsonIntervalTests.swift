import Testing
import Training

@Suite struct WilsonIntervalTests {
  /// Values of the closed form, computed elsewhere.
  @Test(arguments: [
    (64, 256, 0.2009169, 0.3064751), (0, 10, 0.0, 0.2775328), (10, 10, 0.7224672, 1.0),
    (1, 2, 0.0945312, 0.9054688),
  ])
  func agreesWithTheReference(successes: Int, total: Int, lower: Double, upper: Double) {
    let interval = WilsonInterval(successes: successes, total: total)
    #expect(abs(interval.lower - lower) < 1e-6)
    #expect(abs(interval.upper - upper) < 1e-6)
  }

  @Test func nothingIsKnownFromNoItems() {
    #expect(WilsonInterval(successes: 0, total: 0) == WilsonInterval(successes: 0, total: -1))
  }
}
