import DaybookSDK

/// The messages that were shown. Those of an open conversation have short numbers that a person can
/// type: 1, 2, 3… in each conversation, for this session.
struct ShownMessages {
  /// Of a conversation; older ones can't be referred to any more.
  static let entriesMax = 10_000

  struct Entry: Equatable {
    /// 0 of one that was only shown while its conversation wasn't open.
    var number: Int
    var conversation: Conversation
    /// Nil of an own one that is not stored yet.
    var id: UInt64?
    var from: String
    /// As it is shown: a name, or "you".
    var author: String
    var isOwn: Bool
    var preview: String
    /// It is shown as recalled, or as expired.
    var isGone = false
  }

  private struct Key: Hashable {
    var conversation: Conversation
    var id: UInt64
  }

  /// In order of their numbers, the last of which is `count`.
  private struct Entries {
    var kept: [Entry] = []
    var count = 0

    func index(_ number: Int) -> Int? {
      let index = number - 1 - (count - kept.count)
      return kept.indices.contains(index) ? index : nil
    }
  }

  private let me: String
  private var entries: [Conversation: Entries] = [:]
  private var numbers: [Key: Int] = [:]
  private var unnumbered: [Key: Entry] = [:]

  init(me: String) { self.me = me }

  subscript(number: Int, in conversation: Conversation) -> Entry? {
    guard let entries = entries[conversation] else { return nil }
    return entries.index(number).map { entries.kept[$0] }
  }

  func entry(of id: UInt64, in conversation: Conversation) -> Entry? {
    let key = Key(conversation: conversation, id: id)
    return numbers[key].flatMap { self[$0, in: conversation] } ?? unnumbered[key]
  }

  /// Conversations in which a message of this number was shown, by name.
  func conversations(with number: Int) -> [Conversation] {
    entries.filter { $0.value.index(number) != nil }.keys
      .sorted { $0.description < $1.description }
  }

  /// The newest of this user's messages in a conversation.
  func lastOwn(in conversation: Conversation) -> Entry? {
    entries[conversation]?.kept.last { $0.isOwn }
  }

  /// The message's number: the one that it has, or the next. Nil for one that can't be referred to.
  mutating func number(_ message: IncomingMessage) -> Int? {
    guard !message.isTransient else { return nil }
    let isGone = message.gone != nil
    let preview = isGone ? "" : ChatText.preview(ChatText.content(message.content))
    if let known = entry(of: message.id, in: message.conversation), known.number > 0 {
      update(known) {
        $0.preview = preview
        $0.isGone = isGone
      }
      return known.number
    }
    return add(
      message.id, in: message.conversation, by: message.from, ChatText.author(message), preview,
      isGone: isGone)
  }

  /// What news of a message call it that is shown without a number.
  mutating func remember(_ message: IncomingMessage) {
    let key = Key(conversation: message.conversation, id: message.id)
    guard !message.isTransient, numbers[key] == nil else { return }
    if unnumbered.count >= ShownMessages.entriesMax { unnumbered = [:] }
    unnumbered[key] = Entry(
      number: 0, conversation: message.conversation, id: message.id, from: message.from,
      author: ChatText.author(message), isOwn: message.isOwn,
      preview: message.gone == nil ? ChatText.preview(ChatText.content(message.content)) : "",
      isGone: message.gone != nil)
  }

  /// A message says something else now.
  mutating func change(_ edit: MessageEdit) {
    guard let known = entry(of: edit.messageID, in: edit.conversation) else { return }
    update(known) { $0.preview = ChatText.preview(ChatText.content(edit.content)) }
  }

  /// An edit says what a message says, also of one that was not shown before.
  mutating func number(_ edit: MessageEdit) -> Int {
    let preview = ChatText.preview(ChatText.content(edit.content))
    if let known = entry(of: edit.messageID, in: edit.conversation), known.number > 0 {
      update(known) { $0.preview = preview }
      return known.number
    }
    return add(
      edit.messageID, in: edit.conversation, by: edit.by, ChatText.person(edit.by, me: me),
      preview)
  }

  /// A number for what is about to be sent.
  mutating func reserve(in conversation: Conversation, _ preview: String) -> Int {
    add(nil, in: conversation, by: me, ChatText.person(me, me: me), preview)
  }

  /// The message that a number was reserved for is stored.
  mutating func bind(_ number: Int, in conversation: Conversation, to id: UInt64) {
    guard let entry = self[number, in: conversation], entry.id == nil else { return }
    update(entry) { $0.id = id }
    let key = Key(conversation: conversation, id: id)
    if numbers[key] == nil { numbers[key] = number }
  }

  /// There is nothing of it to show any more.
  mutating func setGone(_ entry: Entry) { update(entry) { $0.isGone = true } }

  private mutating func update(_ entry: Entry, _ change: (inout Entry) -> Void) {
    if entry.number == 0, let id = entry.id {
      change(&unnumbered[Key(conversation: entry.conversation, id: id), default: entry])
      return
    }
    guard let index = entries[entry.conversation]?.index(entry.number) else { return }
    change(&entries[entry.conversation]!.kept[index])
  }

  private mutating func add(
    _ id: UInt64?, in conversation: Conversation, by user: String, _ author: String,
    _ preview: String, isGone: Bool = false
  ) -> Int {
    let number = entries[conversation, default: Entries()].count + 1
    entries[conversation, default: Entries()].count = number
    entries[conversation]!.kept.append(
      Entry(
        number: number, conversation: conversation, id: id, from: user, author: author,
        isOwn: ChatText.isMe(user, me), preview: preview, isGone: isGone))
    if let id {
      numbers[Key(conversation: conversation, id: id)] = number
      unnumbered[Key(conversation: conversation, id: id)] = nil
    }
    if entries[conversation]!.kept.count > ShownMessages.entriesMax {
      let dropped = entries[conversation]!.kept.removeFirst()
      if let id = dropped.id { numbers[Key(conversation: conversation, id: id)] = nil }
    }
    return number
  }
}
