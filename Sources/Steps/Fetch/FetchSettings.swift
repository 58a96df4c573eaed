import BuildEngine
import JSON
import Transfer

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The parameters of `data.fetch`, read and checked.
struct FetchSettings {
  private let url: URLTemplate
  private let mirrors: [String]
  private let filename: URLTemplate?
  private let sha256: JSONValue?
  private let size: JSONValue?
  let pointer: DownloadRequest.PointerUse
  private let hubEndpoint: String?
  var options = TransferOptions()

  init(
    _ parameters: [String: JSONValue], root: String,
    environment: (String) -> String? = Self.variable
  ) throws(StepFailure) {
    guard let url = parameters["url"]?.stringValue, !url.isEmpty else {
      throw StepFailure("`url` is missing")
    }
    self.url = URLTemplate(url)
    hubEndpoint = environment("HF_ENDPOINT").flatMap { $0.isEmpty ? nil : $0 }
    mirrors = parameters["mirrors"]?.arrayValue?.compactMap(\.stringValue) ?? []
    filename = parameters["filename"]?.stringValue.map { URLTemplate($0) }
    sha256 = parameters["sha256"]
    size = parameters["size"]
    pointer =
      switch parameters["lfs_pointer"]?.boolValue {
      case true?: .required
      case false?: .never
      case nil: .automatic
      }
    options.token = parameters["token"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    if let token = options.token, !Self.isHeaderValue(token) {
      throw StepFailure(Self.badToken)
    }
    for (name, value) in (parameters["headers"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key })
    {
      let value = value.stringValue ?? ""
      guard Self.isHeaderName(name), Self.isHeaderValue(value) else {
        throw StepFailure(Self.badHeader(name))
      }
      // libcurl takes a name with a colon and nothing else as an order to leave the header out.
      options.headers.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    if let value = parameters["parallel"]?.intValue { options.parallel = max(1, value) }
    if let value = parameters["retries"]?.intValue { options.retries = max(0, value) }
    if let value = parameters["retry_delay"]?.doubleValue { options.retryDelay = max(0, value) }
    if let value = parameters["connect_timeout"]?.doubleValue { options.connectTimeout = value }
    if let value = parameters["low_speed_timeout"]?.doubleValue { options.lowSpeedTimeout = value }
    trustAuthorities(parameters["ca_file"]?.stringValue, root: root, environment)
    options.maxTotalSize = parameters["max_total_size"]?.intValue
  }

  /// Whether the files come over the network.
  var isRemote: Bool { url.begins(with: "http") }

  /// The variables that curl, OpenSSL and Python's requests go by; the library alone knows none.
  private mutating func trustAuthorities(
    _ file: String?, root: String, _ environment: (String) -> String?
  ) {
    func variable(_ names: String...) -> String? {
      names.lazy.compactMap(environment).first { !$0.isEmpty }
    }
    if let file {
      options.authoritiesFile = file.hasPrefix("/") ? file : "\(root)/\(file)"
    } else {
      options.authoritiesFile = variable("CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
      options.authoritiesFolder = variable("SSL_CERT_DIR")
    }
  }

  /// `given` names the file, whatever the address ends in.
  func request(
    for target: FetchTarget, in context: StepContext, named given: String? = nil
  ) throws(StepFailure) -> DownloadRequest {
    let partition = target.partition.flatMap { value in target.key.map { (key: $0, value: value) } }
    do {
      let main = try redirected(SourceURL(try url.filled(partition)))
      if let partition, context.partitions.count > 1, !url.uses(partition.key) {
        throw StepFailure(
          "`url` does not contain `{\(partition.key)}`, so every partition would be the same file",
          help: "write `{\(partition.key)}` where the partition's value belongs")
      }
      var name = main.fileName
      if let filename { name = try filename.filled(partition) }
      if let given { name = given }
      guard let name, given != nil || FileName.isPlain(name) else {
        throw StepFailure(
          name.map { "`filename` gives `\($0)`, which can't name a file" }
            ?? "the address ends in no file name", help: "give `filename`")
      }
      let sources = try ([main] + self.alternatives(to: main, partition)).map {
        Self.resolve($0, context.projectRoot)
      }
      return DownloadRequest(
        name: target.name, sources: sources, destination: "\(target.output)/\(name)",
        sha256: try hash(of: target.partition), size: try size(of: target.partition),
        pointer: pointer, keepsFinished: given == nil)
    } catch let error as StepFailure {
      throw error
    } catch let error as TransferError {
      throw StepFailure("\(error)", help: error.help)
    } catch {
      throw StepFailure("\(error)")
    }
  }

  /// A file that a list names: on the web, since the content of one on this machine would have to count
  /// in the key, which is made before the list is read.
  func listed(_ address: String) throws(StepFailure) -> SourceURL {
    let source: SourceURL
    do throws(TransferError) { source = try redirected(SourceURL(address)) } catch {
      throw StepFailure("the list of files: \(error)", help: error.help)
    }
    guard source.remote != nil else {
      throw StepFailure(
        "the list of files names `\(address)`, which is no web address",
        help: "a list names web addresses; files of this machine are fetched as `partitions`, with "
          + "the value in `url`")
    }
    return source
  }

  /// The hub's own convention: `HF_ENDPOINT` names a stand-in for it.
  private func redirected(_ source: SourceURL) throws(TransferError) -> SourceURL {
    guard case .remote(let url) = source, url.origin == "https://huggingface.co:443",
      let hubEndpoint
    else { return source }
    return try SourceURL(url.replacingOrigin(with: hubEndpoint))
  }

  private func alternatives(
    to main: SourceURL, _ partition: (key: String, value: String)?
  ) throws -> [SourceURL] {
    try mirrors.map { mirror in
      let template = URLTemplate(mirror)
      if let partition, template.uses(partition.key) {
        return try SourceURL(try template.filled(partition))
      }
      switch main {
      case .remote(let url): return try url.under(mirror)
      case .local: return try SourceURL(mirror)
      }
    }
  }

  private func hash(of partition: String?) throws(StepFailure) -> String? {
    guard let value = try Self.value(of: sha256, "sha256", for: partition)?.stringValue else {
      return nil
    }
    guard let digest = SHA256Digest.normalized(value) else {
      throw StepFailure("`sha256` needs 64 hexadecimal digits, found `\(value)`")
    }
    return digest
  }

  private func size(of partition: String?) throws(StepFailure) -> Int? {
    guard let value = try Self.value(of: size, "size", for: partition) else { return nil }
    guard let size = value.intValue, size >= 0 else {
      throw StepFailure("`size` needs a number of bytes, found \(value.kindDescription)")
    }
    return size
  }

  private static func value(
    of parameter: JSONValue?, _ name: String, for partition: String?
  ) throws(StepFailure) -> JSONValue? {
    guard let members = parameter?.objectValue else { return parameter }
    guard let value = members[partition ?? ""] else {
      throw StepFailure("`\(name)` has no entry for the partition `\(partition ?? "")`")
    }
    return value
  }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  private static func resolve(_ source: SourceURL, _ root: String) -> SourceURL {
    guard case .local(let path) = source, !path.hasPrefix("/") else { return source }
    return .local(path: "\(root)/\(path)")
  }

  static let badToken = "`token` contains a line break or another control character"

  static func badHeader(_ name: String) -> String {
    "`headers` has an entry `\(name)` that can't be a header line"
  }

  static func isHeaderName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }
  }

  static func isHeaderValue(_ value: String) -> Bool {
    value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
  }
}
