/// Linear warm-up, a flat stretch, linear warm-down: the factor on every group's base rate.
package struct LearningRateSchedule: Sendable, Hashable {
  package let steps: Int
  package let warmupSteps: Int
  package let warmdownSteps: Int
  package let finalFraction: Double

  /// Ratios are of `steps`, in 0 … 1.
  package init(steps: Int, warmupRatio: Double, warmdownRatio: Double, finalFraction: Double) {
    self.steps = steps
    warmupSteps = Int((warmupRatio * Double(steps)).rounded(.toNearestOrEven))
    warmdownSteps = Int((warmdownRatio * Double(steps)).rounded(.toNearestOrEven))
    self.finalFraction = finalFraction
  }

  package func multiplier(at step: Int) -> Double {
    if step < warmupSteps { return Double(step + 1) / Double(warmupSteps) }
    let left = steps - step
    if left >= warmdownSteps { return 1 }
    let progress = Double(left) / Double(warmdownSteps)
    return progress + (1 - progress) * finalFraction
  }
}
