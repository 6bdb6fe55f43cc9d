import DaybookModel
import DaybookSchema
import Ports
import WireProtocol

@testable import DaybookSDK

/// Nobody was ever shown what their membership, a block or a recall forbids.
struct SightCheck {
  let run: SimRun
  let reference: Reference
  private var findings: Findings { run.findings }

  init(run: SimRun, reference: Reference) {
    self.run = run
    self.reference = reference
  }

  func check() {
    for sight in run.watch.sights { check(sight) }
    checkReads()
    checkTransients()
    for sight in run.watch.online { check(sight) }
    for page in run.watch.histories { check(page) }
  }

  // MARK: events

  private func check(_ sight: Watch.Sight) {
    let (device, event) = (sight.device, sight.event)
    let what = "\(device.name) was shown \(event.kind.name), seq \(event.seq) of \(event.stream)"
    let stream = reference.log[event.stream]
    guard let logged = stream.first(where: { $0.event.seq == event.seq })?.event,
      event.seq != .none
    else { return findings.add("\(what), which the log hasn't") }
    findings.expect(
      logged == event || event.isTombstone(of: logged), "\(what), which the log has otherwise")
    guard let group = event.stream.groupID else {
      return findings.expect(event.stream == .user(device.user), "\(what), another's mailbox")
    }
    guard let found = reference.groups[group], let stays = found.members[device.user]?.stays else {
      return findings.add("\(what), a stranger's group")
    }
    let mayBeOlder = sight.isAnswer && found.wasHistoryShown && event.seq < stays[0].first
    findings.expect(
      mayBeOlder || stays.contains { $0.contains(event.seq) }, "\(what), outside of every stay")
  }

  /// What was recalled when it was read was not read as it had been.
  private func checkReads() {
    struct Key: Hashable {
      let stream: StreamKey
      let id: MessageID
    }
    var recalls: [Key: LoggedEvent] = [:]
    for logged in reference.log.all where logged.event.kind == .messageRecalled {
      recalls[Key(stream: logged.event.stream, id: logged.event.messageID)] = logged
    }
    for read in run.watch.reads {
      let key = Key(stream: read.event.stream, id: read.event.messageID)
      if let recall = recalls[key] {
        findings.expect(
          recall.offset.rawValue >= Int64(read.at[recall.partition.index]),
          "message \(key.id) of \(key.stream) was read though it was recalled before")
      }
      let record = self.record(of: read.event)
      findings.expect(
        record?.isExpired(at: read.now) != true,
        "message \(key.id) of \(key.stream) was read though it had expired")
    }
  }

  private func record(of event: Event) -> MessageRecord? {
    let all =
      event.stream.groupID.map { reference.groups[$0]?.messages }
      ?? event.stream.userID.map { reference.mailboxes[$0]?.messages }
    return all??.first { $0.id == event.messageID }
  }

  /// What was cleared when a page was asked for isn't on it, nor is what isn't the conversation's.
  private func check(_ page: Watch.HistorySight) {
    let user = page.device.user
    let stream = page.conversation.kind == .group ? page.conversation : .user(user)
    var cleared = Seq.none
    for event in events(of: stream, from: [0, 0, 0], to: page.askedAt)
    where event.actor.user == user {
      guard case .conversationCleared(let peer, let upTo) = event.body,
        peer.map({ StreamKey.user($0) == page.conversation }) ?? true
      else { continue }
      cleared = max(cleared, upTo)
    }
    let what = "\(page.device.name)'s page of history of \(page.conversation)"
    for event in page.events {
      findings.expect(event.seq > cleared, "\(what) has seq \(event.seq), cleared up to \(cleared)")
      let record = self.record(of: event)
      let isIts = record?.peer.map { StreamKey.user($0) == page.conversation } ?? true
      findings.expect(
        record != nil && event.stream == stream && isIts, "\(what) has seq \(event.seq) of another")
    }
    let ids = page.events.map(\.messageID)
    findings.expect(ids == ids.sorted(), "\(what) is out of order")
  }

  // MARK: what stands in no log

