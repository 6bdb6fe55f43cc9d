import DaybookModel
import DaybookSchema
import Ports

@testable import DaybookSDK

/// What a device was told comes to what the reference has for it, from where each of its streams
/// began on.
struct StoreCheck {
  let device: SimDevice
  let reference: Reference
  private var store: DeviceStore { device.store }
  private var findings: Findings { device.run.findings }

  init(device: SimDevice, reference: Reference) {
    self.device = device
    self.reference = reference
  }

  func check() {
    findings.expect(
      store.firstCursors[.user(device.user)] != nil, "\(device.name) never followed its mailbox")
    checkFollowed()
    for stream in store.firstCursors.keys { checkTold(of: stream) }
    checkMessages()
    checkStatuses()
    checkOwn()
    for group in reference.groups.values { checkRoles(in: group) }
  }

  // MARK: streams

  /// Every group that the user is a member of is followed.
  private func checkFollowed() {
    for group in reference.groups.values where group.isPresent(device.user) {
      findings.expect(
        store.firstCursors[.group(group.group)] != nil,
        "\(device.name) does not follow \(group.group), where \(device.user) is a member")
    }
  }

  private func head(_ stream: StreamKey) -> Seq {
    stream.groupID.map { reference.groups[$0]?.head ?? .none }
      ?? stream.userID.flatMap { reference.mailboxes[$0]?.head } ?? .none
  }

  private func checkTold(of stream: StreamKey) {
    guard let first = store.firstCursors[stream] else { return }
    let told = store.toldSeqs[stream] ?? []
    var stays = [SeqInterval(first: Seq(1), last: nil)]
    var isComplete = true
    if let group = stream.groupID {
      stays = reference.groups[group]?.members[device.user]?.stays ?? []
      isComplete = reference.groups[group]?.isPresent(device.user) ?? false
    }
    var expected: Set<UInt64> = []
    var seq = first.next
    while seq <= head(stream) {
      if stays.contains(where: { $0.contains(seq) }) { expected.insert(seq.rawValue) }
      seq = seq.next
    }
    let extra = told.subtracting(expected).sorted()
    let missing = expected.subtracting(told).sorted()
    findings.expect(
      extra.isEmpty, "\(device.name) was told of \(extra) of \(stream), which isn't its")
    // What happened in a group that was left on another device meanwhile has to be fetched.
    findings.expect(
      missing.isEmpty || !isComplete,
      "\(device.name) was not told of \(missing) of \(stream), which began after \(first)")
  }

  // MARK: messages

  private func checkMessages() {
    var expected: [UInt64: ShownMessage] = [:]
    for (stream, told) in store.toldSeqs {
      for logged in reference.log[stream] where told.contains(logged.event.seq.rawValue) {
        take(logged.event, into: &expected)
      }
    }
    let now = device.run.clock.now()
    for (id, message) in expected.sorted(by: { $0.key < $1.key }) {
      guard let shown = store.messages[id] else {
        findings.add("\(device.name) has no message \(id) of \(message.conversation)")
        continue
      }
      let (shownNow, expectedNow) = (shown.settled(at: now), message.settled(at: now))
      if shownNow == expectedNow { continue }
      // A recall that came when the user was no member any more is seen by who fetches, not told.
      findings.expect(
        isKnownRecall(shown, id),
        "\(device.name) shows \(id) as \(shownNow), where \(expectedNow) was expected")
    }
    let extra = store.messages.keys.filter { expected[$0] == nil }.sorted()
    findings.expect(extra.isEmpty, "\(device.name) shows messages \(extra), which aren't there")
  }

  private func isKnownRecall(_ shown: ShownMessage, _ id: UInt64) -> Bool {
    guard case .recalled(let by) = shown.state,
      let group = StreamKey(checked: shown.conversation)?.groupID,
      let record = reference.groups[group]?.messages.first(where: { $0.id.rawValue == id })
    else { return false }
    return record.recalledBy?.text == by
  }

  private func take(_ event: Event, into messages: inout [UInt64: ShownMessage]) {
    let id = event.messageID.rawValue
    let by = event.actor.user?.text ?? ""
    switch event.body {
    case .messageSent(let message):
      let conversation = event.stream.kind == .group ? event.stream : .user(event.actor.user!)
      messages[id] = ShownMessage(event, message, in: conversation, for: device.user)
    case .messageCopied(let message, let to, _):
      messages[id] = ShownMessage(event, message, in: .user(to), for: device.user)
    case .messageRecalled: messages[id]?.state = .recalled(by: by)
    case .messageEdited(_, let content):
      messages[id]?.content = MessageContent(encoded: content)
      messages[id]?.edits += 1
    case .reactionAdded(_, let text): messages[id]?.reactions.insert("\(by) \(text)")
    case .reactionRemoved(_, let text): messages[id]?.reactions.remove("\(by) \(text)")
    default: break
    }
  }

