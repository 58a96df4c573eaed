/// The 95 % confidence interval of a proportion (Wilson 1927), sound also near 0 and 1 and for few
/// items.
package struct WilsonInterval: Sendable, Hashable {
  package let lower: Double
  package let upper: Double

  package init(successes: Int, total: Int) {
    guard total > 0 else {
      (lower, upper) = (0, 1)
      return
    }
    let z = 1.959963984540054
    let n = Double(total)
    let p = Double(successes) / n
    let denominator = 1 + z * z / n
    let centre = (p + z * z / (2 * n)) / denominator
    let half = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot() / denominator
    lower = successes == 0 ? 0 : max(0, centre - half)
    upper = successes == total ? 1 : min(1, centre + half)
  }
}