  private func checkTransients() {
    var issued: [String: IssuedRecord] = [:]
    for record in run.commands {
      if case .send(_, let message, _) = record.body {
        issued["\(MessageContent(encoded: message.content))"] = record
      }
    }
    for sight in run.watch.transients {
      guard case .messageSent(let message) = sight.event.body,
        let record = issued["\(MessageContent(encoded: message.content))"],
        case .send(let to, _, _) = record.body
      else {
        findings.add("\(sight.device.name) was pushed what nobody sent")
        continue
      }
      check(sight, record, to)
    }
  }

  private func check(_ sight: Watch.TransientSight, _ record: IssuedRecord, _ to: StreamKey) {
    let (device, sender) = (sight.device, record.device.user)
    let what = "\(device.name) was pushed a message of \(sender) to \(to)"
    findings.expect(
      record.body.isTransient && sight.event.actor.user == sender, "\(what), which it isn't")
    if let group = to.groupID {
      return findings.expect(
        wasMember(device.user, of: group, from: record.issuedAt, to: sight.at),
        "\(what) while being no member")
    }
    guard device.user != sender else { return }
    findings.expect(to == .user(device.user), "\(what), which is somebody else")
    findings.expect(
      !wasBlocked(sender, by: device.user, from: record.issuedAt, to: sight.at),
      "\(what) while having blocked it")
  }

  private func check(_ sight: Watch.OnlineSight) {
    let (asker, other) = (sight.device.user, sight.user)
    guard asker != other else { return }
    let hasWritten = events(of: .user(other), from: [0, 0, 0], to: sight.at).contains {
      if case .messageCopied(_, let to, _) = $0.body { to == asker } else { false }
    }
    let what = "\(sight.device.name) was told that \(other) is online"
    findings.expect(hasWritten, "\(what), who has never written to it")
    findings.expect(
      !wasBlocked(asker, by: other, from: sight.askedAt, to: sight.at), "\(what), who blocks it")
  }

  // MARK: what held all the time

  private func events(of stream: StreamKey, from: [Int], to: [Int]) -> [Event] {
    reference.log[stream].filter {
      let offset = Int($0.offset.rawValue)
      return offset >= from[$0.partition.index] && offset < to[$0.partition.index]
    }.map(\.event)
  }

  /// Already before the first of these moments, and without a break until the second.
  private func wasBlocked(
    _ user: UserID, by owner: UserID, from: [Int], to: [Int]
  ) -> Bool {
    let before = events(of: .user(owner), from: [0, 0, 0], to: from).last {
      $0.body == .userBlocked(user) || $0.body == .userUnblocked(user)
    }
    let unblocks = events(of: .user(owner), from: from, to: to).contains {
      $0.body == .userUnblocked(user)
    }
    return before?.body == .userBlocked(user) && !unblocks
  }

  /// At some point in between.
  private func wasMember(_ user: UserID, of group: GroupID, from: [Int], to: [Int]) -> Bool {
    var isMember = false
    func take(_ event: Event) {
      switch event.body {
      case .groupCreated: isMember = event.actor.user == user
      case .memberJoined(user, _, _): isMember = true
      case .memberLeft(user, _, _), .groupDissolved: isMember = false
      default: break
      }
    }
    for event in events(of: .group(group), from: [0, 0, 0], to: from) { take(event) }
    if isMember { return true }
    for event in events(of: .group(group), from: from, to: to) {
      take(event)
      if isMember { return true }
    }
    return false
  }
}

extension Event {
  /// Whether this may be answered in another's place.
  func isTombstone(of event: Event) -> Bool {
    guard case .messageTombstone(let tombstone) = body, stream == event.stream,
      seq == event.seq, messageID == event.messageID, recordedAt == event.recordedAt,
      actor == event.actor
    else { return false }
    switch event.body {
    case .messageSent: return !tombstone.isEdit && tombstone.to == nil
    case .messageCopied(_, let to, let peerSeq):
      return !tombstone.isEdit && tombstone.to == to && tombstone.peerSeq == peerSeq
    case .messageEdited(let target, _): return tombstone.isEdit && tombstone.to == target.peer
    default: return false
    }
  }
}
