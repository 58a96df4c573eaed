/// How a session treats the network.
package struct TransferOptions: Sendable {
  /// Transfers at once; at least 1.
  package var parallel = 16
  /// Tries after the first, per file. A try that brought at least a mebibyte more starts the count
  /// again.
  package var retries = 5
  /// Seconds before the first repetition; doubles with each, and a random half of it is left out so
  /// that many clients don't return together.
  package var retryDelay = 1.0
  /// Seconds that neither a repetition nor a server's `Retry-After` may exceed.
  package var longestRetryDelay = 300.0
  /// Seconds.
  package var connectTimeout = 30.0
  /// Seconds below `lowSpeedLimit` bytes a second after which a transfer counts as dead.
  package var lowSpeedTimeout = 30.0
  package var lowSpeedLimit = 1024
  /// Bytes that may be brought here, failed tries and what an earlier session left included; nil for
  /// any number. See `SizeLedger`.
  package var maxTotalSize: Int?
  /// Sent as `Authorization: Bearer` to a request's `credentialsOrigin`, to no other.
  package var token: String?
  /// More header lines, `Name: value`; for the same host as the token.
  package var headers: [String] = []
  /// Certificates of authorities to trust in place of the system's, a PEM file.
  package var authoritiesFile: String?
  /// The same as a folder of files named by hash.
  package var authoritiesFolder: String?
  package var userAgent = "nanobuild"
  /// Bytes that arrive before the answer's validators are written beside the partial file; below
  /// that, starting over is cheaper than remembering.
  package var resumeThreshold = 1 << 20

  package init() {}
}
