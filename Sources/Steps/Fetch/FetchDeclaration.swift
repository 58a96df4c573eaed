import BuildEngine
import JSON
import PipelineFile
import Transfer

/// Faults of a `data.fetch` asset that can be told before anything runs.
struct FetchDeclaration {
  private let declaration: StepDeclaration
  /// The first stands for all.
  private let partition: (key: String, value: String)?

  init(_ declaration: StepDeclaration) {
    self.declaration = declaration
    partition = declaration.partitionKey.flatMap { key in
      declaration.partitions.first.map { (key, $0) }
    }
  }

  var faults: [StepDeclaration.Fault] {
    guard let url = declaration.parameters["url"]?.stringValue else { return [] }
    var faults: [StepDeclaration.Fault] = []
    let main = source(url, ["url"], &faults)
    if main != nil, let partition, declaration.partitions.count > 1,
      !URLTemplate(url).uses(partition.key)
    {
      faults.append(
        .init(
          ["url"],
          "`url` does not contain `{\(partition.key)}`, so every partition would be the same file",
          help: "write `{\(partition.key)}` where the partition's value belongs"))
    }
    for (index, mirror) in (declaration.parameters["mirrors"]?.arrayValue ?? []).enumerated() {
      guard let text = mirror.stringValue else { continue }
      _ = source(text, ["mirrors", "\(index)"], &faults)
    }
    if let main { faults += name(main) }
    faults += perPartition("sha256") { value in
      guard let text = value.stringValue, SHA256Digest.normalized(text) == nil else { return nil }
      return "`sha256` needs 64 hexadecimal digits, found `\(text)`"
    }
    faults += perPartition("size") { _ in nil } + perPartition("approximate_size") { _ in nil }
    return faults
  }

  private func source(
    _ text: String, _ path: [String], _ faults: inout [StepDeclaration.Fault]
  ) -> SourceURL? {
    do {
      return try SourceURL(try URLTemplate(text).filled(partition))
    } catch let error as StepFailure {
      faults.append(.init(path, error.message, help: error.help))
    } catch let error as TransferError {
      faults.append(.init(path, "\(error)", help: error.help))
    } catch {
      faults.append(.init(path, "\(error)"))
    }
    return nil
  }

  private func name(_ main: SourceURL) -> [StepDeclaration.Fault] {
    guard declaration.parameters["listing"]?.boolValue != true else { return [] }
    guard let filename = declaration.parameters["filename"]?.stringValue else {
      return main.fileName == nil
        ? [.init(["url"], "the address ends in no file name", help: "give `filename`")] : []
    }
    do throws(StepFailure) {
      let name = try URLTemplate(filename).filled(partition)
      return FileName.isPlain(name)
        ? [] : [.init(["filename"], "`filename` gives `\(name)`, which can't name a file")]
    } catch {
      return [.init(["filename"], error.message, help: error.help)]
    }
  }

  /// A value for all, or one for each of some partitions.
  private func perPartition(
    _ name: String, _ fault: (JSONValue) -> String?
  ) -> [StepDeclaration.Fault] {
    guard let value = declaration.parameters[name] else { return [] }
    guard let members = value.objectValue else {
      return fault(value).map { [.init([name], $0)] } ?? []
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
    return members.sorted { $0.key < $1.key }.compactMap { key, value in
      fault(value).map { .init([name, key], $0) }
    }
  }
}
