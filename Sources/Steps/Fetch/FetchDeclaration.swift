import BuildEngine
import JSON
import PipelineFile
import Transfer

/// Faults of a `data.fetch` asset that can be told before anything runs.
struct FetchDeclaration {
  private typealias Partition = (key: String, value: String)

  private let declaration: StepDeclaration
  /// Those that may make a difference: the first, the longest, and all with signs that mean something in
  /// an address. One nil without partitions.
  private let samples: [Partition?]

  init(_ declaration: StepDeclaration) {
    self.declaration = declaration
    guard let key = declaration.partitionKey, let first = declaration.partitions.first else {
      samples = [nil]
      return
    }
    var samples: [Partition?] = [(key, first)]
    var longest = first
    for value in declaration.partitions.dropFirst() {
      if value.utf8.count > longest.utf8.count { longest = value }
      if !value.utf8.allSatisfy(Percent.isUnreserved) { samples.append((key, value)) }
    }
    if longest.utf8.count > first.utf8.count { samples.append((key, longest)) }
    self.samples = samples
  }

  var faults: [StepDeclaration.Fault] {
    guard let text = declaration.parameters["url"]?.stringValue else { return [] }
    let url = URLTemplate(text)
    var faults = firstFault(["url"]) { _ = try SourceURL(try url.filled($0)) }
    if faults.isEmpty {
      if let key = declaration.partitionKey, declaration.partitions.count > 1, !url.uses(key) {
        faults.append(
          .init(
            ["url"], "`url` does not contain `{\(key)}`, so every partition would be the same file",
            help: "write `{\(key)}` where the partition's value belongs"))
      }
      faults += names(url)
    }
    for (index, mirror) in (declaration.parameters["mirrors"]?.arrayValue ?? []).enumerated() {
      guard let text = mirror.stringValue else { continue }
      let template = URLTemplate(text)
      let path = ["mirrors", "\(index)"]
      if let key = declaration.partitionKey, template.mentions(key), !template.uses(key) {
        faults.append(.init(path, "what follows a `#` in an address is never asked for"))
      }
      faults += firstFault(path) { _ = try SourceURL(try template.filled($0)) }
    }
    faults += credentials
    faults += perPartition("sha256") { value in
      guard let text = value.stringValue, SHA256Digest.normalized(text) == nil else { return nil }
      return "`sha256` needs 64 hexadecimal digits, found `\(text)`"
    }
    faults += perPartition("size") { _ in nil }
    faults += perPartition("approximate_size", isForAll: false) { _ in nil }
    return faults
  }

  /// What `read` says of the first partition it can't read; nothing when it reads all.
  private func firstFault(
    _ path: [String], _ read: (Partition?) throws -> Void
  ) -> [StepDeclaration.Fault] {
    for (index, partition) in samples.enumerated() {
      let ofWhich = index == 0 ? "" : partition.map { " (partition `\($0.value)`)" } ?? ""
      do {
        try read(partition)
      } catch let error as StepFailure {
        return [.init(path, error.message + ofWhich, help: error.help)]
      } catch let error as TransferError {
        return [.init(path, "\(error)\(ofWhich)", help: error.help)]
      } catch {
        return [.init(path, "\(error)\(ofWhich)")]
      }
    }
    return []
  }

  private var credentials: [StepDeclaration.Fault] {
    var faults: [StepDeclaration.Fault] = []
    if let token = declaration.parameters["token"]?.stringValue, !FetchSettings.isHeaderValue(token)
    {
      faults.append(.init(["token"], FetchSettings.badToken))
    }
    let headers = declaration.parameters["headers"]?.objectValue ?? [:]
    for (name, value) in headers.sorted(by: { $0.key < $1.key })
    where !FetchSettings.isHeaderName(name)
      || !FetchSettings.isHeaderValue(value.stringValue ?? "")
    {
      faults.append(.init(["headers", name], FetchSettings.badHeader(name)))
    }
    return faults
  }

  private func names(_ url: URLTemplate) -> [StepDeclaration.Fault] {
    if declaration.parameters["listing"]?.boolValue == true {
      guard declaration.parameters["filename"] != nil else { return [] }
      return [
        .init(
          ["filename"], "`filename` has no effect with `listing`",
          help: "the files of a list are numbered in its order")
      ]
    }
    guard let text = declaration.parameters["filename"]?.stringValue else {
      return firstFault(["url"]) { partition in
        guard try SourceURL(try url.filled(partition)).fileName == nil else { return }
        throw StepFailure("the address ends in no file name", help: "give `filename`")
      }
    }
    let filename = URLTemplate(text)
    return firstFault(["filename"]) { partition in
      let name = try filename.filled(partition)
      guard !FileName.isPlain(name) else { return }
      throw StepFailure("`filename` gives `\(name)`, which can't name a file")
    }
  }

  /// A value for all, or one for each partition; with `isForAll` for each without exception.
  private func perPartition(
    _ name: String, isForAll: Bool = true, _ fault: (JSONValue) -> String?
  ) -> [StepDeclaration.Fault] {
    guard let value = declaration.parameters[name] else { return [] }
    guard let members = value.objectValue else {
      return fault(value).map { [.init([name], $0)] } ?? []
    }
    guard declaration.partitionKey != nil else {
      return [
        .init(
          [name], "`\(name)` is a mapping by partition, but this asset has no partitions",
          help: "give one value")
      ]
    }
    // Another profile may have other partitions; but no entry that fits is a misspelling.
    if !members.isEmpty, declaration.partitions.allSatisfy({ members[$0] == nil }) {
      let example = members.keys.sorted().first ?? ""
      return [
        .init(
          [name], "no entry of `\(name)` is for a partition of this asset",
          help: "its partitions are such as `\(declaration.partitions.first ?? "")`, "
            + "the entries such as `\(example)`")
      ]
    }
    let missing = isForAll ? declaration.partitions.filter { members[$0] == nil } : []
    if !missing.isEmpty {
      let shown = missing.prefix(3).map { "`\($0)`" }.joined(separator: ", ")
      let more = missing.count > 3 ? " and \(missing.count - 3) more" : ""
      return [
        .init(
          [name],
          "`\(name)` has no entry for \(missing.count) of \(declaration.partitions.count) "
            + "partitions: \(shown)\(more)",
          help: "they would not be verified; give one for each partition")
      ]
    }
    return members.sorted { $0.key < $1.key }.compactMap { key, value in
      fault(value).map { .init([name, key], $0) }
    }
  }
}
