import DaybookModel
import DaybookSDK

/// What happens.
extension ChatCore {
  mutating func take(_ event: ClientEvent) -> [ChatOutput] {
    // A console's own doing was told when the server had answered.
    if doings.take(event) { return note(event) }
    if let conversation = event.conversation, !isCaughtUp, conversation != reader.open {
      switch backlog.take(conversation) {
      case .shown: break
      case .firstLeftOut:
        let text = "\(ChatText.name(conversation)) has more: \(ChatText.opening(conversation))"
        return [.show(ScreenLine(text, .news))] + pass(event)
      case .leftOut: return pass(event)
      }
    }
    return lines(of: event) + note(event)
  }

  /// Of what is left out, only how far it goes.
  private mutating func pass(_ event: ClientEvent) -> [ChatOutput] {
    if case .message(let message) = event { see(message) }
    return note(event)
  }

  private mutating func lines(of event: ClientEvent) -> [ChatOutput] {
    switch event {
    case .message(let message): return take(message)
    case .status(let update):
      if let send = update.sendID {
        return answered(send, update.status, message: update.messageID)
      }
      return update.messageID.map { progress(of: $0, update.status) } ?? []
    case .connection(let state): return take(state)
    case .edited(let edit): return tell(edit)
    case .recalled(let recall): return tell(recall)
    default: return tell(event)
    }
  }

  /// The line for something that was done, here or elsewhere.
  mutating func tell(_ event: ClientEvent) -> [ChatOutput] {
    if case .edited(let edit) = event { return tell(edit) }
    if case .recalled(let recall) = event { return tell(recall) }
    guard let text = ChatText.news(event, for: reader, shown: shown) else { return [] }
    return [.show(ScreenLine(text, .news))]
  }

  private mutating func tell(_ edit: MessageEdit) -> [ChatOutput] {
    let isOpen = edit.conversation == reader.open
    let number = isOpen ? shown.number(edit) : nil
    if !isOpen { shown.change(edit) }
    let text = ChatText.edited(edit, number: number, for: reader)
    return [.show(ScreenLine(text, isOpen ? .plain : .elsewhere))]
  }

  private mutating func tell(_ recall: MessageRecall) -> [ChatOutput] {
    let entry = shown.entry(of: recall.messageID, in: recall.conversation)
    // It came as recalled, and was shown so.
    if entry?.isGone == true { return [] }
    let text = ChatText.news(.recalled(recall), for: reader, shown: shown)
    if let entry { shown.setGone(entry) }
    return text.map { [.show(ScreenLine($0, .news))] } ?? []
  }

  /// What an event changes here, beside the line that tells of it.
  private mutating func note(_ event: ClientEvent) -> [ChatOutput] {
    if let conversation = event.conversation { names.add(conversation) }
    switch event {
    case .read(let conversation, _), .cleared(let conversation, _):
      return conversation != reader.open && unread[conversation] != nil ? [.askUnread] : []
    case .recalled(let recall):
      return unread[recall.conversation] != nil ? [.askUnread] : []
    case .marked(let marked):
      marks[marked.conversation] = marked
      return [prompt]
    case .groupJoined(let group):
      joined(group)
      return unmute(.group(group))
    case .groupLeft(let group):
      left(group)
      return close(.group(group))
    case .groupDissolved(let group, _):
      left(group)
      return mute(.group(group), ChatText.ended(group))
    case .memberJoined(_, let user, _), .memberInvited(_, let user, _):
      names.add(user: user)
      return []
    case .caughtUp:
      isCaughtUp = true
      backlog.end()
      return []
    default: return []
    }
  }

  private mutating func take(_ message: IncomingMessage) -> [ChatOutput] {
    let conversation = message.conversation
    names.add(user: message.from)
    see(message)
    if message.isOwn, !message.isTransient, isKnown(message) { return [] }
    let isOpen = conversation == reader.open
    var outputs: [ChatOutput] = []
    if !isOpen, !message.isOwn, !message.isTransient, isCaughtUp {
      outputs += count(unread: conversation)
    }
    let isQuiet = marks[conversation]?.isQuiet == true
    if isOpen || message.mentionsMe || !isQuiet {
      let unread = isCaughtUp ? unread[conversation] ?? 0 : 0
      outputs += line(of: message, unread: unread)
      if rings(for: message, isQuiet: isQuiet) { outputs.append(.bell) }
    }
    if isOpen, !message.isOwn { outputs += markRead(conversation) }
    return outputs
  }

  /// It stands on the screen already, for this console sent it.
  private mutating func isKnown(_ message: IncomingMessage) -> Bool {
    if own.line(of: message.id) != nil { return true }
    // After a lost connection the message may come before the answer to its send.
    guard case .text(let text) = message.content,
      let line = own.unanswered(text, in: message.conversation)
    else { return false }
    own.shown(message.id, line)
    if let number = line.number { bind(number, in: line.conversation, to: message.id) }
    return true
  }

  private func rings(for message: IncomingMessage, isQuiet: Bool) -> Bool {
    guard settings.rings, isCaughtUp, !message.isOwn else { return false }
    if case .user = message.conversation, !isQuiet { return true }
    return message.mentionsMe
  }
}

extension ClientEvent {
  /// Where something was said or done.
  var conversation: Conversation? {
    switch self {
    case .message(let message): message.conversation
    case .edited(let edit): edit.conversation
    case .recalled(let recall): recall.conversation
    case .reaction(let reaction): reaction.conversation
    case .groupCreated(let group, _, _), .groupChanged(let group, _, _),
      .memberJoined(let group, _, _), .memberLeft(let group, _, _),
      .memberInvited(let group, _, _), .joinRequested(let group, _),
      .joinRefused(let group, _, _), .roleChanged(let group, _, _, _),
      .memberSilenced(let group, _, _, _):
      .group(group)
    default: nil
    }
  }
}
