import DaybookModel
import Logging
import Metrics
import NIOCore
import Ports

/// The one owner of a partition: decides commands in order against a state that includes what is
/// in flight, gathers their events into batches, and answers when those are durable.
///
/// One batch is with the log at a time; everything decided meanwhile is the next.
///
/// `@unchecked Sendable`: touched on its event loop only, but for `submit`.
final class PartitionOwner: @unchecked Sendable {
  /// Closed batches that wait for the log; past it commands are refused.
  static let readyMax = 16
  static let retryAfter = TimeAmount.seconds(1)
  static let reloadAfter = TimeAmount.seconds(5)
  /// No sooner are those that are held looked through again.
  static let heldCheckedAfter = TimeAmount.milliseconds(250)
  /// What has piled up is gone by then, or still there.
  static let crowdedRetryAfter: Duration = .seconds(1)
  /// Questions to the log at a time.
  static let lookupsMax = 256

  let partition: PartitionID
  let loop: any EventLoop
  private let turn: CommitTurn
  private let environment: Environment
  private let logger: Logger
  private let metrics: PartitionMetrics
  private var relay: Relay!

  private enum Phase {
    case loading
    case serving
    /// Refuses with this error. The state is what is durable; a timer may end it.
    case refusing(DaybookError)
    case stopping
  }

  private var phase = Phase.loading
  /// Its snapshots stay as they are: they may know more than the log has.
  private var isReadOnly = false
  /// The state is the log's, and not one that a failure left empty.
  private var stateHolds = false
  /// Nothing has become durable since a failure that the operator was told of.
  private var isFailing = false
  private var desk: PartitionDesk
  private var inFlight: OpenBatch?
  private var handedOverAt = ContinuousClock.now
  /// The loop's turn will ask it for a batch.
  var isInTurn = false
  /// The last batch that is durable; nil if there is none.
  private var lastBatch: BatchMark?
  private let snapshots: OwnerSnapshots
  private var sampling = StateSampling()

  private var whenDrained: [() -> Void] = []
  /// Commands that wait, in their order, until the log has said what only it knows. It is asked once
  /// all that was decided is durable.
  private var waiting: [PendingCommand] = []
  private var isLookingUp = false
  /// A timer runs for those that the desk holds.
  private var isWatchingHeld = false

  /// `turn` is that of all owners on the loop.
  init(_ partition: PartitionID, turn: CommitTurn, environment: Environment) {
    self.partition = partition
    self.turn = turn
    loop = turn.loop
    self.environment = environment
    var logger = environment.logger
    logger[metadataKey: "partition"] = "\(partition)"
    self.logger = logger
    metrics = PartitionMetrics(partition, environment.metrics)
    snapshots = OwnerSnapshots(
      partition, loop: loop, environment: environment, logger: logger, metrics: metrics)
    desk = PartitionDesk(
      PartitionState(partition: partition, environment.state),
      policy: environment.policy,
      headerBytes: environment.log.batchHeaderBytes, held: HeldNumbers(environment.held),
      given: environment.clocks.given)
    relay = Relay(
      source: partition, loop: loop, log: environment.log, blocking: environment.blocking,
      logger: logger, metrics: environment.metrics
    ) { delivery in
      environment.owner(delivery.receipt.destination).take(delivery)
    }
  }

  /// Whatever follows from events below it is durable where it belongs.
  var relayedThrough: Offset { relay.relayedThrough }

  // MARK: commands

  /// From any thread; answers come through each command's receiver.
  func submit(_ commands: [PendingCommand]) {
    if loop.inEventLoop {
      take(commands)
    } else {
      loop.execute { self.take(commands) }
    }
  }

  private func take(_ commands: [PendingCommand]) {
    // Behind those that wait. Where too much is in memory, all that was decided becomes durable first,
    // so that some of it can be forgotten.
    guard waiting.isEmpty, !desk.state.origins.isBursting else {
      wait(commands[...])
      return advance()
    }
    decide(commands)
  }

  private func decide(_ commands: [PendingCommand]) {
    let taken: Int
    if case .refusing(let error) = phase, stateHolds {
      taken = desk.take(
        commands, now: environment.clock.now(), uptime: environment.clock.uptime(),
        refusing: error)
    } else if let refusal {
      return turnAway(commands, refusal)
    } else {
      taken = desk.take(
        commands, now: environment.clock.now(), uptime: environment.clock.uptime())
    }
    // What has come to its turn goes first: those behind it are of its origin, or may wait.
    let released = desk.takeReleased().map { [$0] } ?? []
    wait((released + commands[taken...])[...])
    watchHeld()
    advance()
  }

