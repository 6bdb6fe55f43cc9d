import DaybookModel
import DaybookSchema
import NIOCore
import WireProtocol

@testable import DaybookSDK

/// What a user may think of next. Most of it is about what the device has seen; some is wrong.
struct CommandMaker {
  let users: [UserID]
  let groups: [GroupID]
  let devices: [DeviceID]
  private var lastText = 0

  init(users: [UserID], groups: [GroupID], devices: [DeviceID]) {
    self.users = users
    self.groups = groups
    self.devices = devices
  }

  private enum Idea: CaseIterable {
    case send, sendTransient, recall, edit, react, forward, read, mark, clear, block, unblock
    case create, join, change, leave, invite, remove, admit, refuse, role, silence, dissolve
    case forgetDevice

    var weight: Int {
      switch self {
      case .send: 24
      case .react, .read: 10
      case .recall, .edit, .invite: 7
      case .forward, .admit, .role, .silence, .clear, .join: 4
      case .mark, .sendTransient, .block, .unblock, .refuse, .leave, .remove, .change: 3
      case .create, .dissolve, .forgetDevice: 1
      }
    }
  }

  mutating func next(for device: SimDevice, _ dice: inout Dice) -> IssuedCommand.Body {
    // Without a group there is little to do.
    if device.store.groups.isEmpty, dice.oneIn(3) {
      let group = dice.pick(groups)
      return dice.oneIn(2) ? .join(group) : .createGroup(group, settings(&dice))
    }
    let ideas = Idea.allCases
    let idea = ideas[dice.weighted(ideas.map(\.weight))]
    switch idea {
    case .send, .sendTransient, .recall, .edit, .react, .forward:
      return aboutMessage(idea, device, &dice)
    case .read, .mark, .clear, .block, .unblock, .forgetDevice:
      return aboutOneself(idea, device, &dice)
    default: return aboutGroup(idea, device, &dice)
    }
  }

  // MARK: messages

  mutating func text() -> ByteBuffer {
    lastText += 1
    return ContentCoding.text("text \(lastText)")
  }

  /// A message that the device has seen; or one that isn't where it is said to be.
  private func message(_ device: SimDevice, _ dice: inout Dice) -> (StreamKey, MessageID)? {
    let known = device.store.messages.keys.sorted()
    guard !known.isEmpty else { return nil }
    // Mostly a recent one.
    let id = dice.oneIn(3) ? dice.pick(known) : dice.pick(known.suffix(5))
    guard let shown = device.store.messages[id],
      let conversation = StreamKey(checked: shown.conversation)
    else { return nil }
    if dice.oneIn(25) { return (somewhere(device, &dice), MessageID(id)) }
    return (conversation, MessageID(dice.oneIn(40) ? id + 1 : id))
  }

  /// Some conversation, known or not.
  private func somewhere(_ device: SimDevice, _ dice: inout Dice) -> StreamKey {
    let known = device.store.groups.sorted()
    if dice.oneIn(2), let group = dice.pickAny(known) { return .group(GroupID(checked: group)) }
    if dice.oneIn(8) { return .group(dice.pick(groups)) }
    return .user(dice.pick(users))
  }

  private mutating func aboutMessage(
    _ idea: Idea, _ device: SimDevice, _ dice: inout Dice
  ) -> IssuedCommand.Body {
    guard idea != .send, idea != .sendTransient, let (place, id) = message(device, &dice) else {
      return send(device, isTransient: idea == .sendTransient, &dice)
    }
    switch idea {
    case .recall: return .recall(conversation: place, id)
    case .edit: return .edit(conversation: place, id, content: text())
    case .react:
      return .react(
        conversation: place, id, reaction: dice.pick(["+1", "ha", "❤️"]),
        isRemoved: dice.oneIn(4))
    default: return .forward(to: somewhere(device, &dice), conversation: place, id)
    }
  }

  private mutating func send(
    _ device: SimDevice, isTransient: Bool, _ dice: inout Dice
  ) -> IssuedCommand.Body {
    var to = somewhere(device, &dice)
    var extras = SendExtras(isTransient: isTransient)
    if dice.oneIn(6), let (place, id) = message(device, &dice) {
      (to, extras.replyTo) = (place, id)
    }
    if dice.oneIn(6) { extras.mentions = [dice.pick(users)] }
    if dice.oneIn(12) { extras.mentionsEveryone = true }
    if dice.oneIn(12) { extras.keepDays = UInt32(dice.within(1...2)) }
    return .send(
      to: to, Message(content: text()), extras == SendExtras() ? nil : extras)
  }

