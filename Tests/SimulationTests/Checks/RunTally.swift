import DaybookModel
import WireProtocol

/// What runs were made of: that nothing was found means little where nothing happened.
struct RunTally: Sendable {
  private(set) var counts: [String: Int] = [:]

  subscript(name: String) -> Int { counts[name] ?? 0 }

  mutating func count(_ name: String, _ times: Int = 1) { counts[name, default: 0] += times }

  mutating func add(_ other: RunTally) { counts.merge(other.counts, uniquingKeysWith: +) }

  /// What has not happened of what should have.
  func missing(of names: [String]) -> [String] { names.filter { self[$0] == 0 } }

  /// Kinds of events, refusals and troubles that a thousand runs must have seen.
  static let refusals: [ErrorCode] = [
    .notPermitted, .invalidRequest, .groupNotFound, .groupExists, .notAMember, .seqPastHead,
    .messageNotFound, .messageWasRecalled, .recallExpired, .blocked, .silenced, .groupDissolved,
    .notInvited,
  ]

  static let expected: [String] =
    EventKind.allCases.filter { $0 != .messageTombstone }.map(\.name)
    + refusals.map { "refused \($0.name)" }
    + [
      "crash", "stop", "cut", "process ended", "append failed", "append survived unannounced",
      "append lost", "snapshot lost", "repeated answer", "transient pushed", "told online",
      "tombstone shown", "not visible", "relayed amendment hidden", "joined again", "pending join",
      "command abandoned", "device began anew", "awaited an ack", "fell behind",
      "clock set back", "clock set forward", "origin looked for in the log", "members unlisted",
      "members listed again", "empty stay", "receipts off", "began far back",
      "events held back", "void token refused",
      "taken in turn", "refused in turn", "number was missing",
    ]
}

extension RunTally {
  fileprivate mutating func note(_ event: Event) {
    switch event.body {
    case .groupChanged(let settings) where event.actor.user == nil:
      count(settings.areMembersListed ? "members listed again" : "members unlisted")
    case .messageSent(let message) where message.receipts == .off: count("receipts off")
    case .acked(_, let senders, _) where senders.contains { $0.after != .none }:
      count("began far back")
    default: break
    }
  }
}

extension SimRun {
  /// After `check`.
  func takeTally() throws -> RunTally {
    var tally = tally
    for logged in try LoggedEvents(log).all {
      tally.count(logged.event.kind.name)
      tally.note(logged.event)
      if let command = logged.event.command, command.isGapless {
        tally.count(command.refusal == 0 ? "taken in turn" : "refused in turn")
      }
      if logged.event.kind == .noted, logged.event.cause != nil {
        tally.count("relayed amendment hidden")
      }
    }
    for record in commands {
      switch record.outcome {
      case nil: tally.count("command abandoned")
      case .failure(let error): tally.count("refused \(error.code.name)")
      case .success(let reply):
        if reply.repeated { tally.count("repeated answer") }
        if reply.pending { tally.count("pending join") }
        if !reply.changed { tally.count("nothing to do") }
      }
      tally.count("command")
    }
    tally.count("transient pushed", watch.transients.count)
    tally.count("told online", watch.online.count)
    tally.count("awaited an ack", watch.awaitedAcks)
    tally.count("fell behind", watch.fallsBehind)
    tally.count("sight", watch.sights.count)
    tally.count("step", steps)
    tally.count("origin looked for in the log", log.originQuestions)
    tally.count(
      "tombstone shown", watch.sights.count { $0.event.kind == .messageTombstone })
    for range in watch.ranges {
      guard case .success(let collected) = range.outcome else { continue }
      tally.count("not visible", collected.notVisible.count)
      tally.count("range", 1)
    }
    return tally
  }
}
