package import JSON

/// What would be done, task by task, in the order it would be done.
package struct Plan: Sendable {
  package enum Action: Sendable, Hashable {
    /// The result in force is the right one.
    case fresh(Digest)
    /// The right result is in the cache but another one (or none) is in force.
    case restore(Digest)
    case run([StaleReason])
    /// Can't be told before these assets are made; with what is already known to have changed.
    case pending(on: [String], reasons: [StaleReason])
    /// A blocking check of this asset failed.
    case blocked(by: String)
  }

  package struct Task: Sendable {
    package var asset: String
    package var partition: String?
    package var step: String
    package var action: Action
    /// The key, when every input is known.
    package var key: Digest?
    /// When the result was made, seconds since 1970, for `fresh` and `restore`.
    package var since: Double?
    package var byteCount: Int64
    /// Numbers of the result in force.
    package var metrics: [String: JSONValue] = [:]
    /// Why the last try with this key failed, where that is asked for.
    package var lastFailure: String?

    package init(
      asset: String, partition: String?, step: String, action: Action, key: Digest?,
      since: Double?, byteCount: Int64, metrics: [String: JSONValue] = [:]
    ) {
      self.asset = asset
      self.partition = partition
      self.step = step
      self.action = action
      self.key = key
      self.since = since
      self.byteCount = byteCount
      self.metrics = metrics
    }
  }

  package struct Check: Sendable {
    package enum State: Sendable, Hashable {
      /// Judged already, for this very content.
      case known(CheckVerdict)
      case toRun
      /// The result it looks at isn't made yet.
      case pending
    }

    package var asset: String
    package var check: CheckNode
    package var state: State

    package init(asset: String, check: CheckNode, state: State) {
      self.asset = asset
      self.check = check
      self.state = state
    }
  }

  package var tasks: [Task]
  package var checks: [Check]

  package init(tasks: [Task], checks: [Check]) {
    self.tasks = tasks
    self.checks = checks
  }

  /// Nothing to make, to restore or to check, and no blocking check failed.
  package var isAllFresh: Bool {
    tasks.allSatisfy { if case .fresh = $0.action { true } else { false } }
      && checks.allSatisfy {
        if case .known(let verdict) = $0.state {
          verdict.passed || $0.check.severity == .warn
        } else {
          false
        }
      }
  }

  /// The tasks of one asset.
  package func tasks(of asset: String) -> [Task] { tasks.filter { $0.asset == asset } }
}
