/// One file to bring here.
package struct DownloadRequest: Sendable {
  /// The caller's name for it, such as the partition.
  package var name: String
  /// The same file in several places, tried in turn.
  package var sources: [SourceURL]
  /// `WebURL.origin` of the one host that may see token and headers: the first source's, unless set
  /// otherwise. Nil for nobody.
  package var credentialsOrigin: String?
  /// Absolute path of the finished file. Its folder must exist; until it is finished it can be
  /// written to, and a `.part.json` may stand beside it.
  package var destination: String
  /// 64 hexadecimal digits, lower case.
  package var sha256: String?
  /// Bytes.
  package var size: Int?
  /// Most bytes this file may have; nil for any number.
  package var sizeLimit: Int?
  package var pointer: PointerUse
  /// A file that is at `destination` already was put there by an earlier session with this very
  /// request, and need not be fetched again.
  package var keepsFinished: Bool
  /// The destination's folder was made for this request just now: no earlier session left anything.
  package var isFolderNew = false

  /// Whether size and hash are asked of the Git-LFS pointer that a hub keeps for the file.
  package enum PointerUse: Sendable, Hashable {
    case never
    /// Where the URL is a hub's, no hash is given, and the hub has a pointer.
    case automatic
    /// Without a pointer the file fails.
    case required
  }

  package init(
    name: String, sources: [SourceURL], destination: String, sha256: String? = nil,
    size: Int? = nil, pointer: PointerUse = .automatic, keepsFinished: Bool = false
  ) {
    self.name = name
    self.sources = sources
    credentialsOrigin = sources.first?.remote?.origin
    self.destination = destination
    self.sha256 = sha256
    self.size = size
    self.pointer = pointer
    self.keepsFinished = keepsFinished
  }

  /// What a session leaves in the destination's folder for another one: the file, finished or not, and
  /// what goes with an unfinished one.
  package var ownedNames: [String] {
    [destination, PartialFile.memoPath(destination)].map { path in
      let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
      return slash.map { String(path[$0...].dropFirst()) } ?? path
    }
  }
}

/// What became of a request that succeeded.
package struct DownloadedFile: Sendable, Hashable {
  /// Bytes of the finished file.
  package var size: Int
  /// Hash of the finished file when one was expected, hence verified.
  package var sha256: String?
  /// Bytes that came over the network or were copied, those of failed tries included.
  package var bytesReceived: Int
  /// Bytes an earlier session had left.
  package var resumedFrom: Int
  /// Tries it took; 0 when nothing had to be asked.
  package var attempts: Int
  /// Nil unless every byte passed through this session.
  package var written: WrittenContent?
}

/// How far a session is.
package struct TransferProgress: Sendable, Hashable {
  package var filesDone: Int
  package var filesFailed: Int
  /// Nil when the caller gave no number.
  package var filesTotal: Int?
  /// Since the session began, failed tries included.
  package var bytesReceived: Int
  /// Of the files in flight and those done, as far as their sizes are known.
  package var bytesInFiles: Int
  /// Total of a session with one file; nil while unknown and with several files.
  package var bytesTotal: Int?
  /// Over the last seconds.
  package var bytesPerSecond: Double
  /// Nil while there is no telling.
  package var secondsLeft: Double?
  /// Files whose last try failed and whose next is not due yet.
  package var filesWaiting = 0
  /// Why and how long nothing comes, `503, next try in 300 s (1 of 5)`, when nothing is on its way.
  package var wait: String?
}
