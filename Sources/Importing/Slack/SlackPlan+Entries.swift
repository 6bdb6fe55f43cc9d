import DaybookModel

/// What each kind of entry comes to.
extension SlackPlan {
  mutating func add(_ message: SlackMessage) {
    guard message.type == "message" else { return skip(message.type) }
    switch message.subtype {
    case "", "bot_message", "me_message", "thread_broadcast", "file_share", "file_comment",
      "slackbot_response":
      say(message)
    case "channel_join", "group_join":
      guard !message.user.isEmpty, isGroup else { return skip(message.subtype) }
      enter(directory.person(message.user).id, .messages)
    case "channel_leave", "group_leave":
      guard !message.user.isEmpty, exit(directory.person(message.user).id) else {
        return skip(message.subtype)
      }
    case "channel_topic", "group_topic": describe(message, topic: message.topic)
    case "channel_purpose", "group_purpose": describe(message, purpose: message.purpose)
    case "message_changed": change(message)
    case "message_deleted": delete(message.deleted, message.subtype)
    default: skip(message.subtype)
    }
  }

  private var isGroup: Bool { if case .group = conversation.kind { true } else { false } }

  private mutating func describe(
    _ message: SlackMessage, topic newTopic: String? = nil, purpose newPurpose: String? = nil
  ) {
    guard isGroup, newTopic != nil || newPurpose != nil else { return skip(message.subtype) }
    if let newTopic { topic = SlackText(newTopic, directory).text }
    if let newPurpose { purpose = SlackText(newPurpose, directory).text }
    guard let owner = membership.owner else { return skip(message.subtype) }
    let description = SlackConversation.description(topic: topic, purpose: purpose)
    append(.messages, owner, .describe(description), .topic)
  }

  // MARK: messages

  private func author(of message: SlackMessage) -> SlackDirectory.Person? {
    let isBot = !message.botID.isEmpty || !message.botName.isEmpty
    if message.subtype == "bot_message" && isBot || message.user.isEmpty {
      return isBot ? directory.bot(id: message.botID, name: message.botName) : nil
    }
    return directory.person(message.user)
  }

  private func text(_ version: SlackVersion) -> SlackText {
    var text = SlackText(version.text, directory)
    if version.subtype == "me_message", !text.isEmpty {
      // As Slack shows it, and writes it elsewhere.
      text = SlackText("_\(version.text)_", directory)
    }
    if text.isEmpty {
      for attachment in version.attachments {
        if !text.isEmpty { text.appendLine("") }
        text.append(attachment, directory)
      }
    }
    for file in version.files {
      text.appendLine(
        file.url.isEmpty ? "[file: \(file.name)]" : "[file: \(file.name), \(file.url)]")
    }
    return text
  }

  private mutating func say(_ message: SlackMessage) {
    guard sent[message.time] == nil else { return skip("duplicate") }
    guard let author = author(of: message) else { return skip("no_author") }
    var version = message.version
    if let first = firstVersions[message.time] {
      (version.text, version.files) = (first.text, first.files)
    }
    let text = text(version)
    guard !text.isEmpty else { return skip("empty") }
    enter(author.id, .messages)
    let receiver = receiver(of: author.id)
    let replyTo = parent(of: message, by: author.id, receiver)
    let action = SlackCommand.Action.send(
      SlackCommand.Sending(
        text: text, time: message.time.timestamp, senderName: author.name, replyTo: replyTo))
    let stored = SentMessage(
      index: commands.count, author: author.id, receiver: receiver, text: text.text)
    append(.messages, author.id, action, replyTo == nil ? .message : .reply, of: stored)
    sent[message.time] = stored
    for reaction in message.reactions { react(reaction, to: stored) }
  }

  /// Nil in a group.
  private func receiver(of author: UserID) -> UserID? {
    guard case .direct(let one, let other) = conversation.kind else { return nil }
    return author == one ? other : one
  }

  /// The message that a reply answers; nil if there is none, or none that its author can see.
  private func parent(of message: SlackMessage, by author: UserID, _ receiver: UserID?) -> Int? {
    guard let thread = message.thread, thread != message.time, let parent = sent[thread],
      membership.sees(author, parent.index)
    else { return nil }
    let pair = Set([author, receiver].compactMap { $0 })
    let isSamePair = Set([parent.author, parent.receiver].compactMap { $0 }) == pair
    return isGroup || isSamePair ? parent.index : nil
  }

  private mutating func react(_ reaction: SlackMessage.Reaction, to message: SentMessage) {
    let text = ":\(reaction.name):"
    let isUsable =
      !reaction.name.isEmpty && text.utf8.count <= Limits.reactionBytesMax
      && !text.unicodeScalars.contains { $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) }
    if reaction.unnamed > 0 { skip("reaction_unnamed", reaction.unnamed) }
    for user in reaction.users {
      let user = directory.person(user).id
      let isTheirs = isGroup || user == message.author || user == message.receiver
      guard isUsable, isTheirs else {
        skip("reaction")
        continue
      }
      enter(user, .reactions)
      guard membership.sees(user, message.index) else {
        skip("reaction")
        continue
      }
      append(.reactions, user, .react(message.index, text), .reaction, of: message)
    }
  }

  // MARK: what happened to messages

  /// Slack writes such an entry for whatever changes about a message: only another text is an edit.
  private mutating func change(_ message: SlackMessage) {
    guard let change = message.change else { return skip(message.subtype) }
    // A message that was deleted leaves this where others answered it.
    if change.version.subtype == "tombstone" { return delete(change.time, message.subtype) }
    let text = text(change.version).text
    guard var stored = sent[change.time], !stored.isRecalled, !text.isEmpty, text != stored.text
    else { return skip(message.subtype) }
    enter(stored.author, .messages)
    append(.messages, stored.author, .edit(stored.index, text: text), .edit, of: stored)
    stored.text = text
    sent[change.time] = stored
  }

  private mutating func delete(_ time: SlackTime?, _ subtype: String) {
    guard let time, var stored = sent[time], !stored.isRecalled else { return skip(subtype) }
    var user = stored.author
    if isGroup {
      if let owner = membership.owner, membership.sees(owner, stored.index) { user = owner }
      enter(user, .messages)
    }
    append(.messages, user, .recall(stored.index), .deletion, of: stored)
    stored.isRecalled = true
    sent[time] = stored
  }
}