  /// No status is told that isn't so; and who was never restarted knows all that is so.
  private func checkStatuses() {
    guard let mailbox = reference.mailboxes[device.user] else { return }
    for logged in reference.log[.user(device.user)] {
      guard case .messageCopied(_, let to, _) = logged.event.body else { continue }
      let id = logged.event.messageID.rawValue
      var rank = 0
      if mailbox.isDelivered(logged.event.messageID, to: to) { rank = 1 }
      if mailbox.readByPeer[to] ?? .none >= logged.event.messageID { rank = 2 }
      let told = store.statuses[id] ?? 0
      findings.expect(
        told <= rank, "\(device.name) takes message \(id) to \(to) for \(told), and it is \(rank)")
      let isAllKnown = !device.wasRestarted && store.messages[id]?.state == .shown
      findings.expect(
        told == rank || !isAllKnown,
        "\(device.name) takes message \(id) to \(to) for \(told) still, and it is \(rank)")
    }
  }

  // MARK: what is the user's own

  private func checkOwn() {
    // Who was there from the beginning has been told of everything.
    guard let mailbox = reference.mailboxes[device.user],
      store.firstCursors[.user(device.user)] == Seq.none
    else { return }
    findings.expect(
      store.groups == Set(mailbox.groups.map(\.text)),
      "\(device.name) lists the groups \(store.groups.sorted()), not \(mailbox.groups)")
    findings.expect(
      store.blocked == Set(mailbox.blocked.map(\.text)), "\(device.name) lists others as blocked")
    let present = reference.groups.values.filter { $0.isPresent(device.user) }.map(\.group.text)
    findings.expect(
      Set(present) == store.groups,
      "\(device.name) lists the groups \(store.groups.sorted()), and is in \(present.sorted())")
    let marks = store.marks.mapValues {
      ConversationMarks(
        isQuiet: $0.isQuiet, isPinned: $0.isPinned, isUnread: $0.isMarkedUnread)
    }
    let expected = Dictionary(
      uniqueKeysWithValues: mailbox.marks.map { (Conversation($0.key), $0.value) })
    findings.expect(marks == expected, "\(device.name) has the marks \(marks), not \(expected)")
    for (peer, seq) in mailbox.read {
      findings.expect(
        store.reads[.user(peer.text)] == seq.rawValue, "\(device.name) has read \(peer) elsewhere")
    }
    for (peer, seq) in mailbox.cleared {
      findings.expect(
        store.cleared[.user(peer.text)] == seq.rawValue,
        "\(device.name) has cleared \(peer) elsewhere")
    }
    for group in reference.groups.values {
      guard let seq = group.cleared[device.user] else { continue }
      findings.expect(
        store.cleared[.group(group.group.text)] == seq.rawValue,
        "\(device.name) has cleared \(group.group) elsewhere")
    }
  }

  /// Who was told of all of a group knows who is what there, but for those whom nobody is told of.
  private func checkRoles(in group: GroupReference) {
    let stream = StreamKey.group(group.group)
    let told = store.toldSeqs[stream]?.count ?? 0
    guard told > 0, UInt64(told) == group.head.rawValue, !group.wasUnlisted else { return }
    let expected = Dictionary(
      uniqueKeysWithValues: group.present.map {
        ($0.text, GroupRole(group.role(of: $0) ?? .member))
      })
    let roles = store.roles[group.group.text] ?? [:]
    findings.expect(
      roles == expected, "\(device.name) has the members \(roles) in \(stream), not \(expected)")
  }
}

extension ShownMessage {
  fileprivate init(
    _ event: Event, _ message: Message, in conversation: StreamKey, for user: UserID
  ) {
    self.init(
      seq: event.seq.rawValue, conversation: conversation.text,
      from: event.actor.user?.text ?? "", content: MessageContent(encoded: message.content))
    isOwn = event.actor.user == user
    guard let extras = message.extras else { return }
    replyTo = extras.replyTo == .none ? nil : extras.replyTo.rawValue
    mentions = extras.mentions.map(\.text)
    mentionsEveryone = extras.mentionsEveryone
    forwardedFrom = extras.forwarded?.user.text
    expiresAt = extras.expiresAt == .none ? nil : extras.expiresAt.milliseconds
  }
}
