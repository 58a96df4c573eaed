import PipelineFile
import Testing

@Suite struct QuantityTests {
  @Test(arguments: [
    ("512", 512), ("0", 0), ("64KiB", 65536), ("2GiB", 2_147_483_648), ("1.5GB", 1_500_000_000),
    ("1_000kB", 1_000_000), ("3 MiB", 3_145_728), ("1TiB", 1_099_511_627_776), ("7B", 7),
  ])
  func readsSizes(text: String, bytes: Int) { #expect(Quantity.bytes(text) == bytes) }

  @Test(arguments: [
    "", "GiB", "-1", "1.", ".5", "1..5", "1_", "_1", "1__0", "2G", "1 2", "9999999999TiB",
    "99999999999999999999", "1e3", "0x10", "٣",
  ])
  func refusesOtherSizes(text: String) { #expect(Quantity.bytes(text) == nil) }

  @Test(arguments: [
    ("30", 30.0), ("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86400), ("500ms", 0.5),
    ("1.5h", 5400),
  ])
  func readsDurations(text: String, seconds: Double) { #expect(Quantity.seconds(text) == seconds) }

  @Test(arguments: ["", "m", "-1s", "1H", "1w", "1h30m", "inf", "nan"])
  func refusesOtherDurations(text: String) { #expect(Quantity.seconds(text) == nil) }

  @Test func wholeNumbersMayHaveGroups() {
    #expect(Quantity.integer("1_000_000") == 1_000_000)
    #expect(Quantity.integer("-1_0") == -10)
    for text in ["", "_", "1_", "1__0", "_1", "1_000_000_000_000_000_000_000", "--1", "1-0_0"] {
      #expect(Quantity.integer(text) == nil)
    }
  }
}

@Suite struct SettingOverrideTests {
  @Test func takesKeyAndValueApart() throws {
    let override = try #require(SettingOverride("a.b.c=x=y"))
    #expect(override.key == "a.b.c")
    #expect(override.value == "x=y")
    #expect(override.place == "--set a.b.c=x=y")
    #expect(override.readings.map(\.asset) == ["a.b.c", "a.b", "a"])
    #expect(override.readings.map(\.path) == [[], ["c"], ["b", "c"]])
  }

  @Test(arguments: ["", "=", "a=1", "a.b", ".a=1", "a.=1"])
  func refusesWhatNamesNoParameter(text: String) { #expect(SettingOverride(text) == nil) }
}

@Suite struct TypePhraseTests {
  @Test func typesReadAsSentences() {
    let types: [(ParameterType, String)] = [
      (.integer(1...(.max)), "a whole number of at least 1"),
      (.integer((.min)...(.max)), "a whole number"),
      (.integer(0...10_000), "a whole number from 0 to 10,000"),
      (.number(0...1), "a number from 0 to 1"),
      (.number(0...(.infinity)), "a number of at least 0"),
      (.number(-1e300...0.5), "a number from -1e+300 to 0.5"),
      (.list(of: .choice(["a", "b"])), "a list, each item `a` or `b`"),
    ]
    for (type, phrase) in types { #expect(type.phrase == phrase) }
  }
}
