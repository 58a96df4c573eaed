extension Tokenizer {
  /// The first half of `hash`, by which token shards name the tokenizer that made them.
  package var shardHash: UInt64 { UInt64(hash.prefix(16), radix: 16) ?? 0 }
}
