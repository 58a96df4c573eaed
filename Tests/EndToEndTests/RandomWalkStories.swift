import Glibc
import TestSupport
import Testing

/// Whatever happens to the files, in whatever order: what is called fresh is right.
@Suite struct RandomWalkStories {
  @Test(arguments: [11, 12, 13] as [UInt64])
  func nothingWrongIsEverCalledFresh(seed: UInt64) throws {
    let walk = try Walk(seed: seed)
    for _ in 0..<25 { try walk.step() }
  }

  /// `NANOBUILD_WALK_MINUTES=10 swift test -c release --filter aLongWalk`
  private static let minutes = getenv("NANOBUILD_WALK_MINUTES").flatMap {
    Double(String(cString: $0))
  }

  @Test(.enabled(if: minutes != nil, "NANOBUILD_WALK_MINUTES says how long"))
  func aLongWalk() throws {
    let end = time(nil) + Int((Self.minutes ?? 0) * 60)
    var seed = UInt64(time(nil))
    var rounds = 0
    var deeds: [String: Int] = [:]
    while time(nil) < end {
      let walk = try Walk(seed: seed)
      for _ in 0..<100 where time(nil) < end { try walk.step() }
      rounds += walk.rounds
      deeds.merge(walk.deeds, uniquingKeysWith: +)
      seed += 1
    }
    let kinds = deeds.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    print("\(rounds) rounds: \(kinds.joined(separator: ", "))")
    #expect(rounds > 0)
  }
}
