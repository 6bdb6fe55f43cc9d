import DaybookModel
import DaybookSchema
import NIOCore
import WireProtocol

@testable import DaybookSDK

/// What was answered with success is in the log exactly once, as it was asked and as it was
/// answered; what was refused is not there at all.
struct CommandCheck {
  private let reference: Reference
  private let findings: Findings
  private var logged: [IssuedNumber: [LoggedEvent]] = [:]

  init(reference: Reference, findings: Findings) {
    self.reference = reference
    self.findings = findings
    for event in reference.log.all {
      guard let issued = event.event.issued else { continue }
      logged[issued, default: []].append(event)
    }
  }

  func check(_ records: [IssuedRecord], _ submissions: Submissions) {
    checkOrder(records, submissions)
    checkTurns()
    for record in records { check(record, logged[record.issued] ?? []) }
  }

  /// Numbers that are a stream's own stand in the log as they count: none is missing, none comes twice.
  private func checkTurns() {
    var last: [IssuedOrigin: UInt64] = [:]
    for event in reference.log.partitions.joined() {
      guard let issued = event.event.issued, issued.origin.gaplessStream != nil else { continue }
      findings.expect(
        issued.number == (last[issued.origin] ?? 0) + 1,
        "\(event.place): number \(issued.number) in \(event.event.stream) is out of "
          + "turn behind \(last[issued.origin] ?? 0)")
      last[issued.origin] = issued.number
    }
  }

  /// What one origin has issued stands in each partition in the order of its numbers.
  private func checkOrder(_ records: [IssuedRecord], _ submissions: Submissions) {
    var times: [IssuedNumber: Timestamp] = [:]
    for record in records {
      times[record.issued] = record.time
    }
    for (partition, events) in reference.log.partitions.enumerated() {
      var highest: [IssuedOrigin: (issued: IssuedNumber, offset: Int)] = [:]
      for event in events {
        guard let issued = event.event.issued, issued.origin.gaplessStream == nil else {
          continue
        }
        guard let before = highest[issued.origin], before.issued.number >= issued.number else {
          highest[issued.origin] = (issued, Int(event.offset.rawValue))
          continue
        }
        let mayPass = submissions.mayPass(
          before.issued, loggedAt: before.offset, in: partition, before: issued,
          issuedAt: times[issued] ?? .none)
        findings.expect(
          mayPass, "\(event.place): number \(issued.number) after \(before.issued.number)")
      }
    }
  }

  private func check(_ record: IssuedRecord, _ events: [LoggedEvent]) {
    switch record.outcome {
    case nil:
      findings.expect(record.isAbandoned, "\(record.place) was never answered")
      findings.expect(events.count <= 1, "\(record.place) is in the log \(events.count) times")
    case .failure(let error) where record.gaplessStream != nil:
      findings.expect(
        events.map { $0.event.command?.refusal } == [error.code.number],
        "\(record.place) was refused (\(error)), which is not what the log says of it")
    case .failure(let error):
      findings.expect(
        events.isEmpty, "\(record.place) was refused (\(error)) and is in the log")
      let isExpected = RunTally.refusals.contains(error.code)
      findings.expect(
        isExpected, "\(record.place) was refused, which nothing here leads to: \(error)")
    case .success(let reply) where record.body.isTransient:
      findings.expect(events.isEmpty, "\(record.place) is in the log, but was not to be stored")
      findings.expect(
        reply.durability == CommandReply.notStored, "\(record.place) was said to be stored")
    case .success(let reply):
      guard events.count == 1 else {
        return findings.add("\(record.place) was taken and is in the log \(events.count) times")
      }
      check(record, reply, events[0].event)
    }
    for event in events where event.event.kind != .noted {
      findings.expect(
        event.event.command?.refusal == 0, "\(event.place) was refused and is something")
      findings.expect(
        record.body.isWhat(event.event), "\(event.place) isn't what \(record.place) asked for")
    }
  }

  private func check(_ record: IssuedRecord, _ reply: CommandReply, _ event: Event) {
    findings.expect(
      reply.changed == (event.kind != .noted),
      "\(record.place) was answered with changed \(reply.changed) and logged as \(event.kind.name)")
    // Of another's mailbox no seq is told.
    let isOthers = event.stream.userID.map { $0 != record.device.user } ?? false
    findings.expect(
      reply.seq == (isOthers ? .none : event.seq) && reply.recordedAt == event.recordedAt,
      "\(record.place) was answered with another seq or time than is logged")
    if event.kind == .messageSent || event.kind == .messageWithheld {
      findings.expect(
        reply.messageID == event.messageID && reply.messageID != .none,
        "\(record.place) was answered with another id than is logged")
    }
    findings.expect(
      reply.durability == CommandReply.synced, "\(record.place) was not said to be synced")
    let isAsked = event.kind == .joinRequested
    findings.expect(
      reply.pending == isAsked || event.kind == .noted,
      "\(record.place) was answered with pending \(reply.pending)")
  }
}

