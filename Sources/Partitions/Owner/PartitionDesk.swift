import DaybookModel
import NIOCore
import Ports

/// The owner's work without its I/O: commands and effects go in, batches for the log come out.
/// One value, changed in place, so that deciding a command copies nothing of the state.
struct PartitionDesk {
  /// Where a batch is closed even though another is still being synced.
  static let batchBytesTarget = 1 << 20
  /// From how much on a batch is worth a sync though nobody waits for it.
  static let batchBytesWorth = 64 << 10

  private(set) var state: PartitionState
  private var open: OpenBatch
  /// Closed batches that wait for the log.
  private(set) var ready: [OpenBatch] = []
  private var heldBack = HeldBack()
  /// Commands before whose turn others are missing.
  private var held: HeldNumbers
  /// What was held, and is next now.
  private var released: PendingCommand?
  /// Streams of which the log has said what became of a message.
  private var learnedAbout: Set<StreamKey> = []
  private let policy: DecisionPolicy
  private let headerBytes: Int
  /// Ticks of the highest id that a partition has given.
  private let given: (PartitionID) -> UInt64

  init(
    _ state: PartitionState, policy: DecisionPolicy = .standard, headerBytes: Int,
    held: HeldNumbers = HeldNumbers(), given: @escaping (PartitionID) -> UInt64 = { _ in 0 }
  ) {
    self.held = held
    self.state = state
    self.policy = policy
    self.headerBytes = headerBytes
    self.given = given
    open = OpenBatch(headerBytes: headerBytes, capacity: 4096)
  }

  /// Decides in order. What is accepted is in the state at once, and in a batch. Refusals wait for
  /// their batch like every answer, for they may rest on events that are not durable yet.
  ///
  /// With `refusing`, nothing can be logged at present: what needs an event is answered with that,
  /// and the rest goes on.
  ///
  /// Returns how many were taken: it stops before the first of which only the log knows whether it was
  /// accepted before, or what it is about; and behind one that such a command was held for, which is
  /// `takeReleased`'s then.
  @discardableResult
  mutating func take(
    _ commands: [PendingCommand], now: Timestamp, uptime: Timestamp,
    refusing: DaybookError? = nil
  ) -> Int {
    // Reading through the pointer spares a copy of every command.
    commands.withUnsafeBufferPointer { commands in
      for index in commands.indices {
        guard take(commands[index], now, uptime, refusing) else { return index }
        while let next = released {
          released = nil
          guard take(next, now, uptime, refusing) else {
            released = next
            return index + 1
          }
        }
      }
      return commands.count
    }
  }

  /// What has come to its turn, and has to wait for the log before all others.
  mutating func takeReleased() -> PendingCommand? {
    defer { released = nil }
    return released
  }

  // MARK: numbers in turn

  /// When the next command that is held has waited long enough; nil where none is held.
  var heldUntil: Timestamp? { held.firstDue }

  /// Answers those that have waited long enough that a number before theirs is missing.
  mutating func expireHeld(uptime: Timestamp) {
    for pending in held.due(at: uptime) { refuseAsEarly(pending) }
  }

  /// Those that are held, which are to be answered.
  mutating func dropHeld() -> [PendingCommand] { held.removeAll() }

  /// The refusal waits for its batch: the number that is said to be missing is missing only while what
  /// was decided becomes durable.
  private mutating func refuseAsEarly(_ pending: PendingCommand) {
    guard let issued = pending.command.issued else { return }
    let highest = state.origins.highest(at: state.origins.find(issued.origin))
    open.answer(pending, .failure(.numberGap(highest + 1, in: pending.command.stream)))
  }

  private func heldCount(asked command: borrowing Command) -> Int {
    guard case .nextNumber(let origin) = command.body else { return 0 }
    return held.count(of: IssuedOrigin(origin, by: command.actor, in: command.stream))
  }

  /// Whether its turn is still to come.
  private mutating func holds(
    _ pending: borrowing PendingCommand, at place: Place, _ uptime: Timestamp
  ) -> Bool {
    guard let id = pending.command.id, id.isGapless,
      id.number > state.origins.highest(at: place.origin) + 1, let issued = pending.command.issued
    else { return false }
    if let early = held.hold(copy pending, issued, uptime: uptime) { refuseAsEarly(early) }
    return true
  }

  /// A number that is its stream's own was taken: the one behind it may be here already.
  private mutating func hasTaken(_ pending: borrowing PendingCommand) {
    guard let id = pending.command.id, id.isGapless, !held.isEmpty else { return }
    released = held.take(
      IssuedNumber(pending.command.issuedOrigin(id), number: id.number + 1))
  }