  /// Looks after the time of those that are held.
  private func watchHeld() {
    guard !isWatchingHeld, let due = desk.heldUntil else { return }
    isWatchingHeld = true
    let uptime = environment.clock.uptime()
    let wait = due.milliseconds - min(due.milliseconds, uptime.milliseconds)
    loop.scheduleTask(in: max(.milliseconds(Int64(wait)), PartitionOwner.heldCheckedAfter)) {
      self.isWatchingHeld = false
      self.desk.expireHeld(uptime: self.environment.clock.uptime())
      self.watchHeld()
      self.advance()
    }
  }

  private func turnAway(_ commands: [PendingCommand], _ error: DaybookError) {
    desk.turnedAway(commands, uptime: environment.clock.uptime())
    refuse(commands, error)
  }

  private func turnAwayWaiting(_ error: DaybookError) {
    let commands = waiting + desk.dropHeld()
    waiting = []
    metrics.waitingCommands.set(0)
    turnAway(commands, error)
  }

  private func wait(_ commands: ArraySlice<PendingCommand>) {
    guard !commands.isEmpty else { return }
    guard waiting.count + commands.count <= Limits.waitingCommandsMax else {
      return turnAway(
        Array(commands),
        DaybookError(
          .overloaded, "partition \(partition) has more waiting than its disk can take; retry",
          retryAfter: PartitionOwner.crowdedRetryAfter))
    }
    waiting += commands
    metrics.waitingCommands.set(waiting.count)
  }

  /// Asks the log what commands that wait need to know of it. Only once all that was decided is
  /// durable: what is on its way is in no log yet.
  private func lookUpIfDrained() {
    guard inFlight == nil, desk.isIdle else { return }
    desk.trim()
    guard !waiting.isEmpty, !isLookingUp else { return }
    var questions: Set<LogLookup.Question> = []
    for pending in waiting {
      questions.formUnion(desk.questions(about: pending.command))
      if questions.count >= PartitionOwner.lookupsMax { break }
    }
    isLookingUp = true
    let (asked, loop, log, partition) = (questions, loop, environment.log, partition)
    let numbers = environment.state.origins.numbers
    environment.blocking.run {
      var answers: [LogLookup.Answer] = []
      var failure: DaybookError?
      do throws(DaybookError) {
        for question in asked {
          answers.append(
            try LogLookup.answer(question, in: log, of: partition, numbers: numbers))
        }
      } catch {
        failure = error
      }
      let (found, failed) = (answers, failure)
      loop.execute { self.lookedUp(found, failed) }
    }
  }

  private func lookedUp(
    _ answers: [LogLookup.Answer], _ failure: DaybookError?
  ) {
    isLookingUp = false
    let commands = waiting
    waiting = []
    if let failure {
      turnAway(
        commands,
        DaybookError(
          .overloaded, "the log can't be searched now; retry",
          retryAfter: PartitionOwner.crowdedRetryAfter, cause: failure))
      return drained()
    }
    // Relayed events that came meanwhile are of no command.
    desk.learn(answers)
    decide(commands)
    metrics.waitingCommands.set(waiting.count)
    desk.learnedAll()
  }

  private var refusal: DaybookError? {
    switch phase {
    case .serving:
      desk.ready.count < PartitionOwner.readyMax
        ? nil
        : DaybookError(
          .overloaded, "partition \(partition) has more waiting than its disk can take; retry",
          retryAfter: PartitionOwner.crowdedRetryAfter)
    case .loading:
      DaybookError(
        .overloaded, "partition \(partition) is still being loaded; retry",
        retryAfter: PartitionOwner.crowdedRetryAfter)
    case .refusing(let error): error
    case .stopping: DaybookError(.serverStopping, "the server is stopping; reconnect and retry")
    }
  }

  private func refuse(_ commands: [PendingCommand], _ error: DaybookError) {
    environment.rejections.add(error.code, commands.count)
    for command in commands {
      command.receiver.receive(
        [CommandAnswer(token: command.token, outcome: .failure(error))], covering: nil)
    }
  }

  // MARK: effects

