import ByteCoding

/// Stamps of everything a decision rested on, packed for a file.
///
/// Becomes useless (`isUsable` false) as soon as one stamp could hide a change.
struct GuardList {
  private(set) var guards: [UInt8] = []
  private(set) var names: [UInt8] = []
  private(set) var bases: [String] = []
  private(set) var count = 0
  private(set) var isUsable = true
  private var baseNumbers: [ExactText: UInt32] = [:]

  /// Gives a folder a number; names are kept relative to it.
  mutating func base(_ folder: String) -> UInt32 {
    let exact = ExactText(folder)
    if let number = baseNumbers[exact] { return number }
    let number = UInt32(bases.count)
    bases.append(folder)
    baseNumbers[exact] = number
    return number
  }

  /// Adds a file or folder whose stamp was taken at `moment`.
  mutating func add(
    base: UInt32, name: String, stamp: FileGuard, takenAt moment: Int64, follows: Bool
  ) {
    guard isUsable else { return }
    guard !stamp.isRacy(readAt: moment), names.count < 1 << 31 else {
      isUsable = false
      return
    }
    append(base | (follows ? 1 << 31 : 0))
    append(UInt32(names.count))
    append(stamp.size)
    append(stamp.modified)
    append(stamp.changed)
    append(stamp.inode)
    names.append(contentsOf: name.utf8)
    names.append(0)
    count += 1
  }

  mutating func add(path: String, stamp: FileGuard, takenAt moment: Int64) {
    // Files of one folder share its descriptor when they are checked.
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
      return add(base: base("/"), name: path, stamp: stamp, takenAt: moment, follows: true)
    }
    add(
      base: base(String(path[..<slash])), name: String(path[path.index(after: slash)...]),
      stamp: stamp, takenAt: moment, follows: true)
  }

  mutating func spoil() { isUsable = false }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { guards.append(contentsOf: $0) }
  }
}
