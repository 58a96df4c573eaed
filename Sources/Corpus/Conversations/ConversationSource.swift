/// One entry of a mixture.
package struct ConversationSource: Sendable {
  package enum Origin: Sendable {
    /// Files or folders; the format is found where it is nil.
    case files([String], format: ConversationFormat?)
    /// `count` examples of a generator.
    case generated(ConversationGenerator, count: Int)
  }

  /// Which conversations of the files count, by what their user says.
  package enum Filter: Sendable {
    case all
    /// None in which the user says one of these texts: questions kept for examinations.
    case excluding(Set<String>)
    /// Only those.
    case including(Set<String>)

    func accepts(_ conversation: Conversation) -> Bool {
      switch self {
      case .all: true
      case .excluding(let texts): !Self.mentions(texts, conversation)
      case .including(let texts): Self.mentions(texts, conversation)
      }
    }

    private static func mentions(_ texts: Set<String>, _ conversation: Conversation) -> Bool {
      conversation.messages.contains { message in
        message.role == .user && texts.contains(message.parts.map(\.text).joined())
      }
    }
  }

  /// For the counts and for messages.
  package var name: String
  package var origin: Origin
  /// At most this many conversations, in the order of the files; with `seed`, a random choice.
  package var limit: Int?
  /// How often all of it is used: 2 is every conversation twice, 0.5 a random half.
  package var epochs: Double
  /// Share among the sources that have a weight; see `ConversationMixture`.
  package var weight: Double?
  /// Seed of the choice for `limit`; nil takes the first ones.
  package var seed: Int?
  package var filter: Filter

  package init(
    name: String, origin: Origin, limit: Int? = nil, epochs: Double = 1, weight: Double? = nil,
    seed: Int? = nil, filter: Filter = .all
  ) {
    self.name = name
    self.origin = origin
    self.limit = limit
    self.epochs = epochs
    self.weight = weight
    self.seed = seed
    self.filter = filter
  }
}