extension Event {
  /// Nil for what no command led to.
  fileprivate var issued: IssuedNumber? {
    command.map {
      IssuedNumber(IssuedOrigin($0, by: actor, to: stream), number: $0.number)
    }
  }
}

extension IssuedCommand.Body {
  var isTransient: Bool {
    if case .send(_, _, let extras?) = self { extras.isTransient } else { false }
  }

  /// Whether an event may come of this command.
  func isWhat(_ event: Event) -> Bool {
    switch (self, event.body) {
    case (.send(let to, let message, let extras), .messageSent(let sent)),
      (.send(let to, let message, let extras), .messageWithheld(let sent)):
      return event.stream == to && sent.content == message.content
        && (sent.extras?.replyTo ?? MessageID.none) == (extras?.replyTo ?? MessageID.none)
        && (sent.extras?.mentions ?? []) == (extras?.mentions ?? [])
        && (sent.extras?.expiresAt ?? Timestamp.none != Timestamp.none)
          == (extras?.keepDays ?? 0 > 0)
    case (.forward(let to, _, _), .messageSent(let sent)),
      (.forward(let to, _, _), .messageWithheld(let sent)):
      return event.stream == to && sent.extras?.forwarded != nil
    case (.recall(_, let id), .amendmentWithheld(let withheld)):
      return event.messageID == id && withheld.change == .recalled
    case (.edit(_, let id, let content), .amendmentWithheld(let withheld)):
      return event.messageID == id && withheld.change == .edited(content)
    case (.react(_, let id, let reaction, let isRemoved), .amendmentWithheld(let withheld)):
      let change: WithheldAmendment.Change =
        isRemoved ? .reactionRemoved(reaction) : .reactionAdded(reaction)
      return event.messageID == id && withheld.change == change
    case (.recall(_, let id), .messageRecalled): return event.messageID == id
    case (.edit(_, let id, let content), .messageEdited(_, let edited)):
      return event.messageID == id && content == edited
    case (.react(_, let id, let reaction, false), .reactionAdded(_, let added)):
      return event.messageID == id && reaction == added
    case (.react(_, let id, let reaction, true), .reactionRemoved(_, let removed)):
      return event.messageID == id && reaction == removed
    case (.read(let place, let upTo), .read(let peer, let read, _)):
      return upTo == read && place == peer.map { .user($0) } ?? event.stream
    case (.read(let place, let upTo), .groupRead(let group, let read, _)):
      return upTo == read && place == .group(group)
    case (.clear(let place, let upTo), .conversationCleared(let peer, let cleared)):
      return upTo == cleared && place == peer.map { .user($0) } ?? event.stream
    case (.mark(let place, let change), .conversationMarked(let marked, let marks)):
      return place == marked && change.applied(to: marks) == marks
    case (.block(let user, let on), _):
      return event.body == (on ? .userBlocked(user) : .userUnblocked(user))
    case (.forgetDevice(let device), _): return event.body == .deviceForgotten(device)
    default: return isWhatOfGroup(event)
    }
  }

  private func isWhatOfGroup(_ event: Event) -> Bool {
    let group: GroupID
    let isRight: Bool
    switch (self, event.body) {
    case (.createGroup(let id, let settings), .groupCreated(let made)):
      (group, isRight) = (id, settings == made)
    case (.changeGroup(let id, let change), .groupChanged(let made)):
      (group, isRight) = (id, change.applied(to: made) == made)
    case (.join(let id), .memberJoined(let user, _, _)),
      (.join(let id), .joinRequested(let user, _)),
      (.leave(let id), .memberLeft(let user, _, _)):
      (group, isRight) = (id, user == event.actor.user)
    case (.invite(let id, let user), .memberInvited(let named, _)),
      (.invite(let id, let user), .memberJoined(let named, _, _)),
      (.admit(let id, let user), .memberJoined(let named, _, _)),
      (.remove(let id, let user), .memberLeft(let named, _, _)),
      (.refuse(let id, let user), .joinRefused(let named, _)):
      (group, isRight) = (id, user == named)
    case (.changeRole(let id, let user, let role), _):
      (group, isRight) = (id, event.body == .roleChanged(user, role))
    case (.silence(let id, let user, let on), _):
      (group, isRight) = (id, event.body == .memberSilenced(user, on))
    case (.dissolve(let id), .groupDissolved): (group, isRight) = (id, true)
    default: return false
    }
    return isRight && event.stream == .group(group)
  }
}
