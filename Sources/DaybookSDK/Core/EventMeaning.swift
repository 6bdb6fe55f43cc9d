import DaybookModel

extension ClientEvent {
  /// What an event that is no message says to the user, in order; nothing for what concerns only
  /// the server, or an edit that is gone with its message.
  static func meanings(of event: Event) -> [ClientEvent] {
    if event.stream.kind == .group {
      switch event.body {
      case .memberJoined(let member, .owner, _):
        let fallen = ClientEvent.roleChanged(
          group: event.stream.id, user: member.text, role: .owner)
        return [inGroup(event), fallen].compactMap { $0 }
      case .memberLeft(_, let successor?, _):
        let fallen = ClientEvent.roleChanged(
          group: event.stream.id, user: successor.text, role: .owner)
        return [inGroup(event), fallen].compactMap { $0 }
      default: break
      }
    }
    return [ofMessage(event) ?? inMailbox(event) ?? inGroup(event)].compactMap { $0 }
  }

  private static func ofMessage(_ event: Event) -> ClientEvent? {
    let by = event.actor.user?.text ?? ""
    let at = Moment(event.recordedAt)
    let id = event.messageID.rawValue
    let traceID = event.traceID?.description
    switch event.body {
    case .messageRecalled(let target):
      return .recalled(
        MessageRecall(
          conversation: Conversation(of: target, in: event), messageID: id, by: by,
          at: at, traceID: traceID))
    case .messageEdited(let target, let content):
      return .edited(
        MessageEdit(
          conversation: Conversation(of: target, in: event), messageID: id, by: by,
          at: at, content: MessageContent(encoded: content),
          traceID: traceID))
    case .reactionAdded(let target, let reaction):
      return .reaction(
        MessageReaction(
          conversation: Conversation(of: target, in: event), messageID: id, by: by,
          at: at, reaction: reaction, isRemoved: false, traceID: traceID))
    case .reactionRemoved(let target, let reaction):
      return .reaction(
        MessageReaction(
          conversation: Conversation(of: target, in: event), messageID: id, by: by,
          at: at, reaction: reaction, isRemoved: true, traceID: traceID))
    default: return nil
    }
  }

  /// What this user did on one of the devices, and what others did to this user.
  private static func inMailbox(_ event: Event) -> ClientEvent? {
    let by = event.actor.user?.text ?? ""
    switch event.body {
    case .read(let peer?, let upTo, _): return .read(.user(peer.text), upToSeq: upTo.rawValue)
    case .groupRead(let group, let upTo, _):
      return .read(.group(group.text), upToSeq: upTo.rawValue)
    case .conversationCleared(let peer?, let upTo):
      return .cleared(.user(peer.text), upToSeq: upTo.rawValue)
    case .groupCleared(let group, let upTo):
      return .cleared(.group(group.text), upToSeq: upTo.rawValue)
    case .conversationMarked(let conversation, let marks):
      return .marked(MarkedConversation(Conversation(conversation), marks))
    case .groupJoined(let group, _): return .groupJoined(group.text)
    case .groupLeft(let group, _): return .groupLeft(group.text)
    case .groupInvited(let group, _): return .invited(group: group.text, by: by)
    case .groupRefused(let group, _): return .refused(group: group.text, by: by)
    case .groupWaiting(let group, let member, let waiting):
      return waiting.meaning(group, member, by: event.actor.user)
    case .userBlocked(let user): return .blocked(user.text)
    case .userUnblocked(let user): return .unblocked(user.text)
    case .deviceForgotten(let device): return .deviceForgotten(device.text)
    case .tokensRevoked(let revoked) where !revoked.isOfService:
      return .tokensRevoked(
        device: revoked.device?.text, tokenID: revoked.tokenID.isEmpty ? nil : revoked.tokenID)
    default: return nil
    }
  }

  private static func inGroup(_ event: Event) -> ClientEvent? {
    let group = event.stream.id
    let by = event.actor.user?.text ?? ""
    /// Nil where a member acts for itself.
    func other(than member: UserID) -> String? {
      event.actor.user.flatMap { $0 == member ? nil : $0.text }
    }
    switch event.body {
    case .groupCreated(let settings):
      return .groupCreated(group, title: settings.title, by: by)
    // Of its size alone: nobody has done that, and nothing changes for who is in it.
    case .groupChanged where event.actor.user == nil: return nil
    case .groupChanged(let settings):
      return .groupChanged(group, GroupAttributes(settings), by: by)
    case .groupDissolved: return .groupDissolved(group, by: by)
    case .memberJoined(let member, _, _):
      return .memberJoined(group: group, user: member.text, by: other(than: member))
    case .memberLeft(let member, _, _):
      return .memberLeft(group: group, user: member.text, by: other(than: member))
    // Of older servers, who told all members.
    case .memberInvited(let member, _):
      return .memberInvited(group: group, user: member.text, by: by)
    case .joinRequested(let member, _): return .joinRequested(group: group, user: member.text)
    case .joinRefused(let member, _):
      return .joinRefused(group: group, user: member.text, by: other(than: member))
    case .roleChanged(let member, let role):
      return .roleChanged(
        group: group, user: member.text, role: GroupRole(role), by: event.actor.user?.text)
    case .memberSilenced(let member, let isSilenced):
      return .memberSilenced(group: group, user: member.text, isSilenced: isSilenced, by: by)
    default: return nil
    }
  }
}

extension Waiting {
  /// To a moderator of the group.
  fileprivate func meaning(_ group: GroupID, _ member: UserID, by user: UserID?) -> ClientEvent {
    let (group, name) = (group.text, member.text)
    return switch self {
    case .invited: .memberInvited(group: group, user: name, by: user?.text ?? "")
    case .requested: .joinRequested(group: group, user: name)
    case .refused:
      .joinRefused(group: group, user: name, by: user.flatMap { $0 == member ? nil : $0.text })
    }
  }
}

extension Conversation {
  /// Where the message is that an amendment is about.
  fileprivate init(of target: MessageTarget, in event: Event) {
    self = target.peer.map { .user($0.text) } ?? Conversation(event.stream)
  }
}
