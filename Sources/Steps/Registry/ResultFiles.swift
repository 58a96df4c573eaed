package import BuildEngine
import Glibc
package import JSON

/// The files by which results tell what they are: read by checks, reports and evaluations.
package enum ResultFiles {
  /// Numbers of an evaluation.
  package static let metrics = "metrics.json"
  /// Points of a curve, one JSON object a line.
  package static let curve = "metrics.jsonl"
  package static let training = "training.json"
  package static let samples = "samples.txt"

  /// The numbers of a result: an evaluation's `metrics.json`, or a checkpoint's results.
  package static func numbers(in folder: String) throws(StepFailure) -> [String: JSONValue] {
    if let text = try optionalBytes(folder + "/" + metrics) {
      return try object(text, path: folder + "/" + metrics)
    }
    if let text = try optionalBytes(folder + "/" + training) {
      let record = try object(text, path: folder + "/" + training)
      return record["results"]?.objectValue ?? [:]
    }
    return [:]
  }

  package static func object(_ bytes: [UInt8], path: String) throws(StepFailure) -> [String:
    JSONValue]
  {
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser.parse(bytes) } catch {
      throw StepFailure("\(path):\(error)")
    }
    guard let members = value.objectValue else {
      throw StepFailure("\(path): found \(value.kindDescription), expected an object")
    }
    return members
  }

  /// The file's bytes, or nil when there is none.
  package static func optionalBytes(_ path: String) throws(StepFailure) -> [UInt8]? {
    // Without O_NONBLOCK a pipe that nobody writes to would hold the program here.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw StepFailure("cannot read \(path): \(String(cString: strerror(errno)))")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let file = fdopen(descriptor, "rb")
    else {
      close(descriptor)
      throw StepFailure("cannot read \(path): it is no regular file")
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      bytes += chunk[..<count]
      if count < chunk.count { break }
    }
    guard ferror(file) == 0 else { throw StepFailure("cannot read \(path)") }
    return bytes
  }

  package static func write(_ bytes: [UInt8], to path: String) throws(StepFailure) {
    guard let file = fopen(path, "wb") else {
      throw StepFailure("cannot write \(path): \(String(cString: strerror(errno)))")
    }
    let written = fwrite(bytes, 1, bytes.count, file)
    let flushed = fflush(file)
    fclose(file)
    guard written == bytes.count, flushed == 0 else {
      throw StepFailure("cannot write \(path): the disk is full or failing")
    }
  }
}
