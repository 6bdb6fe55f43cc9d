import DaybookModel
import NIOConcurrencyHelpers
import NIOCore
import Ports

/// What one event loop's sessions have in common: who follows what, which commands are
/// unanswered, and what is to be flushed. Touched on its loop only, but for what is marked, which
/// is why it may say that it is Sendable.
final class GatewayLoop: CommandReceiver, @unchecked Sendable {
  private struct Unanswered {
    let session: SessionHandler
    let purpose: CommandPurpose
  }

  let loop: any EventLoop
  let context: GatewayContext
  private var subscriptions = SubscriptionTable()
  /// Read by the owners' threads: a loop that nobody follows anything on is left alone.
  private let subscriptionCount = NIOLockedValueBox(0)
  private(set) var sessions: [ObjectIdentifier: SessionHandler] = [:]
  /// A command's token is its index here.
  private var unanswered: [Unanswered?] = []
  private var freeTokens: [Int] = []
  private var gathered: [[PendingCommand]]
  private var gatheredPartitions: [Int] = []
  private var dirty: [SessionHandler] = []
  private var isSettling = false
  private var acking: [SessionHandler] = []
  private var heartbeats: RepeatedTask?

  init(_ loop: any EventLoop, _ context: GatewayContext) {
    self.loop = loop
    self.context = context
    gathered = Array(repeating: [], count: context.commands.partitionCount)
  }

  // MARK: sessions

  func add(_ session: SessionHandler) {
    sessions[ObjectIdentifier(session)] = session
    guard heartbeats == nil else { return }
    let half = TimeAmount.nanoseconds(context.options.heartbeatInterval.nanoseconds / 2)
    heartbeats = loop.scheduleRepeatedTask(initialDelay: half, delay: half) { [weak self] _ in
      self?.tick()
    }
  }

  func remove(_ session: SessionHandler) {
    guard sessions.removeValue(forKey: ObjectIdentifier(session)) != nil, sessions.isEmpty
    else { return }
    heartbeats?.cancel()
    heartbeats = nil
  }

  private func tick() {
    for session in sessions.values { session.tick() }
    settle()
  }

  func closeAll(_ error: DaybookError) {
    for session in sessions.values { session.input { $0.closing(error, &$1) } }
    settle()
  }

  // MARK: commands

  /// Commands of one tick go to their partition's owner together.
  func submit(_ command: Command, _ purpose: CommandPurpose, from session: SessionHandler) {
    let entry = Unanswered(session: session, purpose: purpose)
    let token: Int
    if let free = freeTokens.popLast() {
      token = free
      unanswered[token] = entry
    } else {
      token = unanswered.count
      unanswered.append(entry)
    }
    let partition = command.stream.partition(of: gathered.count).index
    if gathered[partition].isEmpty {
      if gatheredPartitions.isEmpty { loop.execute { self.submitGathered() } }
      gatheredPartitions.append(partition)
    }
    gathered[partition].append(
      PendingCommand(command, receiver: self, token: UInt64(token)))
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
  func receive(_ answers: [CommandAnswer]) {
    loop.execute { self.take(answers) }
  }

  private func take(_ answers: [CommandAnswer]) {
    for answer in answers {
      let token = Int(answer.token)
      guard let entry = unanswered[token] else {
        preconditionFailure("a command was answered twice")
      }
      unanswered[token] = nil
      freeTokens.append(token)
      entry.session.input { $0.answered(entry.purpose, answer.outcome, &$1) }
    }
    settle()
  }

  /// Acks of this session wait for the tick's end.
  func scheduleAcks(of session: SessionHandler) {
    acking.append(session)
    guard acking.count == 1 else { return }
    loop.scheduleTask(in: context.options.ackTick) { self.flushAcks() }
  }

  private func flushAcks() {
    let due = acking
    acking = []
    for session in due { session.input { $0.flushAcks(&$1) } }
    settle()
  }

  // MARK: streams

  func subscribe(_ session: SessionHandler, to stream: StreamKey) {
    subscriptions.add(session, to: stream)
    subscriptionCount.withLockedValue { $0 = subscriptions.count }
  }

  func unsubscribe(_ session: SessionHandler, from stream: StreamKey) {
    subscriptions.remove(session, from: stream)
    subscriptionCount.withLockedValue { $0 = subscriptions.count }
  }

  /// On an owner's thread.
  func committed(_ batch: CommittedBatch, _ slots: [EventSlot]) {
    guard subscriptionCount.withLockedValue({ $0 > 0 }) else { return }
    loop.execute { self.push(batch, slots) }
  }

  private func push(_ batch: CommittedBatch, _ slots: [EventSlot]) {
    for slot in slots where slot.seq != .none {
      guard let followers = subscriptions.subscribers(of: slot, in: batch.body) else { continue }
      for session in followers.sessions {
        session.input { $0.committed(followers.stream, slot, batch.body, &$1) }
      }
    }
    settle()
  }

  /// Somebody types in a group.
  func typing(_ user: UserID, to stream: StreamKey) {
    for session in subscriptions.sessions(of: stream) {
      session.input { $0.typingSeen(user, to: stream, &$1) }
    }
    settle()
  }

  /// A message that no log has, in a group.
  func transient(_ event: ByteBuffer, to stream: StreamKey, from sender: SessionHandler) {
    for session in subscriptions.sessions(of: stream) where session !== sender {
      session.input { $0.transientSent(event, in: stream, &$1) }
    }
    settle()
  }

  func followers(of stream: StreamKey) -> Set<UserID> {
    Set(subscriptions.sessions(of: stream).compactMap { $0.follower(of: stream) })
  }

  // MARK: flushing

  /// This session has something to do or to say: `settle` sees to it.
  func mark(_ session: SessionHandler) { dirty.append(session) }

  /// Runs what sessions asked for, and flushes each once. Writing may come back here, from a
  /// channel whose buffer is full: then the outer call goes on with what was marked.
  func settle() {
    guard !isSettling else { return }
    isSettling = true
    defer { isSettling = false }
    while !dirty.isEmpty {
      let marked = dirty
      dirty.removeAll(keepingCapacity: true)
      for session in marked { session.settle() }
    }
  }
}
