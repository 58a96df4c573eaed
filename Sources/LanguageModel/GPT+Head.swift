internal import CKernels
internal import Kernels

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

// Head, softcap and cross-entropy over groups of rows; logits of a group only are held.
//
// With z the head's outputs, t = tanh(z / cap) and e = exp(cap · t), the loss of a row is
// ln Σe − cap · t_target and its gradient by z is e (1 − t²) / Σe, less 1 − t² at the target. The
// cap bounds e, so no maximum is needed; and since Σe only scales whole rows, the products run on
// e (1 − t²) and the scale goes into their rows. One pass over the logits is enough.

extension GPT {
  /// −ln p of every target in `losses` (0 where the target is below zero), and their sum.
  package func forwardLoss(
    tokens: UnsafePointer<Int32>, targets: UnsafePointer<Int32>, batch: Int, sequence: Int,
    losses: UnsafeMutablePointer<Float>? = nil
  ) -> LossSum {
    let rows = checkedRows(tokens, batch: batch, sequence: sequence)
    forwardTrunk(rows)
    losses?.update(repeating: 0, count: rows.count)
    pack(tasks.packHead)
    var sum = LossSum()
    let counted = chooseCounted(targets, count: rows.count)
    for first in stride(from: 0, to: counted, by: workspace.headRows) {
      let group = group(from: first, to: counted)
      gather(group)
      runTiles(group, keepingGradient: false)
      finish(group, into: &sum, losses: losses, gradientScale: 0)
    }
    return sum
  }

  /// Softcapped logits of the chosen rows (batch · sequence rows in order), each of vocabulary size.
  package func logits(
    tokens: UnsafePointer<Int32>, batch: Int, sequence: Int, rows chosen: [Int],
    into result: UnsafeMutablePointer<Float>
  ) {
    let rows = checkedRows(tokens, batch: batch, sequence: sequence)
    precondition(chosen.allSatisfy { (0..<rows.count).contains($0) }, "row outside the batch")
    forwardTrunk(rows)
    pack(tasks.packHead)
    let vocabulary = configuration.vocabularySize
    var done = 0
    while done < chosen.count {
      let group = choose(chosen[done...].prefix(workspace.headRows))
      gather(group)
      let out = result + done * vocabulary
      pool.parallelWithWorker(chunks: tileCount) { tile, worker in
        let columns = tileColumns(tile)
        multiplyTile(group.count, columns: columns, into: out + columns.lowerBound, worker)
        for row in 0..<group.count {
          nb_softcap(
            out + row * vocabulary + columns.lowerBound, columns.count, configuration.logitSoftcap)
        }
      }
      done += group.count
    }
  }

  /// Softcapped logits of all rows.
  package func logits(
    tokens: UnsafePointer<Int32>, batch: Int, sequence: Int,
    into result: UnsafeMutablePointer<Float>
  ) {
    logits(
      tokens: tokens, batch: batch, sequence: sequence, rows: Array(0..<batch * sequence),
      into: result)
  }

  /// Adds the head's gradient and leaves that of the normed final states in `gradientAttended`.
  func headForwardBackward(_ rows: Rows, targets: UnsafePointer<Int32>, gradientScale: Float)
    -> LossSum
  {
    let w = workspace
    let width = configuration.width
    let counted = chooseCounted(targets, count: rows.count)
    if counted < rows.count {
      w.gradientAttended.update(repeating: 0, count: rows.count * width)
    }
    pack(tasks.packHead)
    pack(tasks.packHeadBackward)
    var sum = LossSum()
    for first in stride(from: 0, to: counted, by: w.headRows) {
      let group = group(from: first, to: counted)
      gather(group)
      runTiles(group, keepingGradient: true)
      finish(group, into: &sum, losses: nil, gradientScale: gradientScale)
      nb_scale_rows(w.headScaled, w.headInput, w.rowFactor, group.count, width)
      let rowTask = Workspace.Plan.headRowTask
      let rowTasks = (group.count + rowTask - 1) / rowTask
      pool.parallelWithWorker(chunks: tileCount + rowTasks) { task, worker in
        if task < rowTasks {
          let part = task * rowTask..<min(group.count, (task + 1) * rowTask)
          addInputGradient(part, of: group, worker, gradientScale: gradientScale)
        } else {
          addHeadGradient(
            tileColumns(task - rowTasks), of: group, worker, gradientScale: gradientScale)
        }
      }
    }
    return sum
  }

  // MARK: Groups of rows

  /// Rows whose logits are wanted, so few that the workspace holds them.
  private struct Group {
    /// Where they lie in the batch, and what they should be followed by.
    let rows: UnsafePointer<Int32>
    let targets: UnsafePointer<Int32>
    let count: Int
  }

  /// Notes the rows that have a target in `workspace.chosenRows` and `chosenTargets`, and tells how
  /// many they are.
  private func chooseCounted(_ targets: UnsafePointer<Int32>, count: Int) -> Int {
    let w = workspace
    var counted = 0
    for row in 0..<count {
      precondition(
        Int(targets[row]) < configuration.vocabularySize,
        "target id \(targets[row]) is outside the vocabulary")
      guard targets[row] >= 0 else { continue }
      w.chosenRows[counted] = Int32(row)
      w.chosenTargets[counted] = targets[row]
      counted += 1
    }
    return counted
  }

