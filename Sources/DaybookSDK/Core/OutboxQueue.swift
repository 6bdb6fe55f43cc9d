package import DaybookModel

/// Messages on their way through an outbox: stored, and only then sent. A state machine: what it wants
/// done is one job at a time, and what comes of it is taken back.
package struct OutboxQueue: Sendable {
  /// A message under its number.
  package struct Kept: Sendable, Equatable {
    package var command: IssuedCommand
    package var token: UInt64
    /// What the outbox knows it by; the command's own number too, unless that counts in its stream alone.
    package var number: UInt64

    package init(command: IssuedCommand, token: UInt64, number: UInt64? = nil) {
      self.command = command
      self.token = token
      self.number = number ?? command.number
    }
  }

  /// To be done in this order, off the loop.
  package struct Job: Sendable, Equatable {
    package var owner: String?
    package var storing: [Kept] = []
    package var removing: [UInt64] = []
  }

  package let origin: Origin
  /// Whose messages it holds; nil until somebody has connected with it.
  private var owner: String?
  /// Who is connected has been found to be the owner, durably.
  private var isBound = false
  private var binding: String?
  private var waiting: [Kept] = []
  private var stored: [Kept] = []
  private var answered: [UInt64] = []
  private var job: Job?

  /// `kept` is what an earlier process has left.
  package init(origin: Origin, owner: String?, kept: [Kept]) {
    self.origin = origin
    self.owner = owner
    stored = kept
  }

  /// Nothing waits to be stored or sent.
  package var isEmpty: Bool {
    waiting.isEmpty && stored.isEmpty && (job?.storing.isEmpty ?? true)
  }

  /// Nothing is to be done off the loop.
  package var isIdle: Bool {
    job == nil && waiting.isEmpty && answered.isEmpty && binding == nil
  }

  package mutating func add(_ kept: Kept) { waiting.append(kept) }

  /// A session of this owner has opened. False if the outbox is another's.
  package mutating func opened(by user: String) -> Bool {
    if let owner, owner != user { return false }
    if owner == nil { binding = user } else { isBound = true }
    return true
  }

  package mutating func answered(_ number: UInt64) { answered.append(number) }

  /// What is to be done now, if anything. Messages that count in their stream get their numbers here: one
  /// that could not be stored is never sent, and leaves no gap.
  package mutating func next(numbering numbers: inout GaplessNumbers) -> Job? {
    guard !isIdle, job == nil else { return nil }
    for index in waiting.indices where waiting[index].command.isGapless {
      guard let stream = waiting[index].command.receiver else { continue }
      let (origin, number) = numbers.next(in: stream)
      waiting[index].command.origin = origin
      waiting[index].command.number = number
    }
    job = Job(owner: binding, storing: waiting, removing: answered)
    (binding, waiting, answered) = (nil, [], [])
    return job
  }

  /// What a job came to: of the binding, and of the storing. Answers what could not be stored.
  package mutating func done(
    isBound bound: Bool, isStored: Bool, numbering numbers: inout GaplessNumbers
  ) -> [Kept] {
    guard let job else { preconditionFailure("no job was given out") }
    self.job = nil
    if let name = job.owner, bound {
      owner = name
      isBound = true
    }
    if isStored { stored += job.storing }
    for kept in job.storing where !isStored && kept.command.isGapless {
      if let stream = kept.command.receiver {
        numbers.takeBack(in: stream, of: kept.command.origin)
      }
    }
    return isStored ? [] : job.storing
  }

  /// What may be sent now, in order.
  package mutating func takeReady() -> [Kept] {
    guard isBound else { return [] }
    defer { stored = [] }
    return stored
  }

  /// The session is over: what was neither stored nor given out to be, and what was stored and not
  /// sent.
  package mutating func end() -> (unstored: [Kept], unsent: [Kept]) {
    defer { (waiting, stored, binding) = ([], [], nil) }
    return (waiting, stored)
  }
}
