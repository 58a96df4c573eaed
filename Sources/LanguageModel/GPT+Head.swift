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
    let w = workspace
    var sum = LossSum()
    for group in groups(countedRows(targets, count: rows.count)) {
      gather(group)
      let local = group.map { targets[$0] }
      runTiles(group.count, targets: local, keepingGradient: false)
      finish(group, into: &sum, losses: losses, gradientScale: 0)
    }
    _ = w
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
    let vocabulary = configuration.vocabularySize
    var done = 0
    for group in groups(chosen) {
      gather(group)
      let out = result + done * vocabulary
      pool.parallel(chunks: tileCount) { tile in
        let columns = tileColumns(tile)
        multiplyTile(group.count, columns: columns, into: out + columns.lowerBound)
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
    var sum = LossSum()
    for group in groups(counted) {
      gather(group)
      let local = group.map { targets[$0] }
      runTiles(group.count, targets: local, keepingGradient: true)
      finish(group, into: &sum, losses: nil, gradientScale: gradientScale)
      nb_scale_rows(w.headScaled, w.headInput, w.rowFactor, group.count, width)
      let rowTasks = (group.count + Self.headRowTask - 1) / Self.headRowTask
      pool.parallelWithWorker(chunks: tileCount + rowTasks) { task, worker in
        if task < rowTasks {
          let part = task * Self.headRowTask..<min(group.count, (task + 1) * Self.headRowTask)
          addInputGradient(
            part, group, targets: local, gradientScale: gradientScale,
            scratch: w.scratch + worker * w.scratchStride)
        } else {
          addHeadGradient(
            tileColumns(task - rowTasks), rows: group.count, targets: local,
            gradientScale: gradientScale)
        }
      }
    }
    return sum
  }

  // MARK: Groups of rows

  private static var headRowTask: Int { 128 }

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

  private func multiplyTile(_ rows: Int, columns: Range<Int>, into z: Floats) {
    let width = configuration.width
    nb_gemm(
      0, 1, rows, columns.count, width, 1, workspace.headInput, width,
      head.value + columns.lowerBound * width, width, 0, z, configuration.vocabularySize)
  }

  private func runTiles(_ rows: Int, targets: [Int32], keepingGradient: Bool) {
    let w = workspace
    let vocabulary = configuration.vocabularySize
    let cap = configuration.logitSoftcap
    pool.parallel(chunks: tileCount) { tile in
      let columns = tileColumns(tile)
      let z = w.logits + columns.lowerBound
      multiplyTile(rows, columns: columns, into: z)
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
    _ part: Range<Int>, _ group: ArraySlice<Int>, targets: [Int32], gradientScale: Float,
    scratch: Floats
  ) {
    let w = workspace
    let width = configuration.width
    let vocabulary = configuration.vocabularySize
    let dx = scratch
    nb_gemm(
      0, 0, part.count, width, vocabulary, 1, w.logits + part.lowerBound * vocabulary, vocabulary,
      head.value, width, 0, dx, width)
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
    _ columns: Range<Int>, rows: Int, targets: [Int32], gradientScale: Float
  ) {
    let w = workspace
    let width = configuration.width
    let gradient = head.gradient + columns.lowerBound * width
    nb_gemm(
      1, 0, columns.count, width, rows, 1, w.logits + columns.lowerBound,
      configuration.vocabularySize, w.headScaled, width, 1, gradient, width)
    for row in 0..<rows where columns.contains(Int(targets[row])) {
      let t = w.targetTanh[row]
      nb_axpy(
        head.gradient + Int(targets[row]) * width, w.headInput + row * width,
        -gradientScale * (1 - t * t), width)
    }
  }
}
