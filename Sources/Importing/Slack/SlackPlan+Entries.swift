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
      guard !message.user.isEmpty, exit(directory.person(message.user).id, at: message.time) else {
        return skip(message.subtype)
      }
    case "channel_topic", "group_topic": describe(message, topic: message.topic)
    case "channel_purpose", "group_purpose": describe(message, purpose: message.purpose)
    case "channel_name", "group_name":
      guard let name = message.newName, rename(name, at: message.time) else {
        return skip(message.subtype)
      }
    case "message_changed": change(message)
    case "message_deleted": delete(message.deleted, by: message)
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
    append(
      .messages, owner, numbers.of(.topic, at: message.time), .describe(description), .topic)
  }

  // MARK: messages

  private func author(of message: SlackMessage) -> SlackDirectory.Person? {
    let isBot = !message.botID.isEmpty || !message.botName.isEmpty
    if message.subtype == "bot_message" && isBot || message.user.isEmpty {
      return isBot ? directory.bot(id: message.botID, name: message.botName) : nil
    }
    return directory.person(message.user, named: message.userName)
  }

  /// What it says, counting what of it says nothing.
  private mutating func text(_ version: SlackVersion) -> SlackText {
    let body = SlackBody(version, directory)
    for (what, count) in body.skipped { skip(what, count) }
    return body.text
  }

  private static func hash(_ text: String) -> UInt64 {
    var hash = StableHash()
    hash.combine(text)
    return hash.finish()
  }

  private mutating func say(_ message: SlackMessage) {
    guard lastTime != message.time else { return skip("duplicate") }
    guard let author = author(of: message) else { return skip("no_author") }
    var version = message.version
    if let first = survey.firstVersions[message.time] {
      (version.text, version.files) = (first.text, first.files)
      (version.blocks, version.attachments) = (first.blocks, first.attachments)
    }
    let text = text(version)
    guard !text.isEmpty else { return skip("empty") }
    lastTime = message.time
    enter(author.id, .messages)
    let receiver = receiver(of: author.id)
    let replyTo = parent(of: message, by: author.id, receiver)
    let action = SlackCommand.Action.send(
      SlackCommand.Sending(
        text: text, time: message.time.timestamp, senderName: author.name, replyTo: replyTo))
    let stored = SentMessage(
      index: count, author: author.id, receiver: receiver, time: message.time,
      textHash: SlackPlan.hash(text.text))
    let isReferenced = survey.referenced.contains(message.time)
    append(
      .messages, author.id, numbers.of(.message, at: message.time), action,
      replyTo == nil ? .message : .reply, of: stored,
      isReferenced: isReferenced || !message.reactions.isEmpty)
    if isReferenced { sent[message.time] = stored }
    react(message.reactions, to: stored)
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

  private struct Given {
    var user: UserID
    var name: String
    var number: SlackNumbers.Number
  }

  /// In the order of their numbers, so that those rise.
  private mutating func react(_ reactions: [SlackMessage.Reaction], to message: SentMessage) {
    var given: [Given] = []
    for reaction in reactions {
      if reaction.unnamed > 0 { skip("reaction_unnamed", reaction.unnamed) }
      let text = SlackEmoji.reaction(reaction.name)
      let isUsable =
        !reaction.name.isEmpty && text.utf8.count <= Limits.reactionBytesMax
        && !text.unicodeScalars.contains { $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) }
      for user in reaction.users {
        let user = directory.person(user).id
        let isTheirs = isGroup || user == message.author || user == message.receiver
        guard isUsable, isTheirs else {
          skip("reaction")
          continue
        }
        let number = numbers.reaction(user, reaction.name, to: message.time)
        given.append(Given(user: user, name: reaction.name, number: number))
      }
    }
    given.sort { ($0.number.number, $0.user, $0.name) < ($1.number.number, $1.user, $1.name) }
    var last: UInt64 = 0
    for reaction in given {
      enter(reaction.user, .reactions)
      guard membership.sees(reaction.user, message.index) else {
        skip("reaction")
        continue
      }
      let alone = numbers.reactionAlone(reaction.user, reaction.name, to: message.time)
      let isTaken = reaction.number.number == last
      last = reaction.number.number
      append(
        .reactions, reaction.user, isTaken ? alone : reaction.number,
        .react(message.index, SlackEmoji.reaction(reaction.name)), .reaction, of: message,
        spare: isTaken ? nil : alone)
    }
  }

  // MARK: what happened to messages

  /// Slack writes such an entry for whatever changes about a message: only another text is an edit.
  private mutating func change(_ message: SlackMessage) {
    guard let change = message.change else { return skip(message.subtype) }
    // A message that was deleted leaves this where others answered it.
    if change.version.subtype == "tombstone" { return delete(change.time, by: message) }
    let text = text(change.version).text
    guard var stored = sent[change.time], !stored.isRecalled, !text.isEmpty,
      SlackPlan.hash(text) != stored.textHash
    else { return skip(message.subtype) }
    enter(stored.author, .messages)
    append(
      .messages, stored.author, numbers.of(.edit, at: message.time),
      .edit(stored.index, text: text), .edit, of: stored)
    stored.textHash = SlackPlan.hash(text)
    sent[change.time] = stored
  }

  private mutating func delete(_ time: SlackTime?, by message: SlackMessage) {
    guard let time, var stored = sent[time], !stored.isRecalled else {
      return skip(message.subtype)
    }
    var user = stored.author
    if isGroup {
      if let owner = membership.owner, membership.sees(owner, stored.index) { user = owner }
      enter(user, .messages)
    }
    append(
      .messages, user, numbers.of(.recall, at: message.time), .recall(stored.index), .deletion,
      of: stored)
    stored.isRecalled = true
    sent[time] = stored
  }
}
