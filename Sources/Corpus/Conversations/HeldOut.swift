/// Parts of a set of items that share no item.
package enum ItemSplit: String, Sendable, Hashable {
  case train, test
}

/// Assigns items to training or test by what they are, not by when they are drawn: two sets made
/// with any seeds can't share an item, because an item has only one side.
package enum HeldOut {
  /// One item in ten is for tests.
  package static func split(of item: String) -> ItemSplit {
    hash(item.utf8, salt: 0) % 10 == 0 ? .test : .train
  }

  /// FNV-1a, then mixed so that every bit counts.
  static func hash(_ bytes: some Sequence<UInt8>, salt: UInt64) -> UInt64 {
    let sum = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
    }
    return SplitMix64.mix(sum ^ SplitMix64.mix(salt))
  }
}
