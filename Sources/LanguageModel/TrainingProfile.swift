internal import Kernels

/// Where the time of training steps goes, in seconds by part.
package final class TrainingProfile: @unchecked Sendable {
  package enum Part: String, CaseIterable, Sendable {
    case pack, embedding, forward, attentionForward = "attention_forward", head
    case backward, attentionBackward = "attention_backward", weightGradients = "weight_gradients"
    case zero, norm, adamw, muon
  }

  package private(set) var seconds: [Part: Double] = [:]

  package init() {}

  package func reset() { seconds.removeAll(keepingCapacity: true) }

  func add(_ part: Part, since start: Double) {
    seconds[part, default: 0] += monotonicSeconds() - start
  }
}

extension GPT {
  /// Runs `body`, adding its time to the profile if there is one.
  func timed<Result>(_ part: TrainingProfile.Part, _ body: () -> Result) -> Result {
    guard let profile else { return body() }
    let start = monotonicSeconds()
    defer { profile.add(part, since: start) }
    return body()
  }
}
