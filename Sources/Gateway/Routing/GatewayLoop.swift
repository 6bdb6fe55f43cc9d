import DaybookModel
import DaybookSchema
import Logging
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// What one event loop's sessions have in common: who follows what, which commands are
/// unanswered, and what is to be flushed.
///
/// `@unchecked Sendable`: touched on its loop only, but for what is marked.
final class GatewayLoop: CommandReceiver, @unchecked Sendable {
  private struct Unanswered {
    let session: Session
    let purpose: CommandPurpose
    let since: NIODeadline
    let traceID: TraceID?
  }

  /// A command's token is its place here and how often that was used: an answer that comes twice, or
  /// late, finds nobody.
  private struct Place {
    var entry: Unanswered?
    var uses: UInt32 = 0
  }

  let loop: any EventLoop
  let context: GatewayContext
  let load: LoopLoad
  private var subscriptions = SubscriptionTable()
  /// Read by the owners' threads.
  private let followed = NIOLockedValueBox(FollowedStreams())
  /// By their numbers.
  private(set) var sessions: [UInt64: Session] = [:]
  private var unanswered: [Place] = []
  private var freePlaces: [Int] = []
  private var gathered: [[PendingCommand]]
  private var gatheredPartitions: [Int] = []
  private var dirty: [Session] = []
  private var isSettling = false
  private var isToSettle = false
  /// A session has so much to say that it should not wait for more.
  var hasMuchToSay = false
  /// Since `settle` last counted it.
  var traffic = Traffic()
  private var acking: [Session] = []
  /// For how many ticks acks are held while load is shed.
  private static let ackTicksHeldMax = 50
  private var ackTicksHeld = 0
  /// Whose acks of groups wait for the interval's end.
  private var ackingGroups: [Session] = []
  private var heartbeats: RepeatedTask?
  /// Of its sessions, as it was counted last.
  private var heldBytes = 0
  /// Who has connected and not said yet who it is, in the order in which that is due.
  private var strangers = CircularBuffer<(session: UInt64, due: NIODeadline)>()
  private var strangersTimer: Scheduled<Void>?
  /// What each connection may send; nil where that is not limited.
  var bytesRate: Rate?
  /// What connections are read into: those of strangers a little at a time.
  /// Of others at most as much as a record of TLS has, for what one read brings is how large its buffer of plaintext
  /// becomes, and stays.
  let reads: ReadBuffer
  let strangersReads = ReadBuffer(capacity: 2_048)
  /// What sessions have submitted when they were closed is answered behind the end.
  private var hasEnded = false
  /// Called once no session is left.
  private var whenEmpty: [() -> Void] = []

  init(_ loop: any EventLoop, _ context: GatewayContext, index: Int) {
    self.loop = loop
    self.context = context
    load = LoopLoad(context.metrics.load, loop: index)
    gathered = Array(repeating: [], count: context.commands.partitionCount)
    bytesRate = context.options.rates.bytesPerConnection
    reads = ReadBuffer(capacity: min(16_384, max(2_048, context.options.inboundBytesMax)))
  }

  // MARK: sessions

  func add(_ session: Session) {
    sessions[session.handle.number] = session
    guard heartbeats == nil else { return }
    let half = TimeAmount.nanoseconds(context.options.heartbeatInterval.nanoseconds / 2)
    heartbeats = loop.scheduleRepeatedTask(initialDelay: half, delay: half) { [weak self] _ in
      self?.tick()
    }
  }

  func remove(_ session: Session) {
    guard sessions.removeValue(forKey: session.handle.number) != nil, sessions.isEmpty
    else { return }
    heartbeats?.cancel()
    heartbeats = nil
    forgetStrangers()
    countHeld()
    let waiting = whenEmpty
    whenEmpty = []
    for proceed in waiting { proceed() }
  }

  /// Ends the session unless it has connected by the deadline. One timer for all: each has as long.
  func awaitConnect(of session: Session) {
    strangers.append((session.handle.number, loop.now + context.options.connectDeadline))
    if strangersTimer == nil { watchStrangers() }
  }

  private func watchStrangers() {
    strangersTimer = strangers.first.map { first in
      loop.scheduleTask(deadline: first.due) { self.connectDeadlinesPassed() }
    }
  }

  private func connectDeadlinesPassed() {
    while let first = strangers.first, first.due <= loop.now {
      strangers.removeFirst()
      sessions[first.session]?.input { $0.connectDeadlinePassed(&$1) }
    }
    watchStrangers()
    settle()
  }

  private func forgetStrangers() {
    strangersTimer?.cancel()
    strangersTimer = nil
    strangers = CircularBuffer()
  }

  /// In the order of their making, so that what happens depends on nothing else.
  private var ordered: [Session] {
    sessions.sorted { $0.key < $1.key }.map(\.value)
  }

  private func tick() {
    context.sessionLog.tellSuppressed()
    for session in ordered { session.tick() }
    settle()
    countHeld()
  }

  /// What sessions have in memory, as it is now.
  private func countHeld() {
    let held = sessions.values.reduce(0) { $0 + $1.heldBytes }
    context.metrics.heldBytes.increment(by: Double(held - heldBytes))
    heldBytes = held
  }