  /// Effects from another partition's relay, or this one's own.
  func take(_ delivery: RelayDelivery) {
    if loop.inEventLoop {
      takeHere(delivery)
    } else {
      loop.execute { self.takeHere(delivery) }
    }
  }

  private func takeHere(_ delivery: RelayDelivery) {
    let receipt = delivery.receipt
    // Effects are taken even when commands are refused as too many: their source is bounded.
    switch phase {
    case .serving: break
    case .loading, .refusing, .stopping:
      return receipt.relay.finished(receipt, .failure(refusal!))
    }
    guard desk.take(delivery, now: environment.clock.now()) else {
      let lost = DaybookError(.overloaded, "partition \(partition) lost what came before")
      return receipt.relay.finished(receipt, .failure(lost))
    }
    advance()
  }

  // MARK: batches

  /// What was decided goes to the log with the turn of the loop, unless it has a batch of this
  /// partition: then with the next. Answers that need no event wait here too, for what they tell may
  /// rest on events in flight.
  private func advance() {
    guard inFlight == nil else { return }
    if desk.isIdle { return rested() }
    let isAwaited = if case .stopping = phase { true } else { desk.isAwaited }
    turn.add(self, isAwaited: isAwaited)
  }

  /// The partition's next batch, if the log has none and there is one.
  func handOver() -> PartitionAppend? {
    guard inFlight == nil else { return nil }
    while var batch = desk.next() {
      guard batch.hasEvents else {
        finish(batch)
        continue
      }
      let now = environment.clock.now()
      if snapshots.isDue(now) {
        // The batch in hand is one of them.
        let batches = 1 + desk.closeAll()
        snapshots.copied(
          desk.state, relayedThrough: relay.relayedThrough, batches: batches, at: now)
      }
      // Before anybody can be told of its ids.
      environment.clocks.advanced(desk.state)
      environment.clocks.compare(with: now)
      let appended = batch.handOver()
      inFlight = batch
      handedOverAt = .now
      metrics.queuedBatches.set(desk.ready.count)
      return PartitionAppend(partition: partition, batch: appended) { outcome in
        self.loop.execute { self.completed(outcome) }
      }
    }
    rested()
    return nil
  }

  /// All that was decided is durable.
  private func rested() {
    drained()
    lookUpIfDrained()
  }

  private func completed(_ outcome: Result<CommittedBatch, DaybookError>) {
    guard let batch = inFlight else { return }
    inFlight = nil
    switch outcome {
    case .success(let committed):
      metrics.batches.increment()
      metrics.batchEvents.record(committed.count)
      metrics.commitDuration.record(duration: .now - handedOverAt)
      metrics.count(desk.state)
      if sampling.isDue() { metrics.count(sampling.look(at: desk.state)) }
      let last = BatchMark(of: committed)
      lastBatch = last
      if isFailing {
        logger.notice("partition \(partition) logs again")
        isFailing = false
      }
      snapshots.committed(committed.count, last)
      finish(batch)
      environment.announce(committed)
      relay.committed(committed, effects: batch.effects)
      advance()
    case .failure(let error):
      fail(batch, error)
    }
  }

  private func finish(_ batch: OpenBatch) {
    if batch.accepted > 0 { metrics.acceptedCommands.increment(by: batch.accepted) }
    for (code, count) in batch.rejected { environment.rejections.add(code, count) }
    let token = lastBatch.map { ReadToken(partition: partition, next: $0.next) }
    for group in batch.answers { group.receiver.receive(group.answers, covering: token) }
    for receipt in batch.relayed { receipt.relay.finished(receipt, .success(())) }
  }

  // MARK: failure

  /// What was decided since the last durable batch never happened: everyone who waits is told,
  /// and the state is loaded anew from what is durable.
  private func fail(_ batch: OpenBatch, _ failure: DaybookError) {
    let error = failure.retried(after: PartitionOwner.crowdedRetryAfter)
    if !isFailing {
      logger.error(
        "partition \(partition) can log nothing: \(error)", metadata: ["code": "\(error.code.name)"]
      )
      isFailing = true
    }
    snapshots.dropCopy()
    stateHolds = false
    let stopping = if case .stopping = phase { true } else { false }
    if !stopping { phase = .refusing(error) }
    let lost = desk.restart(
      PartitionState(partition: partition, environment.state), after: batch,
      uptime: environment.clock.uptime())
    for batch in lost {
      environment.rejections.add(error.code, batch.answers.reduce(0) { $0 + $1.answers.count })
      for group in batch.answers {
        group.receiver.receive(
          group.answers.map { CommandAnswer(token: $0.token, outcome: .failure(error)) },
          covering: nil)
      }
      for receipt in batch.relayed { receipt.relay.finished(receipt, .failure(error)) }
    }
    turnAwayWaiting(error)
    if stopping { drained() } else { reload(after: error) }
  }