  // MARK: what the log knows

  /// None where the state knows enough to decide it.
  mutating func questions(about command: borrowing Command) -> [LogLookup.Question] {
    var questions: [LogLookup.Question] = []
    if let question = originQuestion(about: command) { questions.append(.origin(question)) }
    let stream = state.find(command.stream)
    if let question = amendedQuestion(about: command, at: stream) {
      questions.append(.amended(question))
    }
    return questions
  }

  private mutating func originQuestion(
    about command: borrowing Command
  ) -> OriginLookup.Question? {
    if case .nextNumber(let origin) = command.body {
      // Of a number that none is above: what is below a window does not matter.
      let asked = IssuedOrigin(origin, by: command.actor, in: command.stream)
      guard state.origins.highest(of: asked) == nil else { return nil }
      return OriginLookup.Question(
        issued: IssuedNumber(asked, number: .max), isBelowWindow: false)
    }
    guard let issued = command.issued else { return nil }
    let place = state.origins.find(issued.origin)
    guard state.origins.lookup(issued, issued.number, at: place) == .unknown else { return nil }
    let isLoaded = state.origins[issued.origin]?.isLoaded ?? false
    return OriginLookup.Question(issued: issued, isBelowWindow: isLoaded)
  }

  private func amendedQuestion(
    about command: borrowing Command, at stream: Int?
  ) -> AmendedLookup.Question? {
    guard let stream, let id = command.body.amended else { return nil }
    let isUnknown =
      command.stream.kind == .user
      ? state.mailboxes[stream].amended.isUnknown(id) : state.groups[stream].amended.isUnknown(id)
    return isUnknown ? AmendedLookup.Question(stream: command.stream, messageID: id) : nil
  }

  mutating func learn(_ answers: [LogLookup.Answer]) {
    for answer in answers {
      switch answer {
      case .origin(let answer): learn(answer)
      case .amended(let answer):
        learnedAbout.insert(answer.question.stream)
        state.changeAmended(of: answer.question.stream) {
          $0.keep(answer.message, of: answer.question.messageID)
        }
      }
    }
  }

  private mutating func learn(_ answer: OriginLookup.Answer) {
    // Should the state have been made anew meanwhile, its own window may know more.
    if let window = answer.window, state.origins[answer.issued.origin]?.isLoaded != true {
      state.origins.keep(
        answer.issued.origin, window.entries, knownFrom: window.knownFrom, isLoaded: true)
    }
    if let entry = answer.number { state.origins.keep(answer.issued, entry) }
  }

  /// What waited for the log is decided.
  mutating func learnedAll() {
    state.origins.forgetFound()
    for stream in learnedAbout { state.changeAmended(of: stream) { $0.forgetFound() } }
    learnedAbout = []
  }

  /// Nothing that was decided is on its way to the log.
  var isIdle: Bool { open.isEmpty && ready.isEmpty }

  /// Somebody waits for something of it, or it is enough for a batch by itself.
  var isAwaited: Bool {
    !ready.isEmpty || open.isAwaited || open.byteCount >= PartitionDesk.batchBytesWorth
  }

  /// Only with nothing on its way.
  mutating func trim() {
    assert(isIdle)
    state.origins.trim()
  }

  /// False where only the log knows whether it was accepted before, or what it is about.
  private mutating func take(
    _ pending: borrowing PendingCommand, _ now: Timestamp, _ uptime: Timestamp,
    _ refusing: DaybookError?
  ) -> Bool {
    if !heldBack.isEmpty, refusing == nil, let issued = pending.command.issued,
      !heldBack.mayPass(issued, uptime: uptime)
    {
      open.answer(pending, .failure(HeldBack.outOfTurn))
      return true
    }
    let place = state.place(
      pending.command.stream, pending.command.actor,
      pending.command.id.map { pending.command.issuedOrigin($0) })
    if asksLog(of: pending.command, at: place) { return false }
    if refusing == nil, holds(pending, at: place, uptime) { return true }
    if amendedQuestion(about: pending.command, at: place.stream) != nil { return false }
    if refusing == nil {
      for event in state.preceding(pending.command, at: place.stream, now: now, policy) {
        append(event)
      }
    }
    // Asked about what is ahead of the clock only.
    let observed = pending.command.observed
    let given = observed.ticks > MessageClock.ticks(at: now) ? given(observed.partition) : 0
    let decision = state.decide(
      pending.command, at: place, now: now, policy: policy, given: given)
    switch decision {
    case .append(let event, let outcome):
      if let refusing {
        turnAway(pending, refusing, uptime)
        return true
      }
      state.evolve(event, at: place)
      open.append(event)
      open.answer(pending, .success(outcome))
      for next in state.following(event, at: place.stream, policy) { append(next) }
      closeIfFull()
      hasTaken(pending)
    case .refuse(let event, let error):
      if let refusing {
        turnAway(pending, refusing, uptime)
        return true
      }
      state.evolve(event, at: place)
      open.append(event)
      open.answer(pending, .failure(error))
      closeIfFull()
      hasTaken(pending)
    case .answer(.nextNumber(let next, _)):
      open.answer(pending, .success(.nextNumber(next, held: heldCount(asked: pending.command))))
    case .answer(let outcome):
      if refusing != nil, let issued = pending.command.issued { heldBack.answered(issued) }
      open.answer(pending, .success(outcome))
    case .reject(let error):
      // It may rest on a command that was turned away just now and comes again first.
      if let refusing, pending.command.id != nil {
        turnAway(pending, refusing, uptime)
      } else {
        open.answer(pending, .failure(error))
      }
    }
    return true
  }

