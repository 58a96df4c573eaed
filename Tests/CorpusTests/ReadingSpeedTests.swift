import Corpus
import Glibc
import Testing

/// Prints how fast the file that `NANOBUILD_BENCH_PARQUET` names is read; skipped without it.
@Suite(.serialized, .enabled(if: getenv("NANOBUILD_BENCH_PARQUET") != nil))
struct ReadingSpeedTests {
  @Test(arguments: [1, 2])
  func textColumn(threads: Int) throws {
    let path = String(cString: try #require(getenv("NANOBUILD_BENCH_PARQUET")))
    var best = Double.infinity
    var bytes = 0
    for _ in 0..<5 {
      let start = Self.now()
      let reader = try DocumentReader(paths: [path], threads: threads)
      bytes = 0
      while let batch = try reader.nextBatch() { bytes += batch.byteCount }
      best = min(best, Self.now() - start)
    }
    #expect(bytes > 0)
    print("\(threads) threads: \(Int(Double(bytes) / best / 1e6)) MB/s of \(bytes) bytes")
  }

  @Test func columnAsJSONLines() throws {
    let path = String(cString: try #require(getenv("NANOBUILD_BENCH_PARQUET")))
    let file = try ParquetFile(path: path)
    var bytes = 0
    let start = Self.now()
    try file.writeColumn("text") { bytes += $0.count }
    #expect(bytes > 0)
    print("JSON lines: \(Int(Double(bytes) / (Self.now() - start) / 1e6)) MB/s of \(bytes) bytes")
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
