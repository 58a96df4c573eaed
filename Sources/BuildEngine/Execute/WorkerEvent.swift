package import JSON

/// What a worker tells while it runs and as its last word: one JSON object a line.
package enum WorkerEvent: Sendable, Hashable {
  case progress(StepProgress)
  case metric(name: String, value: JSONValue)
  case measurement(name: String, value: JSONValue)
  case sample(step: Int, values: [String: Double])
  case partitionDone(String, WrittenOutput)
  case written(WrittenOutput)
  case partitionFailed(String, message: String)
  case verdict(CheckVerdict)
  /// The step gave up, with its reason.
  case failed(message: String, help: String?, partitions: [String])

  package var json: JSONValue {
    switch self {
    case .progress(let progress):
      var object: [String: JSONValue] = [
        "event": "progress", "completed": .double(progress.completed),
        "unit": .string(progress.unit), "detail": .string(progress.detail),
      ]
      if let total = progress.total { object["total"] = .double(total) }
      return .object(object)
    case .metric(let name, let value):
      return ["event": "metric", "name": .string(name), "value": value]
    case .measurement(let name, let value):
      return ["event": "measurement", "name": .string(name), "value": value]
    case .sample(let step, let values):
      return [
        "event": "sample", "step": .int(step), "values": .object(values.mapValues { .double($0) }),
      ]
    case .partitionDone(let value, let output):
      return [
        "done": [.string(value), .bool(output.isWhole), .array(output.files.map(\.json))]
      ]
    case .written(let output):
      return [
        "event": "written", "whole": .bool(output.isWhole),
        "files": .array(output.files.map(\.json)),
      ]
    case .partitionFailed(let value, let message):
      return ["event": "partitionFailed", "value": .string(value), "message": .string(message)]
    case .verdict(let verdict):
      return [
        "event": "verdict", "passed": .bool(verdict.passed), "message": .string(verdict.message),
        "numbers": .object(verdict.numbers),
      ]
    case .failed(let message, let help, let partitions):
      var object: [String: JSONValue] = [
        "event": "failed", "message": .string(message),
        "partitions": .array(partitions.map { .string($0) }),
      ]
      if let help { object["help"] = .string(help) }
      return .object(object)
    }
  }

  /// `json` as a line. Partitions have a short form, written by hand, because a download tells of
  /// thousands.
  package func writeLine(into lines: inout String) {
    guard case .partitionDone(let value, let output) = self else {
      lines += JSONWriter.text(json)
      lines += "\n"
      return
    }
    lines += "{\"done\":["
    JSONWriter.writeString(value, into: &lines)
    lines += output.isWhole ? ",true,[" : ",false,["
    for (number, file) in output.files.enumerated() {
      lines += number == 0 ? "[" : ",["
      JSONWriter.writeString(file.path, into: &lines)
      let stamp = file.stamp
      lines += ",\"\(file.digest)\",\(stamp.size),\(stamp.modified),\(stamp.changed),"
      lines += "\(Int64(bitPattern: stamp.inode))]"
    }
    lines += "]]}\n"
  }

  /// Reads one line back; nil for what is none of these.
  package init?(json: JSONValue) {
    if let done = json["done"]?.arrayValue {
      guard done.count == 3, let value = done[0].stringValue else { return nil }
      self = .partitionDone(value, Self.output(done[2], isWhole: done[1]))
      return
    }
    switch json["event"]?.stringValue {
    case "progress":
      guard let completed = json["completed"]?.doubleValue else { return nil }
      self = .progress(
        StepProgress(
          completed: completed, total: json["total"]?.doubleValue,
          unit: json["unit"]?.stringValue ?? "", detail: json["detail"]?.stringValue ?? ""))
    case "metric":
      guard let name = json["name"]?.stringValue, let value = json["value"] else { return nil }
      self = .metric(name: name, value: value)
    case "measurement":
      guard let name = json["name"]?.stringValue, let value = json["value"] else { return nil }
      self = .measurement(name: name, value: value)
    case "sample":
      guard let step = json["step"]?.intValue, let values = json["values"]?.objectValue else {
        return nil
      }
      // JSON has no NaN: a value that was none comes back as null.
      self = .sample(step: step, values: values.mapValues { $0.doubleValue ?? .nan })
    case "written": self = .written(Self.output(json["files"], isWhole: json["whole"]))
    case "partitionFailed":
      guard let value = json["value"]?.stringValue else { return nil }
      self = .partitionFailed(value, message: json["message"]?.stringValue ?? "")
    case "verdict":
      guard let passed = json["passed"]?.boolValue else { return nil }
      self = .verdict(
        CheckVerdict(
          passed: passed, message: json["message"]?.stringValue ?? "",
          numbers: json["numbers"]?.objectValue ?? [:]))
    case "failed":
      self = .failed(
        message: json["message"]?.stringValue ?? "", help: json["help"]?.stringValue,
        partitions: (json["partitions"]?.arrayValue ?? []).compactMap(\.stringValue))
    default: return nil
    }
  }

  private static func output(_ json: JSONValue?, isWhole: JSONValue?) -> WrittenOutput {
    let members = json?.arrayValue ?? []
    let files = members.compactMap { WrittenFile(json: $0) }
    return WrittenOutput(
      files, isWhole: isWhole?.boolValue == true && files.count == members.count)
  }
}

extension WrittenFile {
  /// Path, digest, size, modified, changed, inode: a download tells of thousands.
  fileprivate var json: JSONValue {
    [
      .string(path), .string(digest.description), .int(Int(stamp.size)),
      .int(Int(stamp.modified)), .int(Int(stamp.changed)), .int(Int(bitPattern: UInt(stamp.inode))),
    ]
  }

  fileprivate init?(json: JSONValue) {
    guard let members = json.arrayValue, members.count == 6, let path = members[0].stringValue,
      let digest = members[1].stringValue.flatMap({ Digest($0) }), let size = members[2].intValue,
      let modified = members[3].intValue, let changed = members[4].intValue,
      let inode = members[5].intValue
    else { return nil }
    self.init(
      path: path, digest: digest,
      stamp: FileGuard(
        size: Int64(size), modified: Int64(modified), changed: Int64(changed),
        inode: UInt64(UInt(bitPattern: inode))))
  }
}
