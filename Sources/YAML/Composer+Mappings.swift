extension Composer {
  /// Refuses keys that are collections, reports duplicates, drops all but the first, and puts in
  /// what merge keys bring.
  mutating func finishMapping(_ mapping: Int, first: Int) throws(YAMLError) {
    var hasMerge = false
    for position in stride(from: first, to: children.count, by: 2) {
      let key = records[Int(children[position])]
      guard key.kind == .scalar else { throw YAMLError(.keyIsCollection, at: location(of: key)) }
      if key.count == 2, key.isPlain, text[Int(key.first)] == 0x3c, text[Int(key.first) + 1] == 0x3c
      {
        hasMerge = true
      }
    }
    let found = duplicates.find(in: children, from: first, records: records, text: text)
    for (position, earlier) in found {
      let key = records[Int(children[position])]
      let firstKey = records[Int(children[earlier])]
      errors.append(
        YAMLError(
          .duplicateKey(string(key), first: location(of: firstKey)), at: location(of: key),
          width: width(of: key), mapping: mapping))
    }
    if !found.isEmpty { drop(found.map(\.position), first: first) }
    if hasMerge { try merge(first: first) }
  }

  /// Removes the pairs at ascending positions.
  private mutating func drop(_ positions: [Int], first: Int) {
    var kept: [UInt32] = []
    var next = positions[...]
    for position in stride(from: first, to: children.count, by: 2) {
      if position == next.first {
        next.removeFirst()
      } else {
        kept += [children[position], children[position + 1]]
      }
    }
    children.removeSubrange(first...)
    children += kept
  }

  /// Replaces `<<` by the pairs it names; a key of the mapping itself wins, then the earlier source.
  private mutating func merge(first: Int) throws(YAMLError) {
    var own: [UInt32] = []
    var sources: [(record: Int, key: YAMLDocument.Record)] = []
    for position in stride(from: first, to: children.count, by: 2) {
      let key = records[Int(children[position])]
      let value = Int(children[position + 1])
      guard key.isPlain, string(key) == "<<" else {
        own += [children[position], children[position + 1]]
        continue
      }
      switch records[value].kind {
      case .mapping: sources.append((value, key))
      case .sequence:
        let start = Int(records[value].first)
        for child in children[start..<start + Int(records[value].count)] {
          sources.append((Int(child), key))
        }
      case .scalar: throw YAMLError(.mergeOfScalar, at: location(of: records[value]))
      }
    }
    var taken = Set<String>()
    for position in stride(from: 0, to: own.count, by: 2) {
      taken.insert(string(records[Int(own[position])]))
    }
    for source in sources {
      let record = records[source.record]
      guard record.kind == .mapping else {
        throw YAMLError(.mergeOfScalar, at: location(of: record))
      }
      let start = Int(record.first)
      try addAliased(Int(record.count), at: location(of: source.key))
      for position in stride(from: start, to: start + Int(record.count), by: 2)
      where taken.insert(string(records[Int(children[position])])).inserted {
        own += [children[position], children[position + 1]]
      }
    }
    children.removeSubrange(first...)
    children += own
  }
}
