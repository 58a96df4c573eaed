import Diagnostics

/// Orders assets so that each stands after what it needs, and reports what needs itself.
///
/// Every asset has two nodes: *made*, and *checked* when one of its checks looks at other assets.
/// A user of an asset waits for its checks; a check waits for the assets it looks at to be made.
struct DependencyOrder {
  let assets: [Pipeline.Asset]
  let indices: [String: Int]
  let problems: ProblemCollector
  private static let maximumReports = 20

  private struct Edge {
    var target: Int
    var location: SourceLocation
    var width: Int
  }

  /// Positions of assets in dependency order; of no use when a cycle was reported.
  func order() -> [Int] {
    let count = assets.count
    let hasOutwardCheck = assets.map { $0.checks.contains { !$0.assets.isEmpty } }
    func edges(_ node: Int) -> [Edge] {
      guard node < count else { return checkEdges(node - count) }
      return inputEdges(node, checked: hasOutwardCheck)
    }

    enum Mark { case new, open, done }
    var marks = [Mark](repeating: .new, count: 2 * count)
    var order: [Int] = []
    order.reserveCapacity(count)
    var reports = 0
    var stack: [(node: Int, edges: [Edge], next: Int)] = []
    for root in 0..<(2 * count) where marks[root] == .new {
      if root >= count, !hasOutwardCheck[root - count] { break }
      marks[root] = .open
      stack.append((root, edges(root), 0))
      while let top = stack.last {
        guard top.next < top.edges.count else {
          marks[top.node] = .done
          if top.node < count { order.append(top.node) }
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next += 1
        let target = top.edges[top.next].target
        switch marks[target] {
        case .done: continue
        case .new:
          marks[target] = .open
          stack.append((target, edges(target), 0))
        case .open:
          guard reports < Self.maximumReports,
            let first = stack.firstIndex(where: { $0.node == target })
          else { continue }
          reports += 1
          report(stack[first...].map { ($0.node, $0.edges[$0.next - 1]) })
        }
      }
    }
    return order
  }

  private func inputEdges(_ index: Int, checked: [Bool]) -> [Edge] {
    var edges: [Edge] = []
    for input in assets[index].inputs {
      for reference in input.references {
        guard case .asset(let name) = reference.target, let target = indices[name] else { continue }
        edges.append(
          Edge(
            target: checked[target] ? target + assets.count : target,
            location: reference.location, width: name.unicodeScalars.count))
      }
    }
    return edges
  }

  private func checkEdges(_ index: Int) -> [Edge] {
    var edges = [Edge(target: index, location: assets[index].location, width: 1)]
    for check in assets[index].checks {
      for name in check.assets {
        guard let target = indices[name], target != index else { continue }
        edges.append(
          Edge(
            target: target, location: check.location, width: check.schema.name.unicodeScalars.count)
        )
      }
    }
    return edges
  }

  /// Names the loop from the asset that stands first in the file, with every link's place.
  private func report(_ loop: [(node: Int, edge: Edge)]) {
    // A check's node beside its asset's is the same asset to the user.
    var links = loop.filter { $0.node < assets.count || $0.edge.target != $0.node - assets.count }
    guard let smallest = links.indices.min(by: { name(links[$0].node) < name(links[$1].node) })
    else { return }
    links = Array(links[smallest...] + links[..<smallest])
    let names = links.map { assets[name($0.node)].name }
    let first = links[0].edge
    let notes = links.dropFirst().prefix(18).map { link in
      Diagnostic.Note(
        "`\(assets[name(link.node)].name)` needs `\(assets[name(link.edge.target)].name)` here",
        at: link.edge.location, width: link.edge.width)
    }
    problems.report(.cycle(names), at: first.location, width: first.width, notes: notes)
  }

  private func name(_ node: Int) -> Int { node < assets.count ? node : node - assets.count }
}
