import DaybookModel

/// What goes wrong in a run.
extension SimRun {
  /// True if there was some.
  func makeTrouble() throws -> Bool {
    guard let server else {
      if dice.oneIn(20) { try startServer() }
      return true
    }
    if server.isStopping {
      guard server.hasStopped else { return false }
      endServer()
      return true
    }
    if dice.oneIn(sizes.crashEvery) {
      if dice.oneIn(4) {
        tally.count("stop")
        server.stop()
      } else {
        crash()
      }
      return true
    }
    if dice.oneIn(sizes.clockEvery) {
      setClock()
      return true
    }
    if dice.oneIn(sizes.cutEvery), let connection = dice.pickAny(connections) {
      cut(connection)
      return true
    }
    if dice.oneIn(sizes.cutEvery * 3) {
      tally.count("process ended")
      dice.pick(devices).restart()
      return true
    }
    return false
  }

  /// Forward, as if it had been wrong before, or back, as if it was wrong until now.
  private func setClock() {
    let amount = Int64(dice.pick([4_000, 70_000, 7_200_000]))
    let isBack = dice.oneIn(2)
    tally.count(isBack ? "clock set back" : "clock set forward")
    clock.set(by: isBack ? -amount : amount)
  }

  /// Of what was being written some is on the disk, and nobody was told.
  private func crash() {
    endServer()
    tally.count("crash")
    log.crash { _, pending in
      let kept = self.dice.below(pending + 1)
      self.tally.count("append survived unannounced", kept)
      self.tally.count("append lost", pending - kept)
      return kept
    }
    for index in 0..<log.partitionCount where dice.oneIn(3) {
      tally.count("snapshot lost")
      snapshots.lose(PartitionID(index))
    }
    if mutation == .appendLost { _ = log.loseLastBatch(dice.below(log.partitionCount)) }
  }

  /// The two sides notice each in its own time.
  func cut(_ connection: SimConnection) {
    tally.count("cut")
    connection.cutToServer(keeping: dice.below(connection.toServer.count + 1))
    connection.cutToClient(keeping: dice.below(connection.toClient.count + 1))
  }

  /// For the tests of the checks.
  func forgetCauses() {
    var isDone = false
    log.tamper = { event in
      guard !isDone, event.cause != nil, event.kind == .messageCopied else { return nil }
      isDone = true
      var event = event
      event.cause = nil
      return event
    }
  }

  func skipTurn() {
    var isDone = false
    log.tamper = { event in
      guard !isDone, let command = event.command, command.isGapless else { return nil }
      isDone = true
      var event = event
      event.command?.number = command.number + 1
      return event
    }
  }
}