  // MARK: oneself

  private func aboutOneself(
    _ idea: Idea, _ device: SimDevice, _ dice: inout Dice
  ) -> IssuedCommand.Body {
    let known = dice.oneIn(5) ? nil : message(device, &dice)?.0
    let conversation = known ?? somewhere(device, &dice)
    switch idea {
    case .read, .clear:
      let seqs = device.store.messages.values.filter { $0.conversation == conversation.text }
        .map(\.seq).sorted()
      // Behind the head, there is nothing to read or to clear yet.
      let seq = dice.oneIn(40) ? 10_000 : dice.pickAny(seqs) ?? UInt64(dice.within(1...5))
      return idea == .read
        ? .read(conversation: conversation, upTo: Seq(seq))
        : .clear(conversation: conversation, upTo: Seq(seq))
    case .mark:
      let change =
        switch dice.below(4) {
        case 0: MarksChange(isQuiet: dice.oneIn(2))
        case 1: MarksChange(isPinned: dice.oneIn(2))
        case 2: MarksChange(isUnread: false)
        default: MarksChange(isUnread: true)
        }
      return .mark(conversation: conversation, change)
    case .block: return .block(dice.pick(users), true)
    case .unblock:
      let known = device.store.blocked.sorted()
      return .block(dice.pickAny(known).map { UserID(checked: $0) } ?? dice.pick(users), false)
    default: return .forgetDevice(dice.pick(devices))
    }
  }

  // MARK: groups

  private func settings(_ dice: inout Dice) -> GroupSettings {
    GroupSettings(
      title: "title \(dice.below(3))", joinPolicy: dice.pick(JoinPolicy.allCases + [.open, .open]),
      isHistoryShown: dice.oneIn(3), isSilenced: false)
  }

  private func change(_ dice: inout Dice) -> GroupChange {
    switch dice.below(4) {
    case 0: GroupChange(title: "title \(dice.below(3))")
    case 1: GroupChange(joinPolicy: dice.pick(JoinPolicy.allCases))
    case 2: GroupChange(isHistoryShown: dice.oneIn(2))
    default: GroupChange(isSilenced: dice.oneIn(2))
    }
  }

  private func aboutGroup(
    _ idea: Idea, _ device: SimDevice, _ dice: inout Dice
  ) -> IssuedCommand.Body {
    let store = device.store
    let isModerating = ![.create, .join, .leave, .invite].contains(idea)
    // Mostly where it may be allowed.
    let known = store.groups.sorted().filter {
      !isModerating || store.roles[$0]?[device.user.text] ?? .member != .member || dice.oneIn(6)
    }
    let isElsewhere = idea == .join || idea == .create || dice.oneIn(12)
    guard let group = isElsewhere ? dice.pick(groups).text : dice.pickAny(known) else {
      return idea == .refuse ? refuse(device, &dice) : .join(dice.pick(groups))
    }
    return aboutGroup(idea, GroupID(checked: group), device, &dice)
  }

  /// What is the user's own to refuse: an invitation, or a request.
  private func refuse(_ device: SimDevice, _ dice: inout Dice) -> IssuedCommand.Body {
    let invited = device.store.invitations.sorted()
    return .refuse(
      dice.pickAny(invited).map { GroupID(checked: $0) } ?? dice.pick(groups), device.user)
  }

  private func aboutGroup(
    _ idea: Idea, _ group: GroupID, _ device: SimDevice, _ dice: inout Dice
  ) -> IssuedCommand.Body {
    let requests = (device.store.requests[group.text] ?? []).sorted()
    let asking = dice.oneIn(8) ? nil : dice.pickAny(requests)
    let user = dice.pick(users)
    return switch idea {
    case .create: .createGroup(group, settings(&dice))
    case .join: .join(group)
    case .change: .changeGroup(group, change(&dice))
    case .leave: .leave(group)
    case .invite: .invite(group, user)
    case .remove: .remove(group, user)
    case .admit: .admit(group, asking.map { UserID(checked: $0) } ?? user)
    case .refuse: .refuse(group, asking.map { UserID(checked: $0) } ?? user)
    case .role: .changeRole(group, user, dice.pick([.member, .admin, .admin, .owner]))
    case .silence: .silence(group, user, !dice.oneIn(3))
    default: .dissolve(group)
    }
  }
}
