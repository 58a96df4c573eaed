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
    packHead()
    var sum = LossSum()
    for group in groups(countedRows(targets, count: rows.count)) {
      gather(group)
      let local = group.map { targets[$0] }
      runTiles(group.count, targets: local, keepingGradient: false)
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
    packHead()
    let vocabulary = configuration.vocabularySize
    var done = 0
    for group in groups(chosen) {
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
    let counted = countedRows(targets, count: rows.count)
    if counted.count < rows.count {
      w.gradientAttended.update(repeating: 0, count: rows.count * width)
    }
    packHead()
    pack(head.packing(into: w.packedHeadBackward, forward: false))
    var sum = LossSum()
    for group in groups(counted) {
      gather(group)
      let local = group.map { targets[$0] }
      runTiles(group.count, targets: local, keepingGradient: true)
      finish(group, into: &sum, losses: nil, gradientScale: gradientScale)
      nb_scale_rows(w.headScaled, w.headInput, w.rowFactor, group.count, width)
      let rowTask = Workspace.Plan.headRowTask
      let rowTasks = (group.count + rowTask - 1) / rowTask
      pool.parallelWithWorker(chunks: tileCount + rowTasks) { task, worker in
        if task < rowTasks {
          let part = task * rowTask..<min(group.count, (task + 1) * rowTask)
          addInputGradient(part, group, worker, targets: local, gradientScale: gradientScale)
        } else {
          addHeadGradient(
            tileColumns(task - rowTasks), worker, rows: group.count, targets: local,
            gradientScale: gradientScale)
        }
      }
    }
    return sum
  }

  // MARK: Groups of rows

  private func packHead() {
    pack(head.packing(into: workspace.packedHead, forward: true))
  }

  private func countedRows(_ targets: UnsafePointer<Int32>, count: Int) -> [Int] {
    (0..<count).filter { row in
      precondition(
        Int(targets[row]) < configuration.vocabularySize,
        "target id \(targets[row]) is outside the vocabulary")
      return targets[row] >= 0
    }
  }

  private func groups(_ rows: [Int]) -> [ArraySlice<Int>] {
    stride(from: 0, to: rows.count, by: workspace.headRows).map {
      rows[$0..<min(rows.count, $0 + workspace.headRows)]
    }
  }

  private func gather(_ group: ArraySlice<Int>) {
    let width = configuration.width
    for (place, row) in group.enumerated() {
      (workspace.headInput + place * width).update(
        from: workspace.final + row * width, count: width)
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

  private func runTiles(_ rows: Int, targets: [Int32], keepingGradient: Bool) {
    let w = workspace
    let vocabulary = configuration.vocabularySize
    let cap = configuration.logitSoftcap
    pool.parallelWithWorker(chunks: tileCount) { tile, worker in
      let columns = tileColumns(tile)
      let z = w.logits + columns.lowerBound
      multiplyTile(rows, columns: columns, into: z, worker)
      let sums = w.tileSums + tile * w.headRows
      if keepingGradient {
        nb_softcap_gradient(
          z, sums, w.targetTanh, targets, rows, columns.count, vocabulary, columns.lowerBound, cap)
      } else {
        nb_softcap_sums(
          z, sums, w.targetTanh, targets, rows, columns.count, vocabulary, columns.lowerBound, cap)
      }
    }
  }

  /// Adds up the tiles' sums in order, and with them losses and the factor of each row.
  private func finish(
    _ group: ArraySlice<Int>, into sum: inout LossSum, losses: Floats?, gradientScale: Float
  ) {
    let w = workspace
    for (place, row) in group.enumerated() {
      var total = 0.0
      for tile in 0..<tileCount { total += Double(w.tileSums[tile * w.headRows + place]) }
      let loss = log(total) - Double(configuration.logitSoftcap) * Double(w.targetTanh[place])
      w.rowFactor[place] = Float(Double(gradientScale) / total)
      losses?[row] = Float(loss)
      sum.loss += loss
      sum.count += 1
    }
  }

  /// dx of some rows of the group, put where the rows came from.
  private func addInputGradient(
    _ part: Range<Int>, _ group: ArraySlice<Int>, _ worker: Int, targets: [Int32],
    gradientScale: Float
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
        row, head.value + Int(targets[place]) * width, -gradientScale * (1 - t * t), width)
      (w.gradientAttended + group[group.startIndex + place] * width).update(from: row, count: width)
    }
  }

  /// The part of the head's gradient that belongs to some columns of the vocabulary.
  private func addHeadGradient(
    _ columns: Range<Int>, _ worker: Int, rows: Int, targets: [Int32], gradientScale: Float
  ) {
    let w = workspace
    let width = configuration.width
    let gradient = head.gradient + columns.lowerBound * width
    nb_product_columns(
      engine, gradient, width, w.logits + columns.lowerBound, configuration.vocabularySize,
      w.headScaled, width, columns.count, width, rows, w.work + worker * w.scratchStride)
    for row in 0..<rows where columns.contains(Int(targets[row])) {
      let t = w.targetTanh[row]
      nb_axpy(
        head.gradient + Int(targets[row]) * width, w.headInput + row * width,
        -gradientScale * (1 - t * t), width)
    }
  }
}