  private func reload(after error: DaybookError) {
    let (partition, environment, loop) = (partition, environment, loop)
    environment.blocking.run {
      let loaded = Result { () throws(DaybookError) in
        try LoadedState.load(
          partition, log: environment.log, snapshots: environment.snapshots, environment.state)
      }
      loop.execute { self.reloaded(loaded, after: error) }
    }
  }

  private func reloaded(_ loaded: Result<LoadedState, DaybookError>, after error: DaybookError) {
    guard case .refusing = phase else { return }
    switch loaded {
    case .success(let loaded):
      let announced = lastBatch
      hold(loaded)
      // What was reported as failed may be durable all the same.
      if loaded.last != announced { environment.interrupt(partition) }
      // What is final stays so. The next command finds out whether the rest has got better.
      guard error.code.isTemporary else { return }
      loop.scheduleTask(in: PartitionOwner.retryAfter) {
        if case .refusing = self.phase { self.phase = .serving }
      }
    case .failure(let loading):
      logger.error(
        "partition \(partition) can't be loaded anew: \(loading)",
        metadata: ["code": "\(loading.code.name)"])
      phase = .refusing(loading)
      guard loading.code != .logCorrupt else { return }
      loop.scheduleTask(in: PartitionOwner.reloadAfter) {
        if case .refusing = self.phase { self.reload(after: error) }
      }
    }
  }

  // MARK: start and stop

  /// Takes over a state that was loaded on another thread. On the loop.
  /// With `readOnly` it answers what needs no event, and refuses the rest with that.
  func serve(_ loaded: LoadedState, readOnly: DaybookError? = nil) {
    loop.preconditionInEventLoop()
    hold(loaded)
    snapshots.begin(at: environment.clock.now())
    phase = readOnly.map { .refusing($0) } ?? .serving
    isReadOnly = readOnly != nil
  }

  private func hold(_ loaded: LoadedState) {
    desk.restart(loaded.state)
    environment.clocks.advanced(loaded.state)
    stateHolds = true
    metrics.count(sampling.look(at: desk.state))
    lastBatch = loaded.last
    metrics.replayedEvents.increment(by: loaded.replayed)
    snapshots.replayed(loaded.replayed)
    if loaded.foundStaleSnapshot {
      logger.warning(
        """
        partition \(partition): the snapshot of its state is not of this log's past, so \
        \(loaded.replayed) events were replayed
        """, metadata: ["replayed": "\(loaded.replayed)"])
    }
  }

  /// Takes no commands, for its log can't be read; the other partitions serve.
  func refuse(_ error: DaybookError) {
    loop.preconditionInEventLoop()
    logger.error(
      "partition \(partition) takes no commands: \(error)", metadata: ["code": "\(error.code.name)"]
    )
    environment.clocks.unknown(partition)
    phase = .refusing(error)
  }

  /// Relays need every owner to serve, or to refuse.
  func startRelay(from offset: Offset) {
    loop.preconditionInEventLoop()
    relay.start(from: offset, committed: environment.log.highWatermark(of: partition))
  }

  /// Refuses what comes, finishes what is in flight, leaves a snapshot, then calls `done`.
  func stop(_ done: @escaping @Sendable () -> Void) {
    loop.preconditionInEventLoop()
    phase = .stopping
    turnAwayWaiting(refusal!)
    whenDrained.append {
      // How far it got counts for the snapshot, so the relay stops only now.
      let relayedThrough = self.relay.relayedThrough
      self.relay.stop()
      guard self.stateHolds, !self.isReadOnly, let last = self.lastBatch else { return done() }
      self.snapshots.keepLast(
        self.desk.state, relayedThrough: relayedThrough, last: last, then: done)
    }
    advance()
  }

  private func drained() {
    let actions = whenDrained
    whenDrained = []
    for action in actions { action() }
  }
}
