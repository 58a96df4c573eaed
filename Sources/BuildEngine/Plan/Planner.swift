/// Builds the whole plan without running anything.
struct Planner {
  let evaluator: TaskEvaluator
  private var graph: BuildGraph { evaluator.graph }

  init(_ evaluator: TaskEvaluator) { self.evaluator = evaluator }

  /// Plans `assets`, which must be in order and contain all they need.
  func makePlan(_ assets: [Int]) throws(BuildError) -> Plan {
    try evaluator.prepareSources(of: assets)
    var plan = Plan(tasks: [], checks: [])
    plan.tasks.reserveCapacity(assets.count)
    var blocker: [Int: String] = [:]
    var waiting: [(asset: Int, check: CheckNode)] = []
    for asset in assets {
      let gate = graph.predecessors[asset].lazy.compactMap { blocker[$0] }.first
      if let gate { blocker[asset] = gate }
      for task in graph.tasks(of: asset) {
        plan.tasks.append(try planTask(task, of: asset, blockedBy: gate))
      }
      waiting += graph.assets[asset].checks.map { (asset, $0) }
      // A check may look at assets that come later; those that need its verdict come after them.
      var still: [(asset: Int, check: CheckNode)] = []
      for entry in waiting {
        let state = try state(of: entry.check, entry.asset)
        if state == .pending {
          still.append(entry)
          continue
        }
        add(entry.check, of: entry.asset, state, to: &plan, &blocker)
      }
      waiting = still
    }
    for entry in waiting { add(entry.check, of: entry.asset, .pending, to: &plan, &blocker) }
    return plan
  }

  private func add(
    _ check: CheckNode, of asset: Int, _ state: Plan.Check.State, to plan: inout Plan,
    _ blocker: inout [Int: String]
  ) {
    let name = graph.assets[asset].name
    if case .known(let verdict) = state, !verdict.passed, check.severity == .error {
      blocker[asset] = blocker[asset] ?? name
    }
    plan.checks.append(Plan.Check(asset: name, check: check, state: state))
  }

  private func planTask(
    _ task: Int, of asset: Int, blockedBy gate: String?
  ) throws(BuildError) -> Plan.Task {
    let node = graph.assets[asset]
    var planned = Plan.Task(
      asset: node.name, partition: graph.partition(of: task, asset: asset), step: node.step,
      action: .run([]), key: nil, since: nil, byteCount: 0)
    let (recipe, unknown) = try evaluator.recipe(of: task, asset: asset)
    guard unknown.isEmpty else {
      var reasons = try evaluator.changes(of: task, asset: asset, recipe: recipe.text, key: nil)
      if evaluator.forced.contains(asset) { reasons = [.forced] }
      planned.action = .pending(on: unknown.map { graph.assets[$0].name }, reasons: reasons)
      return planned
    }
    let evaluation = try evaluator.evaluate(task, asset: asset, recipe)
    planned.key = evaluation.key
    switch evaluation.standing {
    case .fresh(let record): describe(record, .fresh(record.digest), task, &planned)
    case .restore(let record): describe(record, .restore(record.digest), task, &planned)
    case .stale(let reasons):
      planned.action = gate.map { .blocked(by: $0) } ?? .run(reasons)
      evaluator.keep(evaluation, of: task)
    }
    return planned
  }

  private func describe(
    _ record: ResultRecord, _ action: Plan.Action, _ task: Int, _ planned: inout Plan.Task
  ) {
    planned.action = action
    planned.since = record.createdAt
    planned.byteCount = record.manifest.byteCount
    planned.metrics = record.metrics
    evaluator.digests[task] = record.digest
  }

  private func state(of check: CheckNode, _ asset: Int) throws(BuildError) -> Plan.Check.State {
    guard let key = try evaluator.checkKey(check, of: asset) else { return .pending }
    return try evaluator.index.verdict(key).map { .known($0) } ?? .toRun
  }
}
