import Glibc

/// What libFuzzer calls for every input it makes up. Anything but a return is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  parser.read(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}

private let parser: any FuzzedParser = {
  let name = getenv("NANOBUILD_FUZZ_PARSER").map { String(cString: $0) } ?? ""
  guard let parser = fuzzedParsers[name] else {
    print("NANOBUILD_FUZZ_PARSER must be one of \(fuzzedParsers.keys.sorted())")
    exit(64)
  }
  return parser
}()

/// Reads foreign bytes; a typed error is an answer.
protocol FuzzedParser: Sendable {
  func read(_ bytes: [UInt8])
}