  /// Whether only the log knows what became of its number, or which is next.
  private mutating func asksLog(of command: borrowing Command, at place: Place) -> Bool {
    switch command.id {
    case nil:
      guard case .nextNumber = command.body else { return false }
    case let id?:
      guard case .unknown = state.origins.remembered(id.number, at: place.origin) else {
        return false
      }
    }
    return originQuestion(about: command) != nil
  }

  /// What no command asked for.
  private mutating func append(_ event: Event) {
    state.evolve(event)
    open.append(event)
  }

  private mutating func turnAway(
    _ pending: borrowing PendingCommand, _ error: DaybookError, _ uptime: Timestamp
  ) {
    if let issued = pending.command.issued { heldBack.turnedAway(issued, uptime: uptime) }
    open.answer(pending, .failure(error))
  }

  /// For commands that are refused without a look at the state.
  mutating func turnedAway(_ commands: [PendingCommand], uptime: Timestamp) {
    for pending in commands {
      if let issued = pending.command.issued { heldBack.turnedAway(issued, uptime: uptime) }
    }
  }

  /// Takes effects that it has not taken yet. False if what came before them was lost here.
  mutating func take(_ delivery: RelayDelivery, now: Timestamp) -> Bool {
    if let after = delivery.after, !state.hasTaken(after) { return false }
    for effect in delivery.effects {
      if let event = state.event(for: effect, now: now) {
        state.evolve(event)
        open.append(event)
        closeIfFull()
      }
    }
    open.receipt(delivery.receipt)
    return true
  }

  private mutating func closeIfFull() {
    if open.byteCount >= PartitionDesk.batchBytesTarget { close() }
  }

  /// How many batches for the log hold all that was decided and is not with it yet.
  mutating func closeAll() -> Int {
    if !open.isEmpty { close() }
    return ready.count(where: \.hasEvents)
  }

  private mutating func close() {
    let capacity = min(open.byteCount, 2 << 20)
    ready.append(open)
    open = OpenBatch(headerBytes: headerBytes, capacity: capacity)
  }

  /// The batch that is the log's next, if there is any.
  mutating func next() -> OpenBatch? {
    if ready.isEmpty {
      if open.isEmpty { return nil }
      close()
    }
    return ready.removeFirst()
  }

  /// This batch has failed: begins with another state. Returns it and all others whose events the
  /// state knows nothing of: their commands come again, and what follows them is held back.
  mutating func restart(
    _ state: PartitionState, after failed: OpenBatch, uptime: Timestamp
  ) -> [OpenBatch] {
    let lost = [failed] + (open.isEmpty ? ready : ready + [open])
    for batch in lost {
      for issued in batch.issued { heldBack.turnedAway(issued, uptime: uptime) }
    }
    restart(state)
    return lost
  }

  /// Takes over another state.
  mutating func restart(_ state: PartitionState) {
    let heldBack = heldBack
    self = PartitionDesk(
      state, policy: policy, headerBytes: headerBytes, held: held, given: given)
    self.heldBack = heldBack
  }
}

extension PartitionState {
  /// Nothing where there is no such stream.
  fileprivate mutating func changeAmended(
    of stream: StreamKey, _ change: (inout AmendedMemory) -> Void
  ) {
    guard let at = find(stream) else { return }
    switch stream.kind {
    case .user: change(&mailboxes[at].amended)
    case .group: change(&groups[at].amended)
    }
  }
}

extension Command.Body {
  /// The message that it amends.
  fileprivate var amended: MessageID? {
    switch self {
    case .recall(let message), .edit(let message, _), .react(let message, _, _): message.messageID
    default: nil
    }
  }
}
