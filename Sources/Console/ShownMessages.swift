import DaybookSDK

/// The messages on the screen, by the short numbers that a person can type. They hold for this
/// session.
struct ShownMessages {
  struct Entry: Equatable {
    var number: Int
    var conversation: Conversation
    /// Nil of an own one that is not stored yet.
    var id: UInt64?
    var from: String
    /// As it is shown: a name, or "you".
    var author: String
    var isOwn: Bool
    var preview: String
  }

  private struct Key: Hashable {
    var conversation: Conversation
    var id: UInt64
  }

  private let me: String
  private var entries: [Entry] = []
  private var numbers: [Key: Int] = [:]

  init(me: String) { self.me = me }

  subscript(number: Int) -> Entry? {
    entries.indices.contains(number - 1) ? entries[number - 1] : nil
  }

  func entry(of id: UInt64, in conversation: Conversation) -> Entry? {
    numbers[Key(conversation: conversation, id: id)].flatMap { self[$0] }
  }

  /// The newest of this user's messages in a conversation.
  func lastOwn(in conversation: Conversation) -> Entry? {
    entries.last { $0.isOwn && $0.conversation == conversation }
  }

  /// The message's number: the one that it has, or the next. Nil for one that can't be referred to.
  mutating func number(_ message: IncomingMessage) -> Int? {
    guard !message.isTransient else { return nil }
    let preview = message.gone == nil ? ChatText.preview(ChatText.content(message.content)) : ""
    if let known = entry(of: message.id, in: message.conversation) {
      entries[known.number - 1].preview = preview
      return known.number
    }
    return add(
      message.id, in: message.conversation, by: message.from, ChatText.author(message), preview)
  }

  /// An edit says what a message says, also of one that was not shown before.
  mutating func number(_ edit: MessageEdit) -> Int {
    let preview = ChatText.preview(ChatText.content(edit.content))
    if let known = entry(of: edit.messageID, in: edit.conversation) {
      entries[known.number - 1].preview = preview
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
  mutating func bind(_ number: Int, to id: UInt64) {
    guard let entry = self[number], entry.id == nil else { return }
    entries[number - 1].id = id
    let key = Key(conversation: entry.conversation, id: id)
    if numbers[key] == nil { numbers[key] = number }
  }

  private mutating func add(
    _ id: UInt64?, in conversation: Conversation, by user: String, _ author: String,
    _ preview: String
  ) -> Int {
    let number = entries.count + 1
    entries.append(
      Entry(
        number: number, conversation: conversation, id: id, from: user, author: author,
        isOwn: ChatText.isMe(user, me), preview: preview))
    if let id { numbers[Key(conversation: conversation, id: id)] = number }
    return number
  }
}