  /// Ends every session, each once what it has asked is answered, and tells it when to come again:
  /// all at once would be a storm. `done` is called when all connections are closed.
  func drain(then done: @escaping () -> Void) {
    let all = ordered
    for (place, session) in all.enumerated() {
      let reason = stopping(place, among: all.count)
      session.input { $0.drain(reason, &$1) }
    }
    settle()
    if sessions.isEmpty { return done() }
    whenEmpty.append(done)
    loop.scheduleTask(in: context.options.drainDeadline) { [self] in
      let late = ordered
      for (place, session) in late.enumerated() {
        let reason = stopping(place, among: late.count)
        session.input { $0.closing(reason, &$1) }
      }
      settle()
    }
  }

  /// Other loops tell as many at the same time, and all of them share what comes again in a second.
  private func stopping(_ place: Int, among count: Int) -> DaybookError {
    let loops = max(1, context.loops.count)
    return DaybookError(
      .serverStopping, "the server is stopping; connect again in a while",
      retryAfter: context.options.reconnectDelay(of: place * loops, among: count * loops))
  }

  /// Nothing happens here any more: lets go of whatever knows this loop.
  func end() {
    hasEnded = true
    heartbeats?.cancel()
    heartbeats = nil
    forgetStrangers()
    sessions = [:]
    subscriptions = SubscriptionTable()
    unanswered = []
    freePlaces = []
    gathered = gathered.map { _ in [] }
    (dirty, acking, ackingGroups, whenEmpty) = ([], [], [], [])
  }

  // MARK: commands

  /// Commands of one tick go to their partition's owner together.
  func submit(_ command: Command, _ purpose: CommandPurpose, from session: Session) {
    load.asked()
    let token = takePlace(
      Unanswered(
        session: session, purpose: purpose, since: .now(), traceID: command.traceID))
    let partition = command.stream.partition(of: gathered.count).index
    if gathered[partition].isEmpty {
      if gatheredPartitions.isEmpty { loop.execute { self.submitGathered() } }
      gatheredPartitions.append(partition)
    }
    gathered[partition].append(PendingCommand(command, receiver: self, token: token))
  }

  private func takePlace(_ entry: Unanswered) -> UInt64 {
    let place: Int
    if let free = freePlaces.popLast() {
      place = free
    } else {
      place = unanswered.count
      unanswered.append(Place())
    }
    unanswered[place].entry = entry
    return UInt64(unanswered[place].uses) << 32 | UInt64(place)
  }

  /// Nil for what was answered before.
  private func leavePlace(_ token: UInt64) -> Unanswered? {
    let place = Int(truncatingIfNeeded: token & 0xffff_ffff)
    guard place < unanswered.count, unanswered[place].uses == UInt32(token >> 32),
      let entry = unanswered[place].entry
    else { return nil }
    unanswered[place].entry = nil
    unanswered[place].uses &+= 1
    freePlaces.append(place)
    return entry
  }

  /// At once, when the server stops: what is still to come would find no owner.
  func submitGathered() {
    let partitions = gatheredPartitions
    gatheredPartitions.removeAll(keepingCapacity: true)
    for partition in partitions {
      let commands = gathered[partition]
      gathered[partition] = []
      context.commands.submit(commands, to: PartitionID(partition))
    }
  }

  /// On an owner's thread.
  func receive(_ answers: [CommandAnswer], covering token: ReadToken?) {
    loop.execute { self.take(answers) }
  }

  private func take(_ answers: [CommandAnswer]) {
    if hasEnded { return }
    // Of the first one that was done: those of one batch have waited for the same sync, and there may be thousands.
    var longest: NIODeadline?
    var count = 0
    for answer in answers {
      guard let entry = leavePlace(answer.token) else {
        context.logger.error("a command was answered twice")
        continue
      }
      count += 1
      if longest == nil, case .success = answer.outcome { longest = entry.since }
      if let traceID = entry.traceID {
        let failure =
          if case .failure(let error) = answer.outcome { error } else { nil as DaybookError? }
        entry.session.logCommand(traceID, failure, took: .now() - entry.since)
      }
      entry.session.input { $0.answered(entry.purpose, answer.outcome, &$1) }
    }
    weigh(count, since: longest)
    settleSoon()
  }

  private func weigh(_ count: Int, since: NIODeadline?) {
    guard let since else { return load.refused(count) }
    let now = NIODeadline.now()
    let delay = (now - since).nanoseconds
    context.metrics.commandDuration.recordNanoseconds(delay)
    load.answered(
      count, after: .nanoseconds(delay), at: .nanoseconds(Int64(now.uptimeNanoseconds)))
  }

  /// Acks of this session wait for the tick's end.
  func scheduleAcks(of session: Session) {
    acking.append(session)
    guard acking.count == 1 else { return }
    loop.scheduleTask(in: context.options.ackTick) { self.flushAcks() }
  }

