import Diagnostics
import Testing

@Suite struct FormatTests {
  @Test(arguments: [
    (0, "0 B"), (812, "812 B"), (999, "999 B"), (1000, "1.0 KB"), (1234, "1.2 KB"),
    (99_449, "99.4 KB"), (99_949, "100 KB"), (999_499, "999 KB"), (999_500, "1.0 MB"),
    (3_400_000, "3.4 MB"),
    (24_000_000_000, "24.0 GB"), (5_000_000_000_000, "5.0 TB"),
  ])
  func bytesAreScaledByThousands(count: Int, text: String) {
    #expect(Format.bytes(count) == text)
  }

  @Test(arguments: [
    (24_000_000_000, 23_400_000_000, "24.0 GB", "23.4 GB"),
    (23_420_000_000, 23_380_000_000, "23.42 GB", "23.38 GB"),
    (23_400_000_001, 23_399_990_000, "23,400,000,001 B", "23,399,990,000 B"),
    (100_400_000, 100_000_000, "100.4 MB", "100.0 MB"),
    (1_000_000, 999_499, "1.0 MB", "999 KB"),
    (1_040, 1_000, "1.04 KB", "1.00 KB"), (812, 811, "812 B", "811 B"), (7, 7, "7 B", "7 B"),
    (4_100_000_000, 4_100_000_000, "4.1 GB", "4.1 GB"),
    (Int.max, Int.max - 1, "9,223,372,036,854,775,807 B", "9,223,372,036,854,775,806 B"),
  ])
  func differentAmountsLookDifferent(first: Int, second: Int, one: String, other: String) {
    #expect(Format.distinctBytes(first, second) == (one, other))
    #expect(Format.distinctBytes(second, first) == (other, one))
  }

  @Test(arguments: [
    (0.0, "0.0 ms"), (0.0042, "4.2 ms"), (0.05, "50 ms"), (0.4, "0.4 s"), (41.8, "41.8 s"),
    (59.94, "59.9 s"), (59.96, "1 m 00 s"), (200, "3 m 20 s"), (7500, "2 h 05 m"),
    (273_600, "3 d 4 h"), (78_894_000, "2.5 years"), (.infinity, "?"), (-1, "?"),
  ])
  func durationsGrowCoarser(seconds: Double, text: String) {
    #expect(Format.duration(seconds) == text)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"),
    (Int.min, "-9,223,372,036,854,775,808"),
  ])
  func integersAreGrouped(value: Int, text: String) {
    #expect(Format.grouped(value) == text)
  }

  @Test(arguments: [
    (3.0, "3"), (12_345.0, "12,345"), (1234.56, "1235"), (123.456, "123.5"), (12.3456, "12.35"),
    (1.23456, "1.2346"), (0.001, "0.0010"), (1e-5, "1e-05"), (-2.5, "-2.5000"), (.nan, "nan"),
  ])
  func metricsKeepTheDigitsThatMatter(value: Double, text: String) {
    #expect(Format.number(value) == text)
  }

  @Test func fixedDecimalsRoundAndNeverShowNegativeZero() {
    #expect(Format.fixed(2.0 / 3, 2) == "0.67")
    #expect(Format.fixed(-0.001, 2) == "0.00")
    #expect(Format.fixed(1.005e20, 1) == "1.005e+20")
    #expect(Format.fixed(7.6, 0) == "8")
  }

  @Test(arguments: [
    (3.0, "just now"), (60, "60 s ago"), (600, "10 m ago"), (7300, "2 h ago"), (300_000, "3 d ago"),
  ])
  func agesAreRough(seconds: Double, text: String) {
    #expect(Format.age(seconds) == text)
  }
}
