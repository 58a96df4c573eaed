package import BuildEngine
import Diagnostics

/// Tasks of a plan that one line tells of: many partitions of an asset with the same to be said of them.
package struct TaskGroup {
  /// Fewer than these are told one by one.
  private static let fewest = 8
  private static let mostNamed = 3

  package private(set) var tasks: [Plan.Task]
  package var first: Plan.Task { tasks[0] }

  /// `text[00007]`, or `text (1,823 partitions: 00000, 00001, 00002 …)`.
  package var name: String {
    guard tasks.count > 1 else {
      return TaskName(asset: first.asset, partition: first.partition).description
    }
    let some = tasks.prefix(Self.mostNamed).compactMap(\.partition).joined(separator: ", ")
    return "\(first.asset) (\(Format.grouped(tasks.count)) partitions: \(some) …)"
  }

  /// In the order of the plan, a group where its first task stands.
  package static func groups(_ tasks: [Plan.Task]) -> [TaskGroup] {
    var groups: [TaskGroup] = []
    var start = tasks.startIndex
    while start < tasks.endIndex {
      let end = tasks[start...].firstIndex { $0.asset != tasks[start].asset } ?? tasks.endIndex
      groups += grouped(tasks[start..<end])
      start = end
    }
    return groups
  }

  /// Of the tasks of one asset.
  private static func grouped(_ tasks: ArraySlice<Plan.Task>) -> [TaskGroup] {
    guard tasks.count >= fewest else { return tasks.map { TaskGroup(tasks: [$0]) } }
    var places: [[String]: Int] = [:]
    var groups: [TaskGroup] = []
    for task in tasks {
      let said =
        [PlanText.word(task.action)] + PlanText.reasons(task.action) + [task.lastFailure ?? ""]
      if let place = places[said] {
        groups[place].tasks.append(task)
      } else {
        places[said] = groups.count
        groups.append(TaskGroup(tasks: [task]))
      }
    }
    return groups.flatMap { group in
      group.tasks.count >= fewest ? [group] : group.tasks.map { TaskGroup(tasks: [$0]) }
    }
  }
}
