extension Disk {
  /// Removes all but the `count` files of a folder that were written last.
  package static func keepNewest(_ count: Int, in folder: String) throws(BuildError) {
    let names = try names(in: folder)
    guard names.count > count else { return }
    let files = names.map { name in
      let path = "\(folder)/\(name)"
      return (path: path, written: status(path, follow: false)?.stamp.modified ?? 0)
    }
    for file in files.sorted(by: { $0.written > $1.written }).dropFirst(count) {
      try removeFile(file.path)
    }
  }
}