  /// While there is more to do than can be done they wait for some more: there are fewer of them then, and one that is
  /// lost costs a redelivery.
  private func flushAcks() {
    if ackTicksHeld < GatewayLoop.ackTicksHeldMax, load.sheds(.ack) {
      ackTicksHeld += 1
      loop.scheduleTask(in: context.options.ackTick) { self.flushAcks() }
      return
    }
    ackTicksHeld = 0
    let due = acking
    acking = []
    for session in due { session.input { $0.flushAcks(&$1) } }
    settle()
  }

  /// How far this session's device has acked groups waits for the interval's end.
  func scheduleGroupCursors(of session: Session) {
    ackingGroups.append(session)
    guard ackingGroups.count == 1 else { return }
    loop.scheduleTask(in: context.options.groupCursorInterval) { self.flushGroupCursors() }
  }

  private func flushGroupCursors() {
    let due = ackingGroups
    ackingGroups = []
    for session in due { session.input { $0.flushGroupCursors(&$1) } }
    settle()
  }

  // MARK: streams

  func subscribe(_ session: Session, to stream: StreamKey) {
    guard subscriptions.add(session, to: stream) else { return }
    followed.withLockedValue { $0.insert(stream.fingerprint) }
  }

  func unsubscribe(_ session: Session, from stream: StreamKey) {
    guard subscriptions.remove(session, from: stream) else { return }
    followed.withLockedValue { $0.remove(stream.fingerprint) }
  }

  /// On an owner's thread.
  func committed(_ batch: CommittedBatch, _ slots: [EventSlot]) {
    guard followed.withLockedValue({ $0.areConcerned(by: slots) }) else { return }
    let since = NIODeadline.now()
    loop.execute {
      self.push(batch, slots)
      self.context.metrics.pushDuration.recordNanoseconds((.now() - since).nanoseconds)
    }
  }

  private func push(_ batch: CommittedBatch, _ slots: [EventSlot]) {
    for slot in slots where slot.concernsSessions {
      if slot.seq == .none {
        left(slot, batch.body)
        continue
      }
      guard let followers = subscriptions.subscribers(of: slot, in: batch.body) else { continue }
      for session in followers.sessions {
        if !session.output.takes(event: Int(slot.length)) { settle(session) }
        session.input { $0.committed(followers.stream, slot, batch.body, &$1) }
      }
    }
    settleSoon()
  }

  /// A leave that nobody is told of but whom it concerns: here, at its place among the group's events, so
  /// that nothing behind it is pushed.
  private func left(_ slot: EventSlot, _ body: ByteBuffer) {
    guard let bytes = slot.bytes(in: body), let event = try? EventDecoding.decode(bytes),
      case .memberLeft(let member, _, _) = event.body
    else { return }
    for session in subscriptions.sessions(of: .user(member)) {
      session.input { $0.left(event.stream, &$1) }
    }
  }

  /// What the partition has committed since is not known here. On any thread.
  func interrupted(_ partition: PartitionID) {
    loop.execute { [self] in
      let count = context.commands.partitionCount
      for followed in subscriptions.all where followed.stream.partition(of: count) == partition {
        for session in followed.sessions {
          session.input { $0.interrupted(followed.stream, &$1) }
        }
      }
      settle()
    }
  }

  func followers(of stream: StreamKey) -> Set<UserID> {
    Set(subscriptions.sessions(of: stream).compactMap { $0.follower(of: stream) })
  }

  // MARK: flushing

  /// This session has something to do or to say: `settle` sees to it.
  func mark(_ session: Session) { dirty.append(session) }

  /// Once what else this tick has brought is here too: answers and pushes of several batches then leave
  /// a session in one write.
  private func settleSoon() {
    if hasMuchToSay { return settle() }
    guard !isToSettle else { return }
    isToSettle = true
    loop.execute {
      self.isToSettle = false
      self.settle()
    }
  }

  /// In the middle of a tick: what this session has to say is on its way, if its system takes it, before there is more.
  private func settle(_ session: Session) {
    guard !isSettling else { return }
    isSettling = true
    session.settle()
    isSettling = false
  }

  /// Runs what sessions asked for, and flushes each once. Writing may come back here, from a
  /// channel whose buffer is full: then the outer call goes on with what was marked.
  func settle() {
    guard !isSettling else { return }
    isSettling = true
    hasMuchToSay = false
    defer { isSettling = false }
    while !dirty.isEmpty {
      let marked = dirty
      dirty.removeAll(keepingCapacity: true)
      for session in marked { session.settle() }
    }
    context.metrics.add(traffic)
    traffic = Traffic()
  }
}

extension GatewayLoop: SessionHome {
  func deliver(_ news: SessionNews, to sessions: [SessionHandle]) {
    loop.execute { [self] in
      for handle in sessions { self.sessions[handle.number]?.take(news) }
      settle()
    }
  }

  /// Typing, or a message that no log has, in a group.
  func deliver(
    _ news: SessionNews, followersOf stream: StreamKey, except session: SessionHandle?
  ) {
    loop.execute { [self] in
      for follower in subscriptions.sessions(of: stream) where follower.handle != session {
        follower.take(news)
      }
      settle()
    }
  }
}
