import Glibc
import Kernels
import LanguageModel

/// The model written down a second time, in double precision and as plainly as can be: a loss, and
/// numeric derivatives so exact that every gradient can be held against them.
struct ReferenceModel {
  let c: GPTConfiguration
  /// By name, row-major.
  var weights: [String: [Double]] = [:]

  init(_ model: GPT) {
    c = model.configuration
    for parameter in model.parameters {
      weights[parameter.name] = parameter.value.buffer.map(Double.init)
    }
  }

  /// Mean −ln p over targets that are not below zero.
  func loss(_ tokens: [Int32], _ targets: [Int32], sequence: Int) -> Double {
    var sum = 0.0, count = 0
    for start in stride(from: 0, to: tokens.count, by: sequence) {
      let rows = logits(Array(tokens[start..<start + sequence]))
      for (place, row) in rows.enumerated() where targets[start + place] >= 0 {
        sum +=
          log(row.reduce(0) { $0 + exp($1) }) - row[Int(targets[start + place])]
        count += 1
      }
    }
    return sum / Double(count)
  }

  /// (loss(w + h d) − loss(w − h d)) / 2h along a direction d of one parameter.
  func derivative(
    _ name: String, along direction: [Double], _ tokens: [Int32], _ targets: [Int32], sequence: Int
  ) -> Double {
    let step = 1e-5
    var up = self, down = self
    up.weights[name] = zip(weight(name), direction).map { $0 + step * $1 }
    down.weights[name] = zip(weight(name), direction).map { $0 - step * $1 }
    return
      (up.loss(tokens, targets, sequence: sequence)
      - down.loss(tokens, targets, sequence: sequence)) / (2 * step)
  }

  // MARK: Forward

  func logits(_ ids: [Int32]) -> [[Double]] {
    var x = ids.map { norm(row("model.embed_tokens.weight", Int($0), c.width)) }
    if c.additions.smear { x = smeared(x) }
    let start = x
    var middle = x
    for layer in 0..<c.layers {
      if c.additions.residualScalars {
        let r = weight("model.residual_scalars")[layer], s = weight("model.start_scalars")[layer]
        x = zip(x, start).map { zip($0, $1).map { r * $0 + s * $1 } }
      }
      x = sum(x, attention(layer, x.map(norm), ids))
      let prefix = "model.layers.\(layer).mlp."
      x = x.map { row in
        let hidden = product(prefix + "fc1.weight", norm(row)).map { $0 > 0 ? $0 * $0 : 0 }
        return zip(row, product(prefix + "fc2.weight", hidden)).map(+)
      }
      if layer == c.layers / 2 { middle = x }
    }
    if c.additions.backout {
      let b = weight("model.backout_scale")[0]
      x = zip(x, middle).map { zip($0, $1).map { $0 - b * $1 } }
    }
    let cap = Double(c.logitSoftcap)
    return x.map { product("lm_head.weight", norm($0)).map { cap * tanh($0 / cap) } }
  }

  private func smeared(_ x: [[Double]]) -> [[Double]] {
    let w = weight("model.smear_gate.weight"), scale = weight("model.smear_scale")[0]
    return x.indices.map { t in
      guard t > 0 else { return x[t] }
      let factor = scale * sigmoid(zip(w, x[t]).reduce(0) { $0 + $1.0 * $1.1 })
      return zip(x[t], x[t - 1]).map { $0 + factor * $1 }
    }
  }

  private func attention(_ layer: Int, _ x: [[Double]], _ ids: [Int32]) -> [[Double]] {
    let prefix = "model.layers.\(layer).self_attn."
    let d = c.width / c.heads
    let sharp = c.additions.sharpAttention ? 1.2 : 1
    func heads(_ name: String, _ count: Int) -> [[[Double]]] {
      x.map { row in
        let all = product(prefix + name, row)
        return (0..<count).map { Array(all[$0 * d..<($0 + 1) * d]) }
      }
    }
    let q = heads("q_proj.weight", c.heads).enumerated().map { t, row in
      row.map { norm(rotated($0, t)).map { $0 * sharp } }
    }
    let k = heads("k_proj.weight", c.keyValueHeads).enumerated().map { t, row in
      row.map { norm(rotated($0, t)).map { $0 * sharp } }
    }
    var v = heads("v_proj.weight", c.keyValueHeads)
    if c.additions.valueEmbeddings, (c.layers - 1 - layer) % 2 == 0 {
      for t in v.indices {
        let entry = row(prefix + "value_embed.weight", Int(ids[t]), c.keyValueHeads * d)
        for head in v[t].indices {
          let inputs = min(12, c.width)
          let w = row(prefix + "value_gate.weight", head, inputs)
          let gate = 3 * sigmoid(zip(w, x[t]).reduce(0) { $0 + $1.0 * $1.1 })
          v[t][head] = v[t][head].indices.map { v[t][head][$0] + gate * entry[head * d + $0] }
        }
      }
    }
    return x.indices.map { t in
      var joined: [Double] = []
      for head in 0..<c.heads {
        let group = head / (c.heads / c.keyValueHeads)
        let scores = (0...t).map { other in
          exp(
            zip(q[t][head], k[other][group]).reduce(0) { $0 + $1.0 * $1.1 }
              / Double(d).squareRoot())
        }
        let total = scores.reduce(0, +)
        joined += (0..<d).map { i in
          (0...t).reduce(0) { $0 + scores[$1] / total * v[$1][group][i] }
        }
      }
      return product(prefix + "o_proj.weight", joined)
    }
  }

  // MARK: Pieces

  func weight(_ name: String) -> [Double] { weights[name] ?? [] }

  private func row(_ name: String, _ index: Int, _ width: Int) -> [Double] {
    Array(weight(name)[index * width..<(index + 1) * width])
  }

  private func product(_ name: String, _ x: [Double]) -> [Double] {
    let w = weight(name)
    return (0..<w.count / x.count).map { o in
      x.indices.reduce(0) { $0 + w[o * x.count + $1] * x[$1] }
    }
  }

  private func norm(_ x: [Double]) -> [Double] {
    let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    return x.map { $0 / (mean + Double(c.normEpsilon)).squareRoot() }
  }

  private func rotated(_ x: [Double], _ position: Int) -> [Double] {
    let half = x.count / 2
    var y = x
    for i in 0..<half {
      let angle =
        Double(position) * pow(Double(c.rotaryBase), -2 * Double(i) / Double(x.count))
      y[i] = x[i] * cos(angle) + x[i + half] * sin(angle)
      y[i + half] = x[i + half] * cos(angle) - x[i] * sin(angle)
    }
    return y
  }

  private func sum(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
    zip(a, b).map { zip($0, $1).map(+) }
  }

  private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
