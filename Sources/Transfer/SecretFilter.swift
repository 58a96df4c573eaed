/// Keeps secrets out of what is said: the token, header values, and names and passwords in addresses.
struct SecretFilter {
  /// Letters of a piece of a secret that give it away.
  private static let tellingLength = 4
  /// Bytes of a value in an address's query from which on it may be a secret.
  private static let signatureLength = 8

  /// In lower case.
  private var pieces: Set<String> = []
  /// Secrets without a telling piece.
  private var short: Set<String> = []

  init(_ options: TransferOptions, sources: [SourceURL]) {
    if let token = options.token { add(token) }
    for line in options.headers {
      add(String(line.utf8.drop { $0 != UInt8(ascii: ":") }.dropFirst()) ?? line)
    }
    for case .remote(let url) in sources {
      add(url.userInfo)
      // Signatures and keys; short values, such as `true`, are words of any text.
      for field in url.query.dropFirst().split(separator: "&") {
        let value = field.drop { $0 != "=" }.dropFirst()
        if value.utf8.count >= Self.signatureLength { add(Percent.decode(value)) }
      }
    }
  }

  private mutating func add(_ secret: String) {
    let words = secret.split { !$0.isLetter && !$0.isNumber }.map { $0.lowercased() }
    let telling = words.filter { $0.count >= Self.tellingLength }
    if telling.isEmpty {
      short.insert(String(secret.drop { $0 == " " }))
    } else {
      pieces.formUnion(telling)
    }
  }

  /// Text from outside as it may be shown: not at all when it repeats a piece of a secret. A server
  /// that shows one in part may show the rest in a way that nobody recognises.
  func shown(_ text: String) -> String {
    let lower = text.lowercased()
    guard !pieces.contains(where: { lower.contains($0) }) else { return "" }
    return short.reduce(text) { $1.isEmpty ? $0 : $0.replacing($1, with: "…") }
  }

  /// Text about addresses, without what stands before the `@` in any of them. Of a password with
  /// signs that don't belong in one, rather too much is taken away.
  static func withoutUserInfo(_ text: String) -> String {
    guard let end = text.lastIndex(of: "@") else { return text }
    let head = text[..<end]
    let start =
      head.firstRange(of: "://")?.upperBound
      ?? head.firstIndex { $0 == "'" || $0 == "\"" || $0 == "`" }.map { head.index(after: $0) }
      ?? head.startIndex
    return text[..<start] + "…" + text[end...]
  }
}
