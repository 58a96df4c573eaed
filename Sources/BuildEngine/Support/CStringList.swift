#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Lists of texts as C takes them: pointers with a null behind the last.
package enum CStringList {
  /// The list is there while `body` runs.
  package static func with<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    let copies = strings.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return withUnsafeTemporaryAllocation(
      of: UnsafeMutablePointer<CChar>?.self, capacity: copies.count
    ) { list in
      _ = list.initialize(fromContentsOf: copies)
      guard let start = list.baseAddress else { preconditionFailure("an empty list has no end") }
      return body(start)
    }
  }
}
