/// Names a stream: `user/<id>`, a mailbox, or `group/<id>`.
package struct StreamKey: Sendable, CustomStringConvertible {
  package enum Kind: Sendable { case user, group }

  /// As it stands in events: `user/alice`.
  package let text: String
  package let kind: Kind
  /// `StableHash` of the text: the key of indexes and tables in memory.
  package let fingerprint: UInt64
  @usableFromInline let murmur: UInt32

  package static func user(_ id: UserID) -> StreamKey {
    StreamKey(checked: "user/" + id.text, kind: .user)
  }

  package static func group(_ id: GroupID) -> StreamKey {
    StreamKey(checked: "group/" + id.text, kind: .group)
  }

  @usableFromInline
  init(checked text: String, kind: Kind) {
    var text = text
    (fingerprint, murmur) = text.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      var hash = StableHash()
      hash.combine(bytes)
      return (hash.finish(), Murmur2.hash(bytes))
    }
    self.text = text
    self.kind = kind
  }

  /// Throws `invalid_id` unless `text` is `user/<id>` or `group/<id>`.
  package init(parsing text: String) throws(DaybookError) {
    guard let kind = StreamKey.kind(of: text) else {
      throw DaybookError(
        .invalidID,
        "\(PrintableText.quoted(text)) names no stream: write user/<id> or group/<id>")
    }
    // Where it stands: an id of its own would be one string more for each message.
    let prefix = kind == .user ? 5 : 6
    var text = text
    let fault = text.withUTF8 { utf8 in
      IdentifierGrammar.fault(
        in: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(utf8)[prefix...]))
    }
    if let fault {
      throw IdentifierGrammar.invalid(String(text.utf8.dropFirst(prefix)) ?? "", fault)
    }
    self.init(checked: text, kind: kind)
  }

  private static func kind(of text: String) -> Kind? {
    if text.utf8.starts(with: "user/".utf8) {
      .user
    } else if text.utf8.starts(with: "group/".utf8) {
      .group
    } else {
      nil
    }
  }

  /// For text that was checked before: what the log holds. Nil for neither kind.
  package init?(checked text: String) {
    guard let kind = StreamKey.kind(of: text) else { return nil }
    self.init(checked: text, kind: kind)
  }

  /// The id behind the slash. Cut by bytes: an id that begins with a combining mark shares a
  /// `Character` with the slash.
  package var id: String { String(Substring(text.utf8.dropFirst(kind == .user ? 5 : 6))) }

  package var userID: UserID? { kind == .user ? UserID(checked: id) : nil }
  package var groupID: GroupID? { kind == .group ? GroupID(checked: id) : nil }

  /// The partition of `count` that owns this stream: without its sign bit, as Kafka takes the hash.
  @inlinable
  package func partition(of count: Int) -> PartitionID {
    PartitionID(Int(murmur & 0x7fff_ffff) % count)
  }

  package var description: String { text }

  /// The same as `self == .user(user)`, without making that: it is asked of every message.
  package func isMailbox(of user: UserID) -> Bool { kind == .user && hasID(user.text) }

  /// The same as `self == .group(group)`.
  package func isStream(of group: GroupID) -> Bool { kind == .group && hasID(group.text) }

  private func hasID(_ id: String) -> Bool {
    let prefix = kind == .user ? 5 : 6
    guard text.utf8.count == id.utf8.count + prefix else { return false }
    var (text, id) = (text, id)
    return text.withUTF8 { text in
      id.withUTF8 { id in
        // From the end, for ids often begin alike.
        var at = id.count
        while at > 0 {
          at -= 1
          if text[at + prefix] != id[at] { return false }
        }
        return true
      }
    }
  }
}

extension StreamKey: Hashable {
  @inlinable
  package static func == (a: Self, b: Self) -> Bool {
    a.fingerprint == b.fingerprint && ByteEquality.of(a.text, b.text)
  }

  @inlinable
  package func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
}

/// What a person sees as one conversation: a peer within a mailbox, or a group.
package struct ConversationKey: Hashable, Sendable, CustomStringConvertible {
  package let stream: StreamKey
  /// Nil for a group's own stream.
  package let peer: UserID?

  package init(mailbox: UserID, peer: UserID) {
    self.stream = .user(mailbox)
    self.peer = peer
  }

  package init(group: GroupID) {
    self.stream = .group(group)
    self.peer = nil
  }

  package init(stream: StreamKey, peer: UserID?) {
    self.stream = stream
    self.peer = peer
  }

  /// The key of postings: differs for each peer of a mailbox.
  package var fingerprint: UInt64 {
    guard let peer else { return ConversationKey.fingerprint(group: stream) }
    return ConversationKey.fingerprint(mailbox: stream, peer: peer.text)
  }

  @inlinable
  package static func fingerprint(group stream: StreamKey) -> UInt64 {
    var hash = StableHash(seed: stream.fingerprint)
    hash.combine(0)
    return hash.finish()
  }

  @inlinable
  package static func fingerprint(mailbox stream: StreamKey, peer: String) -> UInt64 {
    var hash = StableHash(seed: stream.fingerprint)
    hash.combine(peer)
    return hash.finish()
  }

  /// The key of postings of a stream's recalls and edits, by the id of the message that they are about.
  @inlinable
  package static func fingerprint(amendmentsOf stream: StreamKey) -> UInt64 {
    fingerprint(amendmentsOf: stream.fingerprint)
  }

  @inlinable
  package static func fingerprint(amendmentsOf stream: UInt64) -> UInt64 {
    var hash = StableHash(seed: stream)
    hash.combine(1)
    return hash.finish()
  }

  /// The key of postings of what was withheld from a mailbox's owner, by message id.
  @inlinable
  package static func fingerprint(withheldIn stream: UInt64) -> UInt64 {
    var hash = StableHash(seed: stream)
    hash.combine(2)
    return hash.finish()
  }

  /// The key of postings of a stream's events that take no seq, by offset.
  @inlinable
  package static func fingerprint(unsequencedIn stream: UInt64) -> UInt64 {
    var hash = StableHash(seed: stream)
    hash.combine(3)
    return hash.finish()
  }

  /// The key of postings of a stream's reactions, and of what was withheld of amendments, by the id of
  /// the message that they are about.
  @inlinable
  package static func fingerprint(reactionsIn stream: UInt64) -> UInt64 {
    var hash = StableHash(seed: stream)
    hash.combine(4)
    return hash.finish()
  }

  /// How the mailbox's owner, or a member, names it: `user/<peer>` or `group/<id>`.
  package var description: String { peer.map { "user/\($0)" } ?? stream.text }
}
