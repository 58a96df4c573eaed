import BuildEngine
import Transfer

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

enum FetchFolder {
  /// Makes a folder and those above it; one that exists is fine. False when it was there before.
  @discardableResult
  static func make(_ path: String) throws(StepFailure) -> Bool {
    // Those above are nearly always there.
    if mkdir(path, 0o755) == 0 { return true }
    if errno == EEXIST { return false }
    var current = path.hasPrefix("/") ? "" : "."
    var isNew = false
    for part in path.split(separator: "/") {
      current += "/\(part)"
      isNew = mkdir(current, 0o755) == 0
      guard isNew || errno == EEXIST || errno == EISDIR else {
        let code = errno
        var status = stat()
        // Folders far above may be closed to us and still be there.
        if stat(current, &status) == 0 { continue }
        throw StepFailure("can't make the folder `\(current)`: \(String(cString: strerror(code)))")
      }
    }
    return isNew
  }
}

extension FetchFolder {
  /// Removes a folder with all it holds.
  static func empty(_ folder: String) throws(StepFailure) {
    do throws(BuildError) { try Disk.removeTree(folder) } catch {
      throw StepFailure(error.message, help: error.help)
    }
  }

  /// Removes what belongs to neither the file nor its unfinished form, such as an older version's
  /// leftovers.
  static func clear(_ folder: String, for request: DownloadRequest) throws(StepFailure) {
    do throws(BuildError) {
      let owned = request.ownedNames
      // By bytes: names that Unicode takes for equal are different ones.
      for name in try Disk.names(in: folder)
      where !owned.contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
        try Disk.removeTree("\(folder)/\(name)")
      }
    } catch {
      throw StepFailure(error.message, help: error.help)
    }
  }
}

/// Amounts as people read them.
enum FetchWording {
  static func bytes(_ count: Double) -> String {
    var value = max(0, count)
    for unit in ["B", "KB", "MB", "GB"] {
      if value < 1000 {
        return value < 10 && unit != "B"
          ? "\((value * 10).rounded() / 10) \(unit)" : "\(Int(value)) \(unit)"
      }
      value /= 1000
    }
    return "\((min(value, 1e12) * 10).rounded() / 10) TB"
  }

  static func time(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds.rounded()), 1e9))
    let minutes = whole / 60
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return minutes < 60
      ? "\(minutes):\(two(whole % 60))" : "\(minutes / 60):\(two(minutes % 60)):\(two(whole % 60))"
  }
}