  /// Rows given by the caller, whose targets nobody asks for.
  private func choose(_ rows: ArraySlice<Int>) -> Group {
    for (place, row) in rows.enumerated() { workspace.chosenRows[place] = Int32(row) }
    return group(from: 0, to: rows.count)
  }

  /// The chosen rows from `first` on, as many as fit, before `end`.
  private func group(from first: Int, to end: Int) -> Group {
    Group(
      rows: workspace.chosenRows + first, targets: workspace.chosenTargets + first,
      count: min(end - first, workspace.headRows))
  }

  private func gather(_ group: Group) {
    let width = configuration.width
    for place in 0..<group.count {
      (workspace.headInput + place * width).update(
        from: workspace.final + Int(group.rows[place]) * width, count: width)
    }
  }

  // MARK: Tiles of the vocabulary

  private var tileCount: Int {
    (configuration.vocabularySize + Workspace.Plan.headTileWidth - 1)
      / Workspace.Plan.headTileWidth
  }

  private func tileColumns(_ tile: Int) -> Range<Int> {
    let width = Workspace.Plan.headTileWidth
    return tile * width..<min(configuration.vocabularySize, (tile + 1) * width)
  }

  private func multiplyTile(_ rows: Int, columns: Range<Int>, into z: Floats, _ worker: Int) {
    let w = workspace
    let width = configuration.width
    let vocabulary = configuration.vocabularySize
    nb_product_part(
      engine, z, vocabulary, w.headInput, width, w.packedHead, vocabulary, columns.lowerBound,
      rows, columns.count, width, 0, w.work + worker * w.scratchStride)
  }

  private func runTiles(_ group: Group, keepingGradient: Bool) {
    let w = workspace
    let vocabulary = configuration.vocabularySize
    let cap = configuration.logitSoftcap
    pool.parallelWithWorker(chunks: tileCount) { tile, worker in
      let columns = tileColumns(tile)
      let z = w.logits + columns.lowerBound
      multiplyTile(group.count, columns: columns, into: z, worker)
      let sums = w.tileSums + tile * w.headRows
      if keepingGradient {
        nb_softcap_gradient(
          z, sums, w.targetTanh, group.targets, group.count, columns.count, vocabulary,
          columns.lowerBound, cap)
      } else {
        nb_softcap_sums(
          z, sums, w.targetTanh, group.targets, group.count, columns.count, vocabulary,
          columns.lowerBound, cap)
      }
    }
  }

  /// Adds up the tiles' sums in order, and with them losses and the factor of each row.
  private func finish(
    _ group: Group, into sum: inout LossSum, losses: Floats?, gradientScale: Float
  ) {
    let w = workspace
    for place in 0..<group.count {
      var total = 0.0
      for tile in 0..<tileCount { total += Double(w.tileSums[tile * w.headRows + place]) }
      let loss = log(total) - Double(configuration.logitSoftcap) * Double(w.targetTanh[place])
      w.rowFactor[place] = Float(Double(gradientScale) / total)
      losses?[Int(group.rows[place])] = Float(loss)
      sum.loss += loss
      sum.count += 1
    }
  }

  /// dx of some rows of the group, put where the rows came from.
  private func addInputGradient(
    _ part: Range<Int>, of group: Group, _ worker: Int, gradientScale: Float
  ) {
    let w = workspace
    let width = configuration.width
    let vocabulary = configuration.vocabularySize
    let dx = w.scratch + worker * w.scratchStride
    nb_product_rows(
      engine, dx, width, w.logits + part.lowerBound * vocabulary, vocabulary,
      w.packedHeadBackward, part.count, width, vocabulary, 0,
      w.work + worker * w.scratchStride)
    for place in part {
      let row = dx + (place - part.lowerBound) * width
      let t = w.targetTanh[place]
      nb_scale(row, w.rowFactor[place], width)
      nb_axpy(
        row, head.value + Int(group.targets[place]) * width, -gradientScale * (1 - t * t), width)
      (w.gradientAttended + Int(group.rows[place]) * width).update(from: row, count: width)
    }
  }

  /// The part of the head's gradient that belongs to some columns of the vocabulary.
  private func addHeadGradient(
    _ columns: Range<Int>, of group: Group, _ worker: Int, gradientScale: Float
  ) {
    let w = workspace
    let width = configuration.width
    let gradient = head.gradient + columns.lowerBound * width
    nb_product_columns(
      engine, gradient, width, w.logits + columns.lowerBound, configuration.vocabularySize,
      w.headScaled, width, columns.count, width, group.count, w.work + worker * w.scratchStride)
    for row in 0..<group.count where columns.contains(Int(group.targets[row])) {
      let t = w.targetTanh[row]
      nb_axpy(
        head.gradient + Int(group.targets[row]) * width, w.headInput + row * width,
        -gradientScale * (1 - t * t), width)
    }
  }
}
