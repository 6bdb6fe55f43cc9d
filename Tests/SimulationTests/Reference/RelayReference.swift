import DaybookModel
import NIOCore

/// What follows elsewhere from what: each consequence stands in its stream exactly once, in order,
/// and nothing else is there that claims to have a cause.
struct RelayReference {
  private struct Expected {
    let stream: StreamKey
    let messageID: MessageID
    let body: Event.Body
    let source: LoggedEvent
    var isTaken = false
  }

  private var expected: [Cause: Expected] = [:]
  /// The last cause that each partition took from each.
  private var last: [Pair: Cause] = [:]

  private struct Pair: Hashable {
    let source: PartitionID
    let destination: PartitionID
  }

  init(_ log: LoggedEvents) {
    for logged in log.all {
      for (index, effect) in RelayReference.consequences(of: logged.event).enumerated() {
        let cause = Cause(
          partition: logged.partition, offset: logged.offset, index: UInt32(index))
        expected[cause] = Expected(
          stream: effect.stream, messageID: effect.messageID, body: effect.body, source: logged)
      }
    }
  }

  private struct Consequence {
    let stream: StreamKey
    var messageID = MessageID.none
    let body: Event.Body
  }

  /// The last column of `schemas/events.md`.
  private static func consequences(of event: Event) -> [Consequence] {
    guard event.cause == nil, let actor = event.actor.user else { return [] }
    if let owner = event.stream.userID { return consequences(of: event, owner, by: actor) }
    guard let group = event.stream.groupID else { return [] }
    func tell(_ user: UserID, _ body: Event.Body) -> [Consequence] {
      [Consequence(stream: .user(user), body: body)]
    }
    func tell(_ moderators: [UserID], _ user: UserID, _ waiting: Waiting) -> [Consequence] {
      moderators.flatMap { tell($0, .groupWaiting(group, user, waiting)) }
    }
    return switch event.body {
    case .conversationCleared(_, let upTo): tell(actor, .groupCleared(group, upTo: upTo))
    case .groupCreated: tell(actor, .groupJoined(group, at: event.seq))
    case .memberJoined(let user, _, _): tell(user, .groupJoined(group, at: event.firstSeen))
    case .memberLeft(let user, _, _): tell(user, .groupLeft(group, at: event.lastSeen))
    case .memberInvited(let user, let told):
      tell(user, .groupInvited(group, at: .none)) + tell(told, user, .invited)
    case .joinRequested(let user, let told): tell(told, user, .requested)
    case .joinRefused(let user, let told):
      tell(user, .groupRefused(group, at: .none)) + tell(told, user, .refused)
    default: []
    }
  }

  private static func consequences(
    of event: Event, _ owner: UserID, by actor: UserID
  ) -> [Consequence] {
    func amend(_ target: MessageTarget, _ body: (MessageTarget) -> Event.Body) -> [Consequence] {
      guard let author = target.peer, author != owner else { return [] }
      let there = MessageTarget(peer: owner, seq: .none)
      return [
        Consequence(stream: .user(author), messageID: event.messageID, body: body(there))
      ]
    }
    func copy(_ message: Message) -> [Consequence] {
      if actor == owner { return [] }
      return [
        Consequence(
          stream: .user(actor), messageID: event.messageID,
          body: .messageCopied(message, to: owner))
      ]
    }
    switch event.body {
    // The same of both, or the sender knew.
    case .messageSent(let message), .messageWithheld(let message): return copy(message)
    case .acked(_, let senders, _):
      return senders.map {
        Consequence(
          stream: .user($0.user),
          body: .messagesDelivered(
            by: owner, upTo: NoticePosition(message: $0.lastMessage, after: $0.after)))
      }
    case .groupRead(let group, let upTo, true):
      return [Consequence(stream: .group(group), body: .read(peer: nil, upTo: upTo))]
    case .read(let peer?, _, .upTo(let id)) where peer != owner:
      return [
        Consequence(stream: .user(peer), body: .messagesRead(by: owner, upTo: .message(id)))
      ]
    case .amendmentWithheld(let withheld):
      let target = MessageTarget(peer: withheld.author, seq: .none)
      return switch withheld.change {
      case .recalled: amend(target) { .messageRecalled($0) }
      case .edited(let content): amend(target) { .messageEdited($0, content: content) }
      case .reactionAdded(let text): amend(target) { .reactionAdded($0, text) }
      case .reactionRemoved(let text): amend(target) { .reactionRemoved($0, text) }
      }
    case .messageRecalled(let target): return amend(target) { .messageRecalled($0) }
    case .messageEdited(let target, let content):
      return amend(target) { .messageEdited($0, content: content) }
    case .reactionAdded(let target, let text): return amend(target) { .reactionAdded($0, text) }
    case .reactionRemoved(let target, let text):
      return amend(target) { .reactionRemoved($0, text) }
    default: return []
    }
  }

  // MARK: judging

  /// Takes a relayed event, before the mailbox does.
  mutating func take(
    _ logged: LoggedEvent, _ mailbox: inout MailboxReference, _ findings: Findings
  ) {
    guard let known = arrived(logged, findings) else { return }
    let event = logged.event
    let actor = known.source.event.actor
    let isHidden = actor.user.map { mailbox.blocked.contains($0) } ?? false
    var body = known.body
    switch known.body {
    case .reactionAdded, .reactionRemoved, .messageEdited, .groupInvited, .groupRefused:
      if isHidden {
        body = .noted
        mailbox.hidden.insert(known.messageID)
      }
    default: break
    }
    judge(event, known, body, logged.place, findings)
  }

  /// The same in a group, which takes what it doesn't know yet of who is a member.
  mutating func take(_ logged: LoggedEvent, _ group: GroupReference?, _ findings: Findings) {
    guard let known = arrived(logged, findings) else { return }
    var body = Event.Body.noted
    if case .read(_, let upTo, _) = known.body, let user = known.source.event.actor.user,
      let group, group.isPresent(user), upTo > group.members[user]?.read ?? .none
    {
      body = known.body
    }
    judge(logged.event, known, body, logged.place, findings)
  }

  private func judge(
    _ event: Event, _ known: Expected, _ body: Event.Body, _ place: String, _ findings: Findings
  ) {
    let isRight =
      event.stream == known.stream && event.body == body
      && event.actor == known.source.event.actor
      && (event.kind == .noted || event.messageID == known.messageID)
    findings.expect(isRight, "\(place): it isn't what follows from \(known.source.place)")
  }

  /// What a relayed event is to be.
  private mutating func arrived(_ logged: LoggedEvent, _ findings: Findings) -> Expected? {
    let event = logged.event
    guard let cause = event.cause else { return nil }
    guard let known = expected[cause] else {
      findings.add("\(logged.place): its cause has no such consequence")
      return nil
    }
    findings.expect(!known.isTaken, "\(logged.place): \(known.source.place) was relayed twice")
    expected[cause]?.isTaken = true
    let pair = Pair(source: cause.partition, destination: logged.partition)
    if let before = last[pair] {
      findings.expect(
        cause.isAfter(offset: before.offset, index: before.index),
        "\(logged.place): relayed out of order")
    }
    last[pair] = cause
    return known
  }

  func finish(_ findings: Findings) {
    for lost in expected.values.filter({ !$0.isTaken }).sorted(by: {
      ($0.source.partition, $0.source.offset) < ($1.source.partition, $1.source.offset)
    }) {
      findings.add("\(lost.source.place): its consequence never came to \(lost.stream)")
    }
  }
}
